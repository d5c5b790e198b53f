package diagnose

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Text writes a report for people, section by section.
type Text struct {
	w      io.Writer
	colour bool
	err    error
}

// NewText makes a writer of text. Colours are escape sequences for a terminal.
func NewText(w io.Writer, colour bool) *Text { return &Text{w: w, colour: colour} }

// marks are those of linkerd check, with the colours green, yellow and red.
var marks = map[Result]struct{ sign, colour string }{
	Good:     {"√", "32"},
	Skipped:  {"-", "2"},
	Doubtful: {"‼", "33"},
	Wrong:    {"×", "31"},
}

// Section writes one section.
func (t *Text) Section(s Section) {
	head := s.Name
	if s.Account != "" {
		head += ", " + s.Account
	}
	t.printf("%s\n%s\n", head, strings.Repeat("-", len(head)))
	if why, all := skippedWhole(s); all {
		t.printf("%s skipped: %s\n\n", t.mark(Skipped), why)
		return
	}
	for _, f := range s.Checks {
		t.finding(f)
	}
	t.printf("\n")
}

// skippedWhole reports whether all checks of a section were skipped for one reason.
func skippedWhole(s Section) (why string, all bool) {
	for i, f := range s.Checks {
		if f.Result != Skipped || i > 0 && f.Seen != why {
			return "", false
		}
		why = f.Seen
	}
	return why, len(s.Checks) > 0
}

func (t *Text) finding(f Finding) {
	if f.Result == Good || f.Result == Skipped {
		t.printf("%s %s\n", t.mark(f.Result), wrapped(f.Title+": "+f.Seen))
		return
	}
	t.printf("%s %s\n    %s\n    %s\n    %s\n    see %s\n", t.mark(f.Result), f.Title,
		wrapped(f.Seen), wrapped("meaning: "+f.Means), wrapped("to do: "+f.Do), f.Docs)
}

const (
	lineWidth = 110 // characters of a line of text
	indent    = "\n      "
)

// wrapped breaks a text into lines. All but the first are indented.
func wrapped(text string) string {
	var b strings.Builder
	room := lineWidth
	for i, word := range strings.Fields(text) {
		size := utf8.RuneCountInString(word)
		switch {
		case i > 0 && size >= room:
			b.WriteString(indent)
			room = lineWidth
		case i > 0:
			b.WriteByte(' ')
			room--
		}
		b.WriteString(word)
		room -= size
	}
	return b.String()
}

func (t *Text) mark(r Result) string {
	m := marks[r]
	if !t.colour {
		return m.sign
	}
	return "\x1b[" + m.colour + "m" + m.sign + "\x1b[0m"
}

// End writes the sum. It returns the first error of all writing.
func (t *Text) End(r *Report) error {
	requests := 0
	for _, n := range r.Requests {
		requests += n
	}
	t.printf("%s The result is %s: %d good, %d doubtful, %d wrong, %d skipped; %s\n",
		t.mark(r.Result), r.Result, r.Count(Good), r.Count(Doubtful), r.Count(Wrong), r.Count(Skipped), count(requests, "request"))
	return t.err
}

func (t *Text) printf(format string, args ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintf(t.w, format, args...)
	}
}

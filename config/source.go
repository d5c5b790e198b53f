package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// source knows where the parts of a configuration stand, so that an error can name the place.
type source struct {
	file   string          // "" for a configuration built in Go
	lines  map[string]int  // of a key or list item, by path, such as "accounts[1].filter.number"
	names  []string        // of the accounts
	hidden []func() string // texts no message may hold: secrets and what came from the environment; fmt prints no func
}

// hide keeps a text out of the messages to come.
func (s *source) hide(text string) {
	s.hidden = append(s.hidden, func() string { return text })
}

// problem is one thing wrong with a configuration, said in one line.
type problem struct {
	text  string
	cause error
}

func (p *problem) Error() string { return p.text }
func (p *problem) Unwrap() error { return p.cause }

// errorf says what is wrong at path and how to mend it. What the format wraps stays unwrappable.
func (s *source) errorf(path, format string, args ...any) error {
	return s.errorAt(s.line(path), path, format, args...)
}

// errorAt is errorf for a line of its own; 0 is not known.
func (s *source) errorAt(line int, path, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	text := err.Error()
	for _, reveal := range s.hidden {
		if h := reveal(); len(h) >= 4 { // a shorter one would tear common words and figures apart, and is no secret
			text = strings.ReplaceAll(text, h, hidden)
		}
	}
	file := s.file
	if file == "" {
		file = "configuration"
	}
	if line > 0 {
		file += ":" + strconv.Itoa(line)
	}
	parts := []string{file}
	if place := s.place(path); place != "" {
		parts = append(parts, place)
	}
	return &problem{text: oneLine(strings.Join(append(parts, text), ": ")), cause: errors.Unwrap(err)}
}

// line finds the line of a path, or of the nearest block around it where the key is missing.
func (s *source) line(path string) int {
	for {
		if n, ok := s.lines[path]; ok {
			return n
		}
		i := strings.LastIndexAny(path, ".[")
		if i < 0 {
			return 0
		}
		path = path[:i]
	}
}

// place is a path as it is shown: an account comes with its name.
func (s *source) place(path string) string {
	rest, ok := strings.CutPrefix(path, "accounts[")
	if !ok {
		return path
	}
	index, key, _ := strings.Cut(rest, "]")
	shown := "accounts[" + index + "]"
	if i, err := strconv.Atoi(index); err == nil && i < len(s.names) && s.names[i] != "" {
		shown += " " + quote(s.names[i])
	}
	if key = strings.TrimPrefix(key, "."); key != "" {
		shown += ": " + key
	}
	return shown
}

// quote shows a text of unknown length and content.
func quote(s string) string {
	const most = 64
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return strconv.Quote(s)
}

func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
}

package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// source records where the parts of a configuration are, so that errors can name the file, the line and the key.
type source struct {
	file   string          // "" if the configuration is not from a file
	lines  map[string]int  // of a key or list item, by path, such as "accounts[1].filter.number"
	names  []string        // of the accounts
	hidden []func() string // texts that messages must not contain: secrets and environment variables; in functions, because fmt does not print what they return
}

// hide keeps a text out of all further messages.
func (s *source) hide(text string) {
	s.hidden = append(s.hidden, func() string { return text })
}

// problem is one error of a configuration, in one line.
type problem struct {
	text  string
	cause error
}

func (p *problem) Error() string { return p.text }
func (p *problem) Unwrap() error { return p.cause }

// errorf says what is wrong at path and how to fix it. An error that the format wraps can be unwrapped.
func (s *source) errorf(path, format string, args ...any) error {
	return s.errorAt(s.line(path), path, format, args...)
}

// errorAt is errorf with a line; 0 means not known.
func (s *source) errorAt(line int, path, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	text := err.Error()
	for _, reveal := range s.hidden {
		if h := reveal(); len(h) >= 4 { // shorter ones occur in ordinary words and numbers
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

// line finds the line of a path; if the key is missing, that of the nearest block around it.
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

// place is a path as messages show it: an account with its name.
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

// quote quotes a text for a message, shortened.
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

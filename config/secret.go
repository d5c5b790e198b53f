package config

import (
	"fmt"
	"io"
	"log/slog"
)

// hidden is what a Secret shows of itself, the same word as Prometheus's.
const hidden = "<secret>"

// Secret is a string that cannot be printed, logged or marshalled by accident. string(s) reveals it.
type Secret string

// Format hides the secret from every verb of package fmt, those that make no sense for a string too.
func (Secret) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, hidden) }

// String hides the secret.
func (Secret) String() string { return hidden }

// LogValue hides the secret from package slog.
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText hides the secret from encoders of JSON, YAML and logfmt.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

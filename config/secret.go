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

// Format shows an account by its name alone: Prometheus's client settings in it do not hide from every verb.
func (a Account) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "account "+quote(a.Name)) }

// MarshalText shows an account by its name alone.
func (a Account) MarshalText() ([]byte, error) { return []byte(a.Name), nil }

// Format shows an account by its name alone.
func (a AccountConfig) Format(s fmt.State, _ rune) {
	_, _ = io.WriteString(s, "account "+quote(a.Name))
}

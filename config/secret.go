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

// Format hides the secret from every verb of package fmt.
func (Secret) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, hidden) }

// String hides the secret.
func (Secret) String() string { return hidden }

// LogValue hides the secret from package slog.
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText hides the secret from encoders of JSON, YAML and logfmt.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// Format shows only an account's name: Prometheus's client settings do not hide their secrets from every verb.
func (a Account) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "account "+quote(a.Name)) }

// MarshalText shows only an account's name.
func (a Account) MarshalText() ([]byte, error) { return []byte(a.Name), nil }

// Format shows only an account's name.
func (a AccountConfig) Format(s fmt.State, _ rune) {
	_, _ = io.WriteString(s, "account "+quote(a.Name))
}

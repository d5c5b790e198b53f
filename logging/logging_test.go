package logging

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/go-logfmt/logfmt"
	"github.com/stretchr/testify/require"
)

// at is a time in a zone that is not UTC.
func at() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 5e8, time.FixedZone("", 8*3600)) }

// Lines of both libraries have each key once, in the same order, with the caller that logged and the time in UTC.
func TestLines(t *testing.T) {
	for _, format := range []string{"logfmt", "json"} {
		for name, write := range map[string]func(*Loggers){
			"go-kit":              func(l *Loggers) { _ = level.Warn(l.GoKit).Log("msg", "a message", "n", 1) },
			"go-kit with context": func(l *Loggers) { _ = level.Warn(log.With(l.GoKit, "n", 1)).Log("msg", "a message") },
			"unlimited":           func(l *Loggers) { _ = level.Warn(l.Unlimited).Log("msg", "a message", "n", 1) },
			"slog":                func(l *Loggers) { l.Slog.Warn("a message", "n", 1) },
			"slog with context":   func(l *Loggers) { l.Slog.With("n", 1).Warn("a message") },
		} {
			t.Run(format+" "+name, func(t *testing.T) {
				var out bytes.Buffer
				l := New(Options{Writer: &out, Level: "warn", Format: format, Now: at})
				defer l.Close()
				write(l)
				keys, values := parseLine(t, format, out.String())
				if format == "logfmt" { // an object of JSON has no order
					require.Equal(t, []string{"time", "level", "caller", "msg", "n"}, keys)
				}
				caller := values["caller"]
				require.True(t, strings.HasPrefix(caller, "logging_test.go:"), caller)
				require.Equal(t, map[string]string{
					"time": "2026-03-01T04:00:00.5Z", "level": "warn", "caller": caller, "msg": "a message", "n": "1",
				}, values)
			})
		}
	}
}

// parseLine reads one line; keys has a key as often as it was written.
func parseLine(t *testing.T, format, line string) (keys []string, values map[string]string) {
	t.Helper()
	require.Equal(t, 1, strings.Count(line, "\n"), line)
	values = map[string]string{}
	if format == "logfmt" {
		d := logfmt.NewDecoder(strings.NewReader(line))
		require.True(t, d.ScanRecord())
		for d.ScanKeyval() {
			keys = append(keys, string(d.Key()))
			values[string(d.Key())] = string(d.Value())
		}
		require.NoError(t, d.Err())
		return keys, values
	}
	var raw map[string]json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(line), &raw))
	for k, v := range raw {
		require.Equal(t, 1, strings.Count(line, `"`+k+`":`), line)
		keys = append(keys, k)
		values[k] = strings.Trim(string(v), `"`)
	}
	return keys, values
}

func TestLevel(t *testing.T) {
	for lowest, want := range map[string]int{"debug": 8, "info": 6, "warn": 4, "error": 2} {
		t.Run(lowest, func(t *testing.T) {
			var out bytes.Buffer
			l := New(Options{Writer: &out, Level: lowest, Format: "logfmt", Now: at})
			defer l.Close()
			for _, leveled := range []func(log.Logger) log.Logger{level.Debug, level.Info, level.Warn, level.Error} {
				_ = leveled(l.GoKit).Log("msg", "go-kit")
			}
			for _, write := range []func(string, ...any){l.Slog.Debug, l.Slog.Info, l.Slog.Warn, l.Slog.Error} {
				write("slog")
			}
			require.Equal(t, want, strings.Count(out.String(), "\n"), out.String())
		})
	}
}

// Both libraries share the limit of repeated lines; Unlimited has none.
func TestLimitIsShared(t *testing.T) {
	var out bytes.Buffer
	l := New(Options{Writer: &out, Level: "info", Format: "logfmt", Now: at})
	for range 3 {
		l.Slog.Warn("of slog")
		_ = level.Warn(l.GoKit).Log("msg", "of go-kit")
		_ = level.Warn(l.Unlimited).Log("msg", "asked for")
	}
	counts := func() (n []int) {
		for _, msg := range []string{"of slog", "of go-kit", "asked for", "repeated=2"} {
			n = append(n, strings.Count(out.String(), msg))
		}
		return n
	}
	require.Equal(t, []int{1, 1, 3, 0}, counts())
	l.Close()
	require.Equal(t, []int{2, 2, 3, 2}, counts())
}

// A line with a key and no value is written all the same.
func TestMissingValue(t *testing.T) {
	var out bytes.Buffer
	l := ordered{next: log.NewLogfmtLogger(&out), now: at}
	require.NoError(t, l.Log("a", 1, "msg"))
	require.Equal(t, "time=2026-03-01T04:00:00.5Z msg=(MISSING) a=1\n", out.String())
}

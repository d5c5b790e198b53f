package cli

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/go-kit/log/level"
	"github.com/go-logfmt/logfmt"
	"github.com/stretchr/testify/require"
)

// Both loggers print each field once, with the caller that logged and the time in UTC.
func TestLogLines(t *testing.T) {
	var out bytes.Buffer
	for _, format := range []string{"logfmt", "json"} {
		t.Run(format, func(t *testing.T) {
			for _, tt := range []struct {
				name string
				log  func(logs)
			}{
				{"go-kit", func(l logs) { _ = level.Warn(l.gokit).Log("msg", "a message", "n", 1) }},
				{"slog", func(l logs) { l.slog.Warn("a message", "n", 1) }},
			} {
				t.Run(tt.name, func(t *testing.T) {
					out.Reset()
					tt.log(newLogs(&out, logFlags{level: "warn", format: format}))
					keys, values := fields(t, format, out.String())
					require.ElementsMatch(t, []string{"time", "caller", "level", "msg", "n"}, keys)
					require.Equal(t, "warn", values["level"])
					require.Equal(t, "a message", values["msg"])
					require.Equal(t, "1", values["n"])
					require.True(t, strings.HasPrefix(values["caller"], "log_test.go:"), values["caller"])
					at, err := time.Parse(time.RFC3339Nano, values["time"])
					require.NoError(t, err)
					require.Equal(t, time.UTC, at.Location())
				})
			}
		})
	}
}

// fields reads one line; keys has a key as often as it was printed.
func fields(t *testing.T, format, line string) (keys []string, values map[string]string) {
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

func TestLogLevel(t *testing.T) {
	var out bytes.Buffer
	l := newLogs(&out, logFlags{level: "warn", format: "logfmt"})
	_ = level.Info(l.gokit).Log("msg", "quiet")
	l.slog.Info("quiet")
	l.slog.Debug("quiet")
	require.Empty(t, out.String())

	l = newLogs(&out, logFlags{level: "debug", format: "logfmt"})
	_ = level.Debug(l.gokit).Log("msg", "first")
	l.slog.Debug("second")
	require.Equal(t, 2, strings.Count(out.String(), "level=debug"))
}

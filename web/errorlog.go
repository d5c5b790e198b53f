package web

import (
	"context"
	"log"
	"log/slog"
	"slices"
	"strings"
)

// ErrorLog is the error log of an http.Server. It logs what the server reports as warnings, but what health checks and load
// balancers cause all the time as debug messages.
func ErrorLog(logger *slog.Logger) *log.Logger { return log.New(errorLog{logger}, "", 0) }

type errorLog struct{ logger *slog.Logger }

// Write takes one message of net/http. The text, which has the client's address in it, is not the message, so that the log can tell
// what repeats.
func (l errorLog) Write(p []byte) (int, error) {
	text, severity := strings.TrimSpace(string(p)), slog.LevelWarn
	if isProbe(text) {
		severity = slog.LevelDebug
	}
	l.logger.Log(context.Background(), severity, "HTTP server", "err", text)
	return len(p), nil
}

// isProbe reports whether a message tells of a client that only looked whether the port is open, or that has no certificate:
// the healthcheck command has none.
func isProbe(text string) bool {
	if !strings.HasPrefix(text, "http: TLS handshake error from ") {
		return false
	}
	endings := []string{
		": EOF",
		": connection reset by peer",
		": broken pipe",
		": i/o timeout",
		": client sent an HTTP request to an HTTPS server",
		": tls: first record does not look like a TLS handshake",
		": tls: client didn't provide a certificate",
	}
	return slices.ContainsFunc(endings, func(ending string) bool { return strings.HasSuffix(text, ending) })
}

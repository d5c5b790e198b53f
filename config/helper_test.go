package config

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func offsetOf(l *time.Location) int {
	_, seconds := time.Unix(0, 0).In(l).Zone()
	return seconds
}

// dump writes everything that a validated configuration returns, following pointers.
func dump(t *testing.T, v *Validated) string {
	t.Helper()
	var text []byte
	a := v.Accounts()[0]
	for _, part := range []any{a.Filter, a.HTTPClient, a.HTTPClient.HTTPHeaders.Headers["X"].Secrets[0] == "s", a.HTTPClient.ProxyConnectHeader["X"][0] == "a", v.Metrics()} {
		b, err := json.Marshal(part)
		require.NoError(t, err)
		text = append(text, b...)
	}
	return string(text)
}

func spoil[T any](values []T, with T) { values[0] = with }

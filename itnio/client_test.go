package itnio

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSign(t *testing.T) {
	require.Equal(t, testSign, sign(testKey, testSecret, "1630468800"))

	h := http.Header{}
	newSigner(testKey, testSecret)(h, time.Unix(1630468800, 999_999_999))
	require.Equal(t, http.Header{"Api-Key": {testKey}, "Timestamp": {"1630468800"}, "Sign": {testSign}}, h)
}

// serve starts a server and a client of it.
func serve(t *testing.T, handler http.HandlerFunc, change ...func(*Options)) *Client {
	t.Helper()
	srv := httptest.NewServer(handler)
	t.Cleanup(srv.Close)
	o := Options{BaseURL: srv.URL, Key: testKey, Secret: testSecret, TimeFormat: TimeISO8601, HTTP: srv.Client(), Location: beijing()}
	for _, f := range change {
		f(&o)
	}
	c, err := New(o)
	require.NoError(t, err)
	return c
}

func aQuery() Query {
	from := time.Date(2025, 1, 3, 8, 0, 0, 0, time.UTC)
	return Query{From: from, To: from.Add(time.Hour), Page: 1, Size: 100}
}

func TestRecords(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(fullPage()) })
	page, err := c.Records(t.Context(), aQuery())
	require.NoError(t, err)
	require.Len(t, page.Records, 100)
	require.Equal(t, 5000, page.Total)
	require.Equal(t, 50, page.Size)
}

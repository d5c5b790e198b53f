package account

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/itnio"
)

// What the client says of an answer leads to the advice that fits. Answers come from the client itself.
func TestTroubleOfAnswers(t *testing.T) {
	const page = `{"status":0,"data":{"total":1,"records":[{"keyId":1}]}}`
	type answer struct {
		code     int
		encoding string
		body     io.Reader
	}
	text := func(code int, s string) answer { return answer{code: code, body: strings.NewReader(s)} }
	for name, tt := range map[string]struct {
		answer answer
		want   Trouble
	}{
		"cut off":                {answer{code: 200, body: io.MultiReader(strings.NewReader(page[:20]), iotest.ErrReader(io.ErrUnexpectedEOF))}, TroubleCutOff},
		"breaks off":             {text(200, page[:40]), TroubleCutOff},
		"empty":                  {text(200, ""), TroubleCutOff},
		"packed, damaged":        {answer{200, "gzip", strings.NewReader("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff")}, TroubleCutOff},
		"JSON, but no object":    {text(200, "[]"), TroubleAnswer},
		"a login page":           {text(200, "<html>sign in</html>"), TroubleAnswer},
		"words":                  {text(200, "service is in maintenance"), TroubleAnswer},
		"another service's JSON": {text(200, `{"message":"hello"}`), TroubleAnswer},
		"wrong path":             {text(404, ""), TroubleAddress},
		"wrong path, with page":  {text(404, "<html>404 Not Found</html>"), TroubleAddress},
		"the API's own 404":      {text(404, `{"status":-24,"reason":"data does not exist"}`), TroubleQuestion},
		"redirect without host":  {text(302, ""), TroubleAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			api, err := itnio.New(itnio.Options{
				BaseURL: "https://api.invalid", Key: "key", Secret: "secret", TimeFormat: itnio.TimeISO8601,
				HTTP: &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
					header := http.Header{}
					if tt.answer.encoding != "" {
						header.Set("Content-Encoding", tt.answer.encoding)
					}
					return &http.Response{StatusCode: tt.answer.code, Header: header, Body: io.NopCloser(tt.answer.body)}, nil
				})},
			})
			require.NoError(t, err)
			now := time.Now()
			_, err = api.Records(t.Context(), itnio.Query{From: now.Add(-time.Hour), To: now, Page: 1, Size: itnio.PageSize})
			require.Error(t, err)
			require.Equal(t, tt.want, troubleOf(err), err)
		})
	}
}

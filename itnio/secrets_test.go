package itnio

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

const testNumber = "8613200000003"

// hiding fails if anything printed holds what must not be printed, in whatever case.
func hiding(t *testing.T, printed ...string) {
	t.Helper()
	for _, s := range printed {
		for _, hidden := range []string{testKey, testSecret, testSign, testNumber, testNumber[2:], "remarkable"} {
			require.NotContains(t, strings.ToLower(s), strings.ToLower(hidden))
		}
	}
}

func prints(v any) []string {
	var all []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "%t"} {
		all = append(all, fmt.Sprintf(verb, v))
	}
	if b, err := json.Marshal(v); err == nil {
		all = append(all, string(b))
	}
	return all
}

func TestNothingPrintsSecrets(t *testing.T) {
	o := Options{BaseURL: "https://api.example", Key: testKey, Secret: testSecret}
	c, err := New(o)
	require.NoError(t, err)
	rec := decodeRow(t, vendorRow)
	require.Equal(t, Number(testNumber), rec.Caller)
	for _, v := range []any{
		o, &o, c, struct{ c *Client }{c}, struct{ O Options }{o}, []Options{o}, rec, &rec, []Record{rec}, rec.Caller, &rec.Caller,
		Page{Records: []Record{rec}}, map[string]any{"r": rec},
	} {
		hiding(t, prints(v)...)
	}
	require.Contains(t, fmt.Sprint(o), "https://api.example")
	require.Contains(t, fmt.Sprintf("%+v", c), "https://api.example")
	require.Contains(t, fmt.Sprintf("%+v", (*Client)(nil)), "nil")
}

// TestErrorsHideWhatServersEcho: every kind of failure of a server that sends everything it knows back.
func TestErrorsHideWhatServersEcho(t *testing.T) {
	echo := fmt.Sprintf("key %s secret %s SIGN %s caller +%s 132-0000-0003 (132) 000 00003 remarkable",
		testKey, strings.ToUpper(testSecret), strings.ToUpper(testSign), testNumber)
	reason := strings.ReplaceAll(echo, " remarkable", "")
	tests := map[string]func(*http.Request) (*http.Response, error){
		"status": func(*http.Request) (*http.Response, error) {
			return respond(200, `{"status":-22,"reason":"`+reason+`"}`), nil
		},
		"http": func(*http.Request) (*http.Response, error) {
			return respond(400, `{"status":-1,"reason":"`+reason+`","data":"remarkable"}`), nil
		},
		"html":    func(*http.Request) (*http.Response, error) { return respond(502, echo), nil },
		"garbage": func(*http.Request) (*http.Response, error) { return respond(200, echo), nil },
		"data text": func(*http.Request) (*http.Response, error) {
			return respond(200, `{"status":0,"data":"`+echo+`"}`), nil
		},
		"broken": func(*http.Request) (*http.Response, error) {
			return respond(200, `{"status":0,"data":{"`+echo+`":x}`), nil
		},
		"wire": func(*http.Request) (*http.Response, error) {
			return nil, errors.New("malformed HTTP response: " + reason)
		},
		"headers": func(r *http.Request) (*http.Response, error) { return nil, fmt.Errorf("cannot send %v", r.Header) },
	}
	for name, rt := range tests {
		t.Run(name, func(t *testing.T) {
			var signed string
			c := newClient(t, roundTrip(func(r *http.Request) (*http.Response, error) {
				signed = r.Header.Get("Sign")
				return rt(r)
			}))
			q := aQuery()
			q.Filter.CalledOrCaller = testNumber
			_, err := c.Records(t.Context(), q)
			require.Error(t, err)
			for e := err; e != nil; e = errors.Unwrap(e) {
				hiding(t, prints(e)...)
				for _, s := range prints(e) {
					require.NotContains(t, s, signed)
				}
			}
			require.NotContains(t, err.Error(), "0003")
		})
	}
}

func TestRedact(t *testing.T) {
	redact := newRedactor("key.1+", "s(ecret")
	for in, want := range map[string]string{
		"":                             "",
		"plain words":                  "plain words",
		"limit 100 of 9999":            "limit 100 of 9999",
		"number 13200 is bad":          "number … is bad",
		"a+86 132-4292-6514b":          "a+…b",
		"call (132) 429 26514":         "call (…",
		"１３２４２９２６５１４":                  "…",
		"KEY.1+ and S(ECRET":           "… and …",
		"kex.1+":                       "kex.1+",
		"12345 s(ecret 12345":          "… … …",
		"s(ec\x00re\u200bt":            "…",
		"sign=" + testSign + "!":       "sign=…!",
		"two\nlines\tand \x1b[31mred":  "two lines and [31mred",
		"bad \xff\xfe bytes":           "bad  bytes",
		strings.Repeat("x", 5000):      "(a text of excessive length)",
		strings.Repeat("x", 200):       strings.Repeat("x", 200),
		strings.Repeat("x", 201):       strings.Repeat("x", 197) + "…",
		strings.Repeat("é", 150) + "x": strings.Repeat("é", 98) + "…",
	} {
		got := redact(in)
		require.Equal(t, want, got, in)
		require.True(t, utf8.ValidString(got))
		require.LessOrEqual(t, len(got), maxForeignText)
	}
}

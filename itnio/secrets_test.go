package itnio

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"
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
		"number 1320000 is bad":        "number … is bad",
		"id 13200 is bad":              "id 13200 is bad",
		"a+86 132-4292-6514b":          "a+…b",
		"call (132) 429 26514":         "call (…",
		"１３２４２９２６５１４":                  "…",
		"KEY.1+ and S(ECRET":           "… and …",
		"kex.1+":                       "kex.1+",
		"12345 s(ecret 12345":          "…",
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

// TestRedactKeepsWhatOperatorsNeed: addresses, ports, times and durations are no phone numbers.
func TestRedactKeepsWhatOperatorsNeed(t *testing.T) {
	redact := newRedactor(testKey, testSecret)
	for _, text := range []string{
		"dial tcp 10.1.2.3:443: connect: connection refused",
		"read tcp 192.168.100.200:51234->203.0.113.77:65535: read: connection reset by peer",
		"dial tcp [2001:db8:85a3::8a2e:370:7334]:10443: connect: no route to host",
		"dial tcp [fe80::1%eth0]:10443: i/o timeout",
		"connect to 2001:0db8:85a3:0000:0000:8a2e:0370:7334 failed",
		"lookup api.example.com on 127.0.0.53:53: no such host",
		"proxyconnect tcp: dial tcp 127.0.0.1:32768: connect: connection refused",
		"no route to 10.20.30.0/24 (10.20.30.40)",
		"http://proxy.example:12345 and localhost:32768",
		"x509: certificate has expired: current time 2026-11-25T12:00:00Z is after 2025-01-01T23:59:59+08:00",
		"since 2025-01-03 16:10:39.123456 UTC, until 2025/01/04",
		"Date: Fri, 03 Jan 2025 08:00:00 GMT",
		"Jan  3 16:10:39 2025 at 16:10:39.250",
		"context deadline exceeded after 30.000123s or 1m30.5s or 250000us",
		"TLS 1.3, HTTP/1.1 502, 30 of 100",
		"from [fd12:3456:789a::1234]:443, [fe80::1234:5678%eth0]:443, [::ffff:1234:5678]:443 and 0:0:0:0:0:0:0:1",
		"upstream api.example:10443: 502, localhost:10443: 502, [::1]:10443: 502",
		"error 10502, 03 Jan 2025 08:00:00 GMT",
		"Fri Jan  3 16:10:39 2025: 502",
		"status=502 code=13 id=12345 port=10443 page:3 total:99999 at 16:10:39",
		"time=16:10:39 peer=[fd00:12:34::5678:9]:32768 via ::ffff:10.1.2.3 and ::1",
		"agent 12345, group 67890b, error -22 (HTTP 429) in 1h30m5s or 90m30s",
		"upstream 10.1.2.3:443: 502 Bad Gateway 503",
	} {
		require.Equal(t, text, redact(text))
	}
	require.Equal(t, "lookup api1234567.example on 10.0.0.1:53", redact("lookup api1234567.example on 10.0.0.1:53", "api1234567.example"))
}

// TestRedactPhoneNumbers: however a number is written, whatever stands beside it.
func TestRedactPhoneNumbers(t *testing.T) {
	redact := newRedactor(testKey, testSecret)
	for _, number := range []string{
		"8613200000003", "132-0000-0003", "132–0000–0003", "132—0000—0003", "132 - 0000 - 0003", "132‐0000‐0003", "132−0000−0003",
		"132_0000_0003", "132·0000·0003", "132 · 0000 · 0003", "132.0000.0003", "(132) 0000 0003", "（132）0000 0003", "132/0000/0003",
		"132․0000․0003", "132⁃0000⁃0003", "132~0000~0003", "132,0000,0003", "132|0000|0003", "132*0000*0003", "132’0000’0003", "132、0000、0003",
		"132 -- 0000 -- 0003", "132%200000%200003", "132%2D0000%2D0003",
		"132x4292x6514", "132a4292b6514", "132ext4292und6514", "132:4292:6514", "132=4292=6514", "132=12:34=6514", "132: 4292: 6514", "13:24:29:26:51:4", "132::4292::6514",
		"8132::6514:3", "132&nbsp;4292&nbsp;6514", "132&#160;4292&#160;6514", "132&#xA0;4292&#xa0;6514", `132\n4292\n6514`, `132\t4292\t6514`, `132\u00a04292\u00a06514`,
		"132%C2%A04292%c2%a06514", "132<br>4292<br/>6514", "132\"4292\"6514", "1\ufe0f\u20e33\ufe0f\u20e32\ufe0f\u20e34\ufe0f\u20e36\ufe0f\u20e35\ufe0f\u20e31\ufe0f\u20e34", "132s4292m6514h", "132\\4292\\6514",
		"86.132.42.92.65.14", "132.429.265.14", "2025-01-03-132", "132-2025-01-03", "+86 132 4292 6514", "１３２－０００－０００３", "13242926514s",
	} {
		for _, text := range []string{"%s", "caller:%s", "no route from 10.1.2.3:443 to %s since 16:10:39", "x%sx"} {
			got := redact(fmt.Sprintf(text, number))
			require.NotRegexp(t, `132|６|0003|6514`, got, "%s in %s", number, text)
			require.Equal(t, countDigits(fmt.Sprintf(text, "")), countDigits(got), "%s in %s: %s", number, text, got)
		}
	}
}

func countDigits(s string) (n int) {
	for _, r := range s {
		if unicode.IsDigit(r) {
			n++
		}
	}
	return n
}

// TestRedactSecrets: all secrets, as they stand and as they are sent.
func TestRedactSecrets(t *testing.T) {
	const pair = "operator:p@ss wörd/1?"
	redact := newRedactor(testKey, testSecret, "p@ss wörd/1?", pair, "to\"ken", "ab", "<a&b> 😀", "it's", "abacus", "~~~???", "")
	for _, text := range []string{
		"p@ss wörd/1?", "P@SS WÖRD/1?", "p%40ss%20w%C3%B6rd%2F1%3F", "p%40ss+w%c3%b6rd%2f1%3f", "p@ss%20wörd/1?",
		base64.StdEncoding.EncodeToString([]byte(pair)), base64.URLEncoding.EncodeToString([]byte(pair)), base64.RawURLEncoding.EncodeToString([]byte(pair)),
		base64.StdEncoding.EncodeToString([]byte(testSecret)), "to\"ken", `to\"ken`, "to%22ken", "ab", "%61b",
		`p@ss w\u00f6rd\/1?`, `p\u0040ss w\u00F6rd/1?`, "p&#64;ss w&#246;rd/1?", "p&#x40;ss&#x20;w&#x0F6;rd&#47;1?", "to&quot;ken", "to&#34;ken",
		"it&apos;s", "it&#39;s", "abacus", // and not only the shorter secret in it
		base64.StdEncoding.EncodeToString([]byte("~~~???")), base64.URLEncoding.EncodeToString([]byte("~~~???")),
		`<a&b> 😀`, "&lt;a&amp;b&gt; &#x1f600;", `\u003ca\u0026b\u003e \ud83d\ude00`,
	} {
		require.Equal(t, "Basic […] is wrong", redact("Basic ["+text+"] is wrong"), text)
	}
	require.Equal(t, "lookup of the host failed", newRedactor("k", "s")("lookup of the host failed"), "a secret of one character is none")
	require.Equal(t, "yWI= YWI", redact("yWI= YWI"), "two characters in base64 are part of too many words")
	for in, want := range map[string]string{
		`parse "http://me:hun ter2@proxy.example:port": invalid port`: `parse "http://…@proxy.example:port": invalid port`,
		`via http://me:hunt@er2@proxy.example:8080 to mail@example`:   `via http://…@proxy.example:8080 to mail@example`,
		`got "Authorization: Bearer ey.Xy-c_d.efghijklm12" back`:      `got "Authorization: Bearer …" back`,
		`basic authentication needed, no bearer credentials`:          `basic authentication needed, no bearer credentials`,
		`asked https://api.example/v3 for you@example`:                `asked https://api.example/v3 for you@example`,
	} {
		require.Equal(t, want, redact(in))
	}
}

// TestErrorsShowWhatWasDialled: of the transport's own errors, and with every secret hidden that the other end echoes.
func TestErrorsShowWhatWasDialled(t *testing.T) {
	addr := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 32768}
	for want, cause := range map[string]error{
		"connection: dial tcp 127.0.0.1:32768: connection refused":    &net.OpError{Op: "dial", Net: "tcp", Addr: addr, Err: errors.New("connection refused")},
		"connection: dial tcp [64:ff9b::1234:5678]:443: no route":     &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.ParseIP("64:ff9b::1234:5678"), Port: 443}, Err: errors.New("no route")},
		"connection: lookup proxy1234567 on 1234567890: no such host": &net.DNSError{Err: "no such host", Name: "proxy1234567", Server: "1234567890"},
		"connection: proxy says Bearer … and Basic …":                 errors.New("proxy says Bearer tokentoken and Basic bWU6aHVudGVyMg=="),
	} {
		c := newClient(t, roundTrip(func(*http.Request) (*http.Response, error) { return nil, cause }), func(o *Options) {
			o.Secrets = []string{"tokentoken", "me:hunter2"}
			for _, s := range append(prints(*o), prints(o)...) {
				require.NotContains(t, s, "hunter2")
			}
		})
		_, err := c.Records(t.Context(), aQuery())
		require.EqualError(t, err, "record query: "+want)
		for _, s := range prints(c) {
			require.NotContains(t, s, "tokentoken")
		}
	}
}

// TestRotate: the next request is signed with the new key and secret, and errors hide the old ones as well.
func TestRotate(t *testing.T) {
	var asked http.Header
	c := newClient(t, roundTrip(func(r *http.Request) (*http.Response, error) {
		asked = r.Header
		return nil, fmt.Errorf("%s %s %s %s %s is refused", testKey, testSecret, "nextkey1", "nextsecret1", "proxyword1")
	}))
	c.Rotate("nextkey1", "nextsecret1", "proxyword1")
	_, err := c.Records(t.Context(), Query{From: time.Unix(1, 0), To: time.Unix(2, 0), Page: 1, Size: 1})
	require.ErrorContains(t, err, "… … … … … is refused")
	require.Equal(t, "nextkey1", asked.Get("Api-Key"))
	require.Equal(t, sign("nextkey1", "nextsecret1", asked.Get("Timestamp")), asked.Get("Sign"))
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", c, c, c), "next")
}

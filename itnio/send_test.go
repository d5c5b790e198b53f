package itnio

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// TestOnlyAllowedPaths: there is one place that sends, and it sends nothing that is not on the list.
func TestOnlyAllowedPaths(t *testing.T) {
	sent := 0
	c := newClient(t, roundTrip(func(*http.Request) (*http.Response, error) { sent++; return respond(200, "{}"), nil }))
	for _, path := range []string{
		"", "/", "/v3/cc/seatGroup/deleteGroup", "/v3/cc/record/query/", "/v3/cc/record/query?x=1", "/v3/cc/record/../record/query",
		"//v3/cc/record/query", "/V3/cc/record/query", "v3/cc/record/query", PathRecordQuery + "#x",
	} {
		_, err := c.send(t.Context(), path, nil, 0)
		require.ErrorContains(t, err, "not on the list", path)
	}
	require.Zero(t, sent)
	require.False(t, allowed(http.MethodGet, PathRecordQuery))
	_, err := c.send(t.Context(), PathRecordQuery, nil, 0)
	require.NoError(t, err)
	require.Equal(t, 1, sent)
}

func TestBodies(t *testing.T) {
	page := string(fullPage())
	packed := zipped(t, page)
	tests := map[string]struct {
		body   string
		header []string
		kind   error // nil: a good page
	}{
		"plain":                {page, nil, nil},
		"gzip":                 {packed, []string{"Content-Encoding", "gzip"}, nil},
		"identity":             {page, []string{"Content-Encoding", "identity"}, nil},
		"html":                 {"<html>please log in</html>", []string{"Content-Type", "text/html"}, ErrDecode},
		"empty":                {"", nil, ErrDecode},
		"half":                 {page[:5000], nil, ErrDecode},
		"gzip, not packed":     {page, []string{"Content-Encoding", "gzip"}, nil},
		"packed and unsaid":    {packed, nil, nil},
		"packed twice":         {zipped(t, packed), []string{"Content-Encoding", "gzip, gzip"}, nil},
		"character set":        {page, []string{"Content-Encoding", "UTF-8"}, nil},
		"character set, space": {"\xef\xbb\xbf\n\t" + page, []string{"Content-Encoding", "utf8"}, nil},
		"none":                 {page, []string{"Content-Encoding", "none"}, nil},
		"list":                 {packed, []string{"Content-Encoding", "gzip, UTF-8"}, nil},
		"list, not packed":     {page, []string{"Content-Encoding", "identity, gzip"}, nil},
		"list, in capitals":    {packed, []string{"Content-Encoding", "Identity,X-GZIP"}, nil},
		"deflate, plain":       {page, []string{"Content-Encoding", "deflate"}, nil},
		"gzip, half":           {packed[:len(packed)/2], []string{"Content-Encoding", "gzip"}, ErrDecode},
		"gzip, damaged":        {packed[:len(packed)-8] + "12345678", []string{"Content-Encoding", "gzip"}, ErrDecode},
		"gzip, garbage":        {packed[:12] + strings.Repeat("\xff", 100), []string{"Content-Encoding", "gzip"}, ErrDecode},
		"gzip, empty":          {"", []string{"Content-Encoding", "gzip"}, ErrDecode},
		"unknown encoding":     {"\x0b\x02\x80" + page, []string{"Content-Encoding", "br"}, ErrDecode},
		"large":                {page + strings.Repeat(" ", 1<<20), nil, ErrTooLarge},
		"gzip bomb":            {zipped(t, strings.Repeat(" ", 8<<20)), []string{"Content-Encoding", "gzip"}, ErrTooLarge},
		"gzip of empty blocks": {packed[:10] + strings.Repeat("\x00\x00\x00\xff\xff", 1<<20), []string{"Content-Encoding", "gzip"}, ErrTooLarge},
	}
	for name, tt := range tests {
		for _, length := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s length=%t", name, length), func(t *testing.T) {
				c := newClient(t, roundTrip(func(*http.Request) (*http.Response, error) {
					r := respond(200, tt.body, tt.header...)
					if !length {
						r.ContentLength = -1
					}
					return r, nil
				}), func(o *Options) { o.MaxBytes = 1 << 20 })
				page, err := c.Records(t.Context(), aQuery())
				if tt.kind == nil {
					require.NoError(t, err)
					require.Len(t, page.Records, 100)
					return
				}
				require.ErrorIs(t, err, tt.kind)
				require.Equal(t, "decode", Status(err))
				require.NotContains(t, err.Error(), "log in")
			})
		}
	}
}

// TestEncodingIsNamed: the refusal names the encodings that are not known, as far as they can be shown.
func TestEncodingIsNamed(t *testing.T) {
	for coding, want := range map[string]string{
		"br":                         `encoding "br", which`,
		"gzip, deflate":              `encoding "deflate", which`,
		"br, " + testSecret + ", xz": `encoding "br, …, xz", which`,
	} {
		c := newClient(t, roundTrip(func(*http.Request) (*http.Response, error) {
			return respond(200, "\x78\x9c\x03\x00", "Content-Encoding", coding), nil
		}))
		_, err := c.Records(t.Context(), aQuery())
		require.ErrorIs(t, err, ErrDecode)
		require.ErrorContains(t, err, want)
	}
}

func TestCutOff(t *testing.T) {
	for name, head := range map[string]string{
		"length":  "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"status\":0",
		"chunked": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"sta\r\n",
		"close":   "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"status\":0",
	} {
		t.Run(name, func(t *testing.T) {
			c := listen(t, func(_ int, conn net.Conn) {
				if readRequest(conn) {
					_, _ = io.WriteString(conn, head)
				}
			})
			_, err := c.Records(t.Context(), aQuery())
			require.ErrorIs(t, err, ErrDecode)
			require.Equal(t, "decode", Status(err))
		})
	}
}

func TestConnection(t *testing.T) {
	reset := func(conn net.Conn) { _ = conn.(*net.TCPConn).SetLinger(0) }
	for name, handle := range map[string]func(int, net.Conn){
		"closed at once": func(int, net.Conn) {},
		"reset unread":   func(_ int, conn net.Conn) { reset(conn) },
		"closed unheard": func(_ int, conn net.Conn) { readRequest(conn) },
		"reset in header": func(_ int, conn net.Conn) {
			readRequest(conn)
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nDa")
			reset(conn)
		},
		"no HTTP": func(_ int, conn net.Conn) {
			readRequest(conn)
			_, _ = io.WriteString(conn, "SSH-2.0 "+testSign+"\r\n\r\n")
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := listen(t, handle)
			_, err := c.Records(t.Context(), aQuery())
			require.ErrorIs(t, err, ErrConnection)
			require.Equal(t, "connection", Status(err))
			require.NotContains(t, err.Error(), testSign)
		})
	}
	t.Run("refused", func(t *testing.T) {
		c := newClient(t, roundTrip(func(*http.Request) (*http.Response, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
		}))
		_, err := c.Records(t.Context(), aQuery())
		require.ErrorIs(t, err, ErrConnection)
		require.ErrorContains(t, err, "connection refused")
		require.NotContains(t, err.Error(), "https://")
	})
}

// TestStaleConnection: a server that closes a kept connection just when the next request comes costs no failed read.
func TestStaleConnection(t *testing.T) {
	var mu sync.Mutex
	var labels []string
	c := listen(t, func(_ int, conn net.Conn) {
		if readRequest(conn) {
			page := pageOf(0)
			_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(page), page)
			readRequest(conn)
		}
	})
	c.onRequest = func(_, s string, _ time.Duration) { mu.Lock(); labels = append(labels, s); mu.Unlock() }
	for range 3 {
		_, err := c.Records(t.Context(), aQuery())
		require.NoError(t, err)
	}
	require.Equal(t, []string{"0", "connection", "0", "connection", "0"}, labels)
}

// TestAfterSuspend: the connection is stale and the timestamp expired, too.
func TestAfterSuspend(t *testing.T) {
	answer := func(conn net.Conn, page string) {
		_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(page), page)
	}
	c := listen(t, func(n int, conn net.Conn) {
		readRequest(conn)
		if n == 0 {
			answer(conn, pageOf(0))
			readRequest(conn)
			return
		}
		answer(conn, `{"status":-16}`)
		readRequest(conn)
		answer(conn, pageOf(0))
	})
	for range 2 {
		_, err := c.Records(t.Context(), aQuery())
		require.NoError(t, err)
	}
}

func TestConnectionsAreReused(t *testing.T) {
	for name, write := range map[string]func(w http.ResponseWriter){
		"plain": func(w http.ResponseWriter) { _, _ = w.Write(fullPage()) },
		"gzip": func(w http.ResponseWriter) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = io.WriteString(w, zipped(t, string(fullPage())))
		},
		"failure": func(w http.ResponseWriter) { http.Error(w, "sorry", http.StatusBadGateway) },
		"garbage": func(w http.ResponseWriter) { _, _ = io.WriteString(w, "<html>") },
	} {
		t.Run(name, func(t *testing.T) {
			peers := map[string]bool{}
			c := serve(t, func(w http.ResponseWriter, r *http.Request) { peers[r.RemoteAddr] = true; write(w) })
			for range 5 {
				_, _ = c.Records(t.Context(), aQuery())
			}
			require.Len(t, peers, 1)
		})
	}
}

func TestHang(t *testing.T) {
	hang := map[string]http.RoundTripper{
		"before the header": roundTrip(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}),
		"in the body": roundTrip(func(r *http.Request) (*http.Response, error) {
			resp := respond(200, "")
			resp.ContentLength = -1
			resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"status":0,`), untilDone{r.Context()}))
			return resp, nil
		}),
	}
	for name, rt := range hang {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newClient(t, rt)
				start := time.Now()
				_, err := c.Records(t.Context(), aQuery())
				require.ErrorIs(t, err, ErrTimeout)
				require.Equal(t, "timeout", Status(err))
				require.Equal(t, DefaultTimeout, time.Since(start))

				start = time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				_, err = c.Records(ctx, aQuery())
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.Equal(t, "timeout", Status(err))
				require.Equal(t, time.Second, time.Since(start))

				ctx, cancel = context.WithCancel(t.Context())
				time.AfterFunc(time.Second, cancel)
				_, err = c.Records(ctx, aQuery())
				require.ErrorIs(t, err, context.Canceled)
				require.Equal(t, "other", Status(err))
			})
		})
	}
}

func TestRateLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var times []time.Time
		c := newClient(t, roundTrip(func(*http.Request) (*http.Response, error) {
			mu.Lock()
			defer mu.Unlock()
			times = append(times, time.Now())
			return respond(200, pageOf(0)), nil
		}), func(o *Options) { o.RateLimit = 5; o.TimeFormat = TimeAuto }) // two requests a call: each has its turn
		time.Sleep(time.Hour) // nothing is saved up
		start := time.Now()
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				if _, err := c.Records(t.Context(), aQuery()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		require.Len(t, times, 20)
		for i, at := range times {
			require.InDelta(t, (time.Duration(i) * 200 * time.Millisecond).Seconds(), at.Sub(start).Seconds(), 0.001)
		}

		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := c.Records(ctx, aQuery())
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, "timeout", Status(err))
		require.Len(t, times, 20)
	})
}

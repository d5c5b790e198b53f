package cli

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"itnio_exporter/e2e/process"
)

// A stop lets requests in progress finish; at a second signal it cuts them off.
func TestShutdown(t *testing.T) {
	t.Parallel()
	for _, patient := range []bool{true, false} {
		t.Run("patient="+strconv.FormatBool(patient), func(t *testing.T) {
			t.Parallel()
			arrived, release := make(chan struct{}), make(chan struct{})
			server := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				close(arrived)
				select {
				case <-release:
				case <-r.Context().Done():
				}
			}), ReadHeaderTimeout: process.Patience}
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			go func() { _ = server.Serve(listener) }()
			answered := make(chan error, 1)
			go func() {
				client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
				answer, err := client.Get("http://" + listener.Addr().String())
				if err == nil {
					err = answer.Body.Close()
				}
				answered <- err
			}()
			<-arrived
			signals := make(chan os.Signal, 1)
			stopped := make(chan error, 1)
			go func() { stopped <- shutdown(server, signals) }()
			if patient {
				process.Eventually(t, "closed to others", func() bool {
					c, err := net.Dial("tcp", listener.Addr().String())
					if err == nil {
						_ = c.Close()
					}
					return err != nil
				})
				require.Empty(t, stopped)
				close(release)
				require.NoError(t, <-answered)
				require.NoError(t, <-stopped)
				return
			}
			signals <- syscall.SIGTERM
			require.Error(t, <-answered)
			require.ErrorIs(t, <-stopped, context.Canceled)
		})
	}
}

// A part that ends without being told to is a failure, whatever it says of itself.
func TestWaitFailures(t *testing.T) {
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		serving, polling []error
		want             string
	}{
		"serving failed":          {serving: []error{broken}, want: "broken"},
		"reading failed":          {polling: []error{broken}, want: "broken"},
		"reading ended by itself": {polling: []error{nil}, want: "reading the accounts ended for no reason given"},
	} {
		t.Run(name, func(t *testing.T) {
			serving, polling := make(chan error, 1), make(chan error, 1)
			for _, err := range c.serving {
				serving <- err
			}
			for _, err := range c.polling {
				polling <- err
			}
			err := (&lifecycle{}).wait(nil, serving, polling, nil)
			require.EqualError(t, err, c.want)
		})
	}
}

package process

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// recorder is a test that is expected to fail.
type recorder struct {
	testing.TB
	failure string
}

func (r *recorder) Name() string                      { return "recorder" }
func (r *recorder) Helper()                           {}
func (r *recorder) Errorf(format string, args ...any) { r.failure += fmt.Sprintf(format, args...) }
func (r *recorder) FailNow()                          { runtime.Goexit() }

// failureOf runs a test and returns what it reports.
func failureOf(test func(testing.TB)) string {
	r := &recorder{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		test(r)
	}()
	<-done
	return r.failure
}

// A condition that fails the test ends the wait at once and is reported; one that stays false is reported when patience is out.
func TestEventually(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, calls := time.Now(), 0
		failure := failureOf(func(t testing.TB) {
			Eventually(t, "the impossible", func() bool {
				calls++
				require.Equal(t, 200, 503, "the cause")
				return true
			})
		})
		require.Contains(t, failure, "the cause")
		require.Equal(t, 1, calls)
		require.Equal(t, start, time.Now())

		failure = failureOf(func(t testing.TB) { Eventually(t, "the impossible", func() bool { return false }) })
		require.Contains(t, failure, "waited in vain: the impossible")

		calls = 0
		Eventually(t, "the third call", func() bool { calls++; return calls == 3 })
	})
}

func TestStartFunc(t *testing.T) {
	p := StartFunc(t, func(stdout, stderr io.Writer, signals <-chan os.Signal) int {
		fmt.Fprintln(stderr, `level=info msg="Listening on" address=127.0.0.1:1`)
		fmt.Fprintln(stdout, <-signals)
		fmt.Fprintln(stderr, `level=info msg="Listening on" address=127.0.0.1:2`)
		<-signals
		return 3
	})
	require.Equal(t, "127.0.0.1:1", p.Address())
	require.False(t, p.Ended())
	p.Signal(syscall.SIGHUP)
	require.Equal(t, []string{"127.0.0.1:1", "127.0.0.1:2"}, p.Addresses(2))
	require.Equal(t, 3, p.Stop())
	require.True(t, p.Ended())
	require.Equal(t, "hangup\n", p.Stdout.String())

	require.Contains(t, failureOf(func(tb testing.TB) { p.t = tb; p.Addresses(3) }), "ended without listening")
	require.Contains(t, failureOf(func(tb testing.TB) { p.t = tb; p.Signal(syscall.SIGHUP) }), os.ErrProcessDone.Error())
}

// asChild makes the test binary a process that prints its first argument and runs until it is killed.
const asChild = "ITNIO_EXPORTER_PROCESS_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(asChild) != "" {
		fmt.Println(os.Args[1])
		time.Sleep(time.Hour)
	}
	os.Exit(m.Run())
}

func TestStart(t *testing.T) {
	t.Setenv(asChild, "1")
	p := Start(t, os.Args[0], "argument")
	Eventually(t, "its output", func() bool { return p.Stdout.String() == "argument\n" })
	require.False(t, p.Ended())
	p.Kill()
	require.True(t, p.Ended())
	require.Negative(t, p.Wait(), "it had no time to choose an exit status")
}

func TestRequest(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, r.Method+" "+r.URL.Path+" "+r.Header.Get("X-Test"))
	}))
	defer server.Close()
	status, body, err := Request(t.Context(), http.MethodPut, server.URL+"/path", http.Header{"X-Test": {"yes"}})
	require.NoError(t, err)
	require.Equal(t, http.StatusTeapot, status)
	require.Equal(t, "PUT /path yes", body)
	server.Close()
	_, _, err = Request(t.Context(), http.MethodGet, server.URL, nil)
	require.Error(t, err)
}

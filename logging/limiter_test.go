package logging

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-kit/log/level"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// written collects lines with the time of their writing.
type written struct {
	start time.Time
	mu    sync.Mutex
	lines []string
}

func (w *written) Log(keyvals ...any) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lines = append(w.lines, fmt.Sprint(time.Since(w.start), " ", keyvals))
	return nil
}

func (w *written) all() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.lines)
}

func TestLimiter(t *testing.T) {
	type l = []any // a line
	warn, info := l{"level", level.WarnValue(), "msg", "m"}, l{"level", level.InfoValue(), "msg", "m"}
	failed := func(text string) l { return l{"level", level.ErrorValue(), "msg", "failed", "err", errors.New(text)} }
	repeat := func(line l, n int) (lines []l) {
		for range n {
			lines = append(lines, line)
		}
		return lines
	}
	for name, tt := range map[string]struct {
		lines []l // one every 9 seconds, so that none comes at the very end of an interval
		want  []string
	}{
		"one":                  {[]l{warn}, []string{"0s [level warn msg m]"}},
		"other levels pass":    {repeat(info, 3), []string{"0s [level info msg m]", "9s [level info msg m]", "18s [level info msg m]"}},
		"a repetition is late": {repeat(warn, 2), []string{"0s [level warn msg m]", "1m0s [level warn msg m repeated 1 last 2000-01-01 00:00:09 +0000 UTC]"}},
		"repetitions are counted": {repeat(warn, 10), []string{
			"0s [level warn msg m]", "1m0s [level warn msg m repeated 6 last 2000-01-01 00:00:54 +0000 UTC]", "2m0s [level warn msg m repeated 3 last 2000-01-01 00:01:21 +0000 UTC]",
		}},
		"the newest is written": {
			[]l{failed("from 10.0.0.1:4711: refused"), failed("from 10.0.0.1:4712: refused"), failed("from 10.0.0.1:4713: refused")},
			[]string{"0s [level error msg failed err from 10.0.0.1:4711: refused]", "1m0s [level error msg failed err from 10.0.0.1:4713: refused repeated 2 last 2000-01-01 00:00:18 +0000 UTC]"},
		},
		"another reason is another kind": {
			[]l{failed("refused"), failed("timeout")},
			[]string{"0s [level error msg failed err refused]", "9s [level error msg failed err timeout]"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &written{start: time.Now()}
				limiter := newLimiter(w, time.Now)
				for _, line := range tt.lines {
					require.NoError(t, limiter.Log(line...))
					time.Sleep(9 * time.Second)
				}
				time.Sleep(time.Hour)
				require.Equal(t, tt.want, w.all())
				limiter.mu.Lock()
				defer limiter.mu.Unlock()
				require.Empty(t, limiter.recent, "nothing is remembered of kinds that came no more")
			})
		})
	}
}

func TestLimiterClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &written{start: time.Now()}
		limiter := newLimiter(w, time.Now)
		for range 3 {
			require.NoError(t, limiter.Log("level", level.WarnValue(), "msg", "m"))
		}
		limiter.close()
		require.NoError(t, limiter.Log("level", level.WarnValue(), "msg", "m"))
		limiter.close()
		time.Sleep(time.Hour)
		require.Equal(t, []string{"0s [level warn msg m]", "0s [level warn msg m repeated 2 last 2000-01-01 00:00:00 +0000 UTC]", "0s [level warn msg m]"}, w.all())
	})
}

// counter adds up the lines that the written ones stand for, and fails if one comes too soon after another of its kind.
type counter struct {
	t    *rapid.T
	mu   sync.Mutex
	said map[string]time.Time
	sums map[string]int
}

func (c *counter) Log(keyvals ...any) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	msg, stands := keyvals[3].(string), 1
	if len(keyvals) > 4 {
		stands, _ = keyvals[5].(int)
	}
	if before, again := c.said[msg]; again && time.Since(before) < limitInterval {
		c.t.Errorf("%s again after %s", msg, time.Since(before))
	}
	c.said[msg] = time.Now()
	c.sums[msg] += stands
	return nil
}

// However often lines come, the written ones stand for all of them, and two of a kind are a minute apart.
func TestLimiterCountsAll(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		pauses := rapid.SliceOfN(rapid.IntRange(0, 100), 1, 60).Draw(rt, "pauses in seconds")
		kinds := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b"}), len(pauses), len(pauses)).Draw(rt, "kinds")
		synctest.Test(t, func(*testing.T) {
			c := &counter{t: rt, said: map[string]time.Time{}, sums: map[string]int{}}
			limiter := newLimiter(c, time.Now)
			want := map[string]int{}
			for i, pause := range pauses {
				_ = limiter.Log("level", level.WarnValue(), "msg", kinds[i])
				want[kinds[i]]++
				time.Sleep(time.Duration(pause) * time.Second)
			}
			time.Sleep(2 * limitInterval)
			c.mu.Lock()
			defer c.mu.Unlock()
			require.Equal(rt, want, c.sums)
		})
	})
}

func TestKind(t *testing.T) {
	line := []any{"level", level.WarnValue(), "account", "a1", "msg", "m", "err", errors.New("dial 10.0.0.1:80: refused, id 7f3e"), "skew", 3 * time.Minute}
	with := func(key string, value any) []any {
		other := append([]any(nil), line...)
		for i := 0; i < len(other); i += 2 {
			if other[i] == key {
				other[i+1] = value
			}
		}
		return other
	}
	for name, tt := range map[string]struct {
		other []any
		same  bool
	}{
		"itself":              {line, true},
		"another port and id": {with("err", errors.New("dial 10.0.0.1:8080: refused, id 99ab1")), true},
		"the error as text":   {with("err", "dial 10.0.0.2:80: refused, id 7f3e"), true},
		"another number":      {with("skew", -3*time.Minute), true},
		"another error":       {with("err", errors.New("dial 10.0.0.1:80: timeout")), false},
		"another account":     {with("account", "a2"), false},
		"another message":     {with("msg", "n"), false},
		"another level":       {with("level", level.ErrorValue()), false},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tt.same, kindOf(line) == kindOf(tt.other))
		})
	}
}

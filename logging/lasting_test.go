package logging

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLasting(t *testing.T) {
	start := time.Now()
	after := func(minutes int) time.Time { return start.Add(time.Duration(minutes) * time.Minute) }
	var l Lasting
	require.False(t, l.Succeeded(), "nothing had failed")
	for _, step := range []struct {
		minute int
		reason string
		want   bool
	}{
		{0, "read tcp 10.0.0.1:4711: reset", true}, {1, "read tcp 10.0.0.1:4712: reset", false}, {14, "read tcp 10.0.0.1:4713: reset", false},
		{15, "read tcp 10.0.0.1:4714: reset", true}, {16, "read tcp 10.0.0.1:4715: reset", false}, {17, "timeout", true}, {18, "timeout", false},
		{31, "timeout", false}, {32, "timeout", true},
	} {
		require.Equal(t, step.want, l.Failed(step.reason, after(step.minute)), step)
		require.True(t, l.Lasts())
	}
	require.True(t, l.Succeeded())
	require.False(t, l.Lasts())
	require.False(t, l.Succeeded())
	require.True(t, l.Failed("timeout", after(33)), "a new failure")
}

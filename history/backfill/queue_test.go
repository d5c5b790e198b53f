package backfill

import (
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/collector/call"
)

// TestQueue: a call that waits loses nothing that adds to series, whatever fields a call gets.
func TestQueue(t *testing.T) {
	var c call.Call
	v := reflect.ValueOf(&c).Elem()
	for i := range v.NumField() {
		switch f := v.Field(i); f.Kind() {
		case reflect.Bool:
			f.SetBool(true)
		case reflect.String:
			f.SetString(v.Type().Field(i).Name)
		case reflect.Int64:
			f.SetInt(int64(i + 1))
		case reflect.Uint64, reflect.Uint8:
			f.SetUint(uint64(i + 1))
		}
	}
	c.Start, c.End, c.Tags = time.Unix(3600, 0).UTC(), time.Unix(3610, 0).UTC(), []string{"a", "b"}
	for i := range v.NumField() {
		require.True(t, !v.Field(i).IsZero() || v.Type().Field(i).Name == "Anomalies", v.Type().Field(i).Name)
	}
	c.SessionID = "" // for exemplars only

	q := newQueue(time.Minute)
	q.add(&c, c.End)
	require.Empty(t, q.until(c.End))
	require.Equal(t, []call.Call{c}, q.until(time.Unix(3660, 0)))
	require.Empty(t, q.until(time.Unix(3660, 0)))
}

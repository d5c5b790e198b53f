package itnio

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestFits(t *testing.T) {
	q := aQuery()
	inside := q.From.Add(time.Minute)
	for name, tt := range map[string]struct {
		record Record
		want   bool
	}{
		"no time":             {Record{}, false},
		"within":              {Record{CallStart: inside, Hangup: inside.Add(time.Minute)}, true},
		"begins before":       {Record{CallStart: q.From.Add(-time.Second), Hangup: inside}, false},
		"written after":       {Record{Hangup: inside, Create: q.To.Add(time.Second)}, false},
		"at the end":          {Record{Hangup: q.To}, false},
		"at the start":        {Record{Hangup: q.From}, false},
		"changed at any time": {Record{Hangup: inside, Update: q.To.Add(time.Hour)}, true},
	} {
		require.Equal(t, tt.want, q.fits(Page{Records: []Record{{}, tt.record}}), name)
	}
}

func TestNegotiation(t *testing.T) {
	var (
		empty  = func() (Page, error) { return Page{Total: 0}, nil }
		full   = func() (Page, error) { return Page{Total: 1}, nil }
		all    = func() (Page, error) { return Page{Total: 9, Records: make([]Record, 1)}, nil }
		ten    = func() (Page, error) { return Page{Total: 10, Records: make([]Record, 10)}, nil }
		untold = func() (Page, error) { return Page{Total: -1, Records: make([]Record, 10)}, nil }
		more   = func() (Page, error) { return Page{Total: 20, Records: make([]Record, 20)}, nil }
		fit    = func() (Page, error) {
			return Page{Total: 9, Records: []Record{{}, {Create: aQuery().From.Add(time.Minute)}}}, nil
		}
		status = func(code int) func() (Page, error) {
			return func() (Page, error) { return Page{}, &StatusError{Code: code} }
		}
		http = func(code int) func() (Page, error) {
			return func() (Page, error) { return Page{}, &HTTPError{StatusCode: code} }
		}
	)
	type call struct {
		iso, datetime func() (Page, error) // what the server says to each; nil: must not be asked
		past          string               // of long ago: the formats in which it has records even there; with ! it refuses, with + it has too much, with ? it is in trouble
		total         int
		label         string // "" for success
	}
	tests := map[string]struct {
		setting string
		calls   []call
	}{
		"iso at once":      {TimeAuto, []call{{iso: full, total: 1}, {iso: empty}, {iso: status(-22), label: "-22"}, {iso: http(500), label: "http_5xx"}}},
		"iso later":        {TimeAuto, []call{{iso: empty, datetime: empty}, {iso: full, total: 1}, {iso: empty}}},
		"datetime, -22":    {TimeAuto, []call{{iso: status(-22), datetime: full, total: 1}, {datetime: empty}, {datetime: status(-22), label: "-22"}}},
		"datetime, -18":    {TimeAuto, []call{{iso: status(-18), datetime: full, total: 1}, {datetime: empty}}},
		"datetime, 400":    {TimeAuto, []call{{iso: http(400), datetime: full, total: 1}, {datetime: empty}}},
		"datetime, 500":    {TimeAuto, []call{{iso: http(500), datetime: full, total: 1}, {datetime: empty}}},
		"datetime, silent": {TimeAuto, []call{{iso: empty, datetime: full, total: 1}, {datetime: empty}}},
		"datetime, later":  {TimeAuto, []call{{iso: empty, datetime: empty}, {iso: empty, datetime: full, total: 1}, {datetime: full, total: 1}}},
		"datetime read but idle": {TimeAuto, []call{
			{iso: status(-22), datetime: empty}, {iso: status(-22), datetime: empty}, {iso: status(-22), datetime: empty}, {iso: status(-22), datetime: empty},
			{datetime: full, total: 1}, {datetime: empty},
		}},
		"iso read but idle": {TimeAuto, []call{
			{iso: empty, datetime: http(400)}, {iso: empty, datetime: status(-22)}, {iso: empty, datetime: status(-22)}, {iso: empty, datetime: status(-22)},
			{iso: full, total: 1}, {iso: empty},
		}},
		"one odd refusal confirms nothing": {TimeAuto, []call{
			{iso: empty, datetime: status(-22)}, {iso: empty, datetime: empty}, {iso: empty, datetime: status(-22)},
			{iso: empty, datetime: status(-22)}, {iso: empty, datetime: full, total: 1}, {datetime: empty},
		}},
		"trouble confirms nothing": {TimeAuto, []call{
			{iso: empty, datetime: status(-18)}, {iso: empty, datetime: http(503)}, {iso: empty, datetime: status(-15)}, {iso: empty, datetime: full, total: 1},
		}},
		"not about the format": {TimeAuto, []call{
			{iso: status(-1), label: "-1"}, {iso: status(-15), label: "-15"}, {iso: http(503), label: "http_5xx"}, {iso: full, total: 1},
		}},
		"refused for another reason": {TimeAuto, []call{
			{iso: status(-22), datetime: status(-18), label: "-22"}, {iso: status(-18), datetime: status(-22), label: "-22"}, {iso: full, total: 1}, {iso: empty},
		}},
		"the later trouble counts": {TimeAuto, []call{{iso: status(-22), datetime: status(-15), label: "-15"}}},
		"iso, datetime refused in other words": {TimeAuto, []call{
			{iso: empty, datetime: status(-21)}, {iso: http(422), datetime: full, total: 1}, {datetime: empty},
		}},
		"datetime, an undocumented status": {TimeAuto, []call{{iso: status(-33), datetime: full, total: 1}, {datetime: empty}}},
		"iso, long ago is always refused": {TimeAuto, []call{
			{iso: full, past: "iso!", total: 1}, {iso: full, past: "iso?", total: 1}, {iso: full, past: "iso!", total: 1}, {iso: empty, datetime: empty},
			{iso: full, past: "iso!", total: 1}, {iso: empty},
		}},
		"iso is ignored, long ago was refused": {TimeAuto, []call{
			{iso: all, past: "iso!", total: 9}, {iso: all, past: "iso+", total: 9}, {iso: all, past: "iso!", total: 9}, {iso: all, datetime: full, past: "iso", total: 1}, {datetime: empty},
		}},
		"iso is ignored, total of long ago is one less": {TimeAuto, []call{{iso: ten, datetime: full, past: "iso", total: 1}, {datetime: empty}}},
		"iso is ignored, no totals":                     {TimeAuto, []call{{iso: untold, datetime: full, past: "iso", total: 1}, {datetime: empty}}},
		"iso, long ago is in trouble":                   {TimeAuto, []call{{iso: full, past: "iso?", total: 1}, {iso: full, total: 1}, {iso: empty}}},
		"iso is ignored":                                {TimeAuto, []call{{iso: all, datetime: full, past: "iso", total: 1}, {datetime: empty}}},
		"iso is ignored, nothing yet": {TimeAuto, []call{
			{iso: all, datetime: empty, past: "iso"}, {iso: all, datetime: empty, past: "iso"}, {datetime: full, total: 1}, {datetime: empty},
		}},
		"datetime is ignored, nothing yet": {TimeAuto, []call{
			{iso: empty, datetime: all, past: "datetime"}, {iso: empty, datetime: all, past: "datetime"}, {iso: full, total: 1}, {iso: empty},
		}},
		"iso is ignored, too much at once": {TimeAuto, []call{{iso: status(-23), datetime: full, total: 1}, {datetime: empty}}},
		"too much, and datetime silent":    {TimeAuto, []call{{iso: status(-23), datetime: empty, label: "-23"}, {iso: full, total: 1}, {iso: empty}}},
		"too long in both":                 {TimeAuto, []call{{iso: status(-76), datetime: status(-76), label: "-76"}, {iso: full, total: 1}}},
		"iso, too much in long ago": {TimeAuto, []call{
			{iso: full, past: "iso+", total: 1}, {iso: full, past: "iso+", total: 1}, {iso: full, past: "iso+", total: 1}, {iso: empty},
		}},
		"iso, less of long ago": {TimeAuto, []call{{iso: more, past: "iso", total: 20}, {iso: empty}}},
		"iso is ignored, nothing in datetime, and yet it fits": {TimeAuto, []call{
			{iso: fit, datetime: empty, past: "iso", total: 9}, {iso: fit, datetime: empty, past: "iso", total: 9}, {iso: fit, datetime: full, past: "iso", total: 1}, {datetime: empty},
		}},
		"datetime is ignored, nothing in iso, and yet it fits": {TimeAuto, []call{
			{iso: empty, datetime: fit, past: "datetime", total: 9}, {iso: empty, datetime: fit, past: "datetime", total: 9}, {iso: full, datetime: fit, past: "datetime", total: 1}, {iso: empty},
		}},
		"both are ignored": {TimeAuto, []call{{iso: all, datetime: all, past: "iso datetime", total: 9}, {iso: all, total: 9}}},
		"iso refused, datetime ignored": {TimeAuto, []call{
			{iso: status(-22), datetime: all, past: "iso! datetime", total: 9}, {iso: status(-22), datetime: all, past: "iso! datetime", total: 9},
		}},
		"iso refused for the window, datetime ignored": {TimeAuto, []call{
			{iso: status(-22), datetime: all, past: "datetime", label: "-22"}, {iso: full, total: 1}, {iso: empty},
		}},
		"iso ignored, datetime refused": {TimeAuto, []call{
			{iso: all, datetime: status(-22), past: "iso datetime!", total: 9}, {iso: all, datetime: status(-22), past: "iso datetime!", total: 9},
		}},
		"iso ignored, datetime refused for the window": {TimeAuto, []call{
			{iso: all, datetime: status(-22), past: "iso", label: "-22"}, {datetime: full, total: 1}, {datetime: empty},
		}},
		"iso ignored, datetime in trouble": {TimeAuto, []call{
			{iso: all, datetime: http(503), past: "iso", label: "http_5xx"}, {datetime: full, total: 1}, {datetime: empty},
		}},
		"too much in iso, datetime refused": {TimeAuto, []call{{iso: status(-23), datetime: status(-22), label: "-23"}, {iso: full, total: 1}, {iso: empty}}},
		"iso refused, too much in datetime": {TimeAuto, []call{{iso: status(-22), datetime: status(-23), label: "-23"}, {iso: status(-22), datetime: full, total: 1}, {datetime: empty}}},
		"iso ignored, too much in datetime": {TimeAuto, []call{
			{iso: all, datetime: status(-23), past: "iso", label: "-23"}, {datetime: full, total: 1}, {datetime: empty},
		}},
		"iso ignored, and datetime has too much of any window": {TimeAuto, []call{
			{iso: all, datetime: status(-23), past: "iso datetime+", total: 9}, {iso: all, datetime: status(-23), past: "iso datetime+", total: 9},
		}},
		"set to iso":      {TimeISO8601, []call{{iso: empty}, {iso: status(-22), label: "-22"}, {iso: full, total: 1}}},
		"set to datetime": {TimeDatetime, []call{{datetime: empty}, {datetime: status(-22), label: "-22"}, {datetime: full, total: 1}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := newNegotiation(tt.setting)
			for i, c := range tt.calls {
				asked := map[string]int{}
				page, err := f.ask(t.Context(), inquiry{fits: aQuery().fits, ask: func(_ context.Context, format string) (Page, error) {
					asked[format]++
					say := c.iso
					if format == TimeDatetime {
						say = c.datetime
					}
					require.NotNil(t, say, "call %d must not ask in %s", i, format)
					return say()
				}, longAgo: func(_ context.Context, format string) (Page, error) {
					name := map[string]string{TimeISO8601: "iso", TimeDatetime: "datetime"}[format]
					said := strings.Fields(c.past)
					switch {
					case slices.Contains(said, name+"!"):
						return status(-22)()
					case slices.Contains(said, name+"+"):
						return status(-23)()
					case slices.Contains(said, name+"?"):
						return http(503)()
					case slices.Contains(said, name):
						return all()
					}
					return empty()
				}})
				if c.label == "" {
					require.NoError(t, err, "call %d", i)
				} else {
					require.Equal(t, c.label, Status(err), "call %d", i)
				}
				require.Equal(t, c.total, page.Total, "call %d", i)
				for format, say := range map[string]func() (Page, error){TimeISO8601: c.iso, TimeDatetime: c.datetime} {
					want := 0
					if say != nil {
						want = 1
					}
					require.Equal(t, want, asked[format], "call %d, %s", i, format)
				}
			}
		})
	}
}

// TestTimeFormat: what the client says of a server, before and after the first record, and where the settings say it.
func TestTimeFormat(t *testing.T) {
	answers := map[string]string{TimeISO8601: `{"status":-22}`, TimeDatetime: pageOf(0)}
	asked := 0
	transport := roundTrip(func(r *http.Request) (*http.Response, error) {
		asked++
		b, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		if strings.Contains(string(b), "1999-01-01") {
			return respond(200, pageOf(0)), nil
		}
		if strings.Contains(string(b), "2025-01-03T") {
			return respond(200, answers[TimeISO8601]), nil
		}
		return respond(200, answers[TimeDatetime]), nil
	})
	auto := func(o *Options) { o.TimeFormat = TimeAuto }
	c := newClient(t, transport, auto)
	require.Empty(t, c.TimeFormat())

	_, err := c.Records(t.Context(), aQuery())
	require.NoError(t, err)
	require.Empty(t, c.TimeFormat(), "read, but no record has confirmed it")

	answers[TimeDatetime] = pageOf(1, vendorRow)
	_, err = c.Records(t.Context(), aQuery())
	require.NoError(t, err)
	require.Equal(t, TimeDatetime, c.TimeFormat())

	require.Empty(t, newClient(t, nil).TimeFormat(), "the settings say it")

	c, asked = newClient(t, transport, auto), 0
	c.TryFirst(TimeDatetime)
	require.Empty(t, c.TimeFormat(), "tried first, not confirmed")
	_, err = c.Records(t.Context(), aQuery())
	require.NoError(t, err)
	require.Equal(t, TimeDatetime, c.TimeFormat())
	require.Equal(t, 2, asked, "the window, and one of long ago")

	c, asked = newClient(t, transport, auto), 0
	c.TryFirst("another")
	_, err = c.Records(t.Context(), aQuery())
	require.NoError(t, err)
	require.Equal(t, 3, asked, "nonsense is not tried")

	// The server was upgraded, and answers the format that it once read with nothing.
	answers[TimeISO8601], answers[TimeDatetime] = pageOf(1, vendorRow), pageOf(0)
	c = newClient(t, transport, auto)
	c.TryFirst(TimeDatetime)
	page, err := c.Records(t.Context(), aQuery())
	require.NoError(t, err)
	require.Equal(t, 1, page.Total)
	require.Equal(t, TimeISO8601, c.TimeFormat())
}

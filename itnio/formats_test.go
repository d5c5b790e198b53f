package itnio

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFormats(t *testing.T) {
	var (
		empty  = func() (Page, error) { return Page{Total: 0}, nil }
		full   = func() (Page, error) { return Page{Total: 1}, nil }
		status = func(code int) func() (Page, error) {
			return func() (Page, error) { return Page{}, &StatusError{Code: code} }
		}
		http = func(code int) func() (Page, error) {
			return func() (Page, error) { return Page{}, &HTTPError{StatusCode: code} }
		}
	)
	type call struct {
		iso, datetime func() (Page, error) // what the server says to each; nil: must not be asked
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
		"one odd refusal settles nothing": {TimeAuto, []call{
			{iso: empty, datetime: status(-22)}, {iso: empty, datetime: empty}, {iso: empty, datetime: status(-22)},
			{iso: empty, datetime: status(-22)}, {iso: empty, datetime: full, total: 1}, {datetime: empty},
		}},
		"trouble settles nothing": {TimeAuto, []call{
			{iso: empty, datetime: status(-18)}, {iso: empty, datetime: http(503)}, {iso: empty, datetime: status(-15)}, {iso: empty, datetime: full, total: 1},
		}},
		"not about the format": {TimeAuto, []call{
			{iso: status(-1), label: "-1"}, {iso: status(-15), label: "-15"}, {iso: http(503), label: "http_5xx"}, {iso: full, total: 1},
		}},
		"refused for another reason": {TimeAuto, []call{
			{iso: status(-22), datetime: status(-18), label: "-22"}, {iso: status(-18), datetime: status(-22), label: "-22"}, {iso: full, total: 1}, {iso: empty},
		}},
		"the later trouble counts": {TimeAuto, []call{{iso: status(-22), datetime: status(-15), label: "-15"}}},
		"set to iso":               {TimeISO8601, []call{{iso: empty}, {iso: status(-22), label: "-22"}, {iso: full, total: 1}}},
		"set to datetime":          {TimeDatetime, []call{{datetime: empty}, {datetime: status(-22), label: "-22"}, {datetime: full, total: 1}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFormats(tt.setting)
			for i, c := range tt.calls {
				asked := map[string]int{}
				page, err := f.negotiate(t.Context(), func(_ context.Context, format string) (Page, error) {
					asked[format]++
					say := c.iso
					if format == TimeDatetime {
						say = c.datetime
					}
					require.NotNil(t, say, "call %d must not ask in %s", i, format)
					return say()
				})
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

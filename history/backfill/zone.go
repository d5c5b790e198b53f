package backfill

import (
	"context"
	"fmt"
	"time"

	"github.com/go-kit/log/level"

	"itnio_exporter/collector/zone"
	"itnio_exporter/history"
	"itnio_exporter/itnio"
)

const (
	margin = 3 * time.Second // some servers refuse a window that ends ahead of their clock
	hushed = time.Hour       // without a call
	busy   = 20              // calls in that time a week ago make it a surprise
)

// checkZone judges utc_offset by the newest records, before anything is written: a wrong one would shift the whole history. Where
// it cannot tell, there may have been no calls, it warns.
func (o *Options) checkZone(ctx context.Context) error {
	start := o.Plan.Start
	_, err := history.New(o.History).Ask(ctx, itnio.Query{From: start, To: start.Add(time.Minute), Page: 1, Size: 1}) // tells the server's time
	if err != nil && itnio.RefusalOf(err) == itnio.RefusalNone {
		return err
	}
	now := o.History.API.ServerNow().Truncate(time.Second)
	first := zone.NewFirst()
	recent, width, err := o.newest(ctx, now)
	if err != nil {
		return err
	}
	ahead, err := o.ahead(ctx, now)
	if err != nil {
		return err
	}
	var lags []time.Duration
	for id, lag := range recent {
		first.Saw(id, lag)
		lags = append(lags, lag)
	}
	for id, lag := range ahead {
		first.Saw(id, lag)
	}
	if lag, wrong := first.Ahead(); wrong {
		return o.wrongZone("ahead of the server's clock", lag)
	}
	if lag, wrong := zone.Behind(lags, width); wrong {
		return o.wrongZone("before they were listed", lag)
	}
	if width <= hushed {
		return nil
	}
	return o.hushed(ctx, now)
}

func (o *Options) wrongZone(where string, lag time.Duration) error {
	return fmt.Errorf("utc_offset %s is most likely wrong: the newest calls end %s %s: %s would fit; check it with doctor",
		zone.Offset(o.Zone), lag.Abs().Round(time.Minute), where, zone.Suggestion(o.Zone, lag))
}

// newest are the lags of records of the last minutes, or of so long a time that there are enough.
func (o *Options) newest(ctx context.Context, now time.Time) (lags map[uint64]time.Duration, width time.Duration, err error) {
	for _, width = range []time.Duration{15 * time.Minute, hushed, day} {
		lags, _, err = o.listed(ctx, now.Add(-width), now.Add(-margin))
		if err != nil || len(lags) >= zone.Enough {
			break
		}
	}
	return lags, width, err
}

// ahead are the lags of records that are listed for the time ahead of the server's clock, where a wrong offset would put them.
func (o *Options) ahead(ctx context.Context, now time.Time) (map[uint64]time.Duration, error) {
	for _, width := range []time.Duration{day, 4 * time.Hour, 30 * time.Minute} {
		lags, answered, err := o.listed(ctx, now.Add(-zone.MinLag), now.Add(width))
		if answered || err != nil {
			return lags, err
		}
	}
	return nil, nil
}

// listed are the lags of records of the first and of the last page of a window, by identity: either may have the newest. It reports
// whether the server answers for the window.
func (o *Options) listed(ctx context.Context, from, to time.Time) (lags map[uint64]time.Duration, answered bool, err error) {
	lags = map[uint64]time.Duration{}
	for page := 1; ; {
		p, err := history.New(o.History).Ask(ctx, itnio.Query{From: from, To: to, Page: page, Size: itnio.PageSize})
		if itnio.RefusalOf(err) != itnio.RefusalNone {
			return lags, false, nil
		}
		if err != nil {
			return nil, false, err
		}
		now := o.History.API.ServerNow()
		for i := range p.Records {
			if c := o.History.Calls.From(&p.Records[i], now); !c.End.IsZero() {
				lags[c.Identity(p.Records[i].Fingerprint)] = now.Sub(c.End)
			}
		}
		if page > 1 || len(p.Records) == 0 || p.Total <= len(p.Records) {
			return lags, true, nil
		}
		page = (p.Total + len(p.Records) - 1) / len(p.Records)
	}
}

// hushed warns if no call is listed for the last hour, where a week ago there were many: the records may be hours away, in another zone.
func (o *Options) hushed(ctx context.Context, now time.Time) error {
	last, answered, err := o.listed(ctx, now.Add(-hushed), now.Add(-margin))
	if err != nil || !answered || len(last) > 0 {
		return err
	}
	before, _, err := o.listed(ctx, now.Add(-7*day-hushed), now.Add(-7*day))
	if len(before) >= busy {
		level.Warn(o.Logger).Log("msg", "no call is listed for the last hour, unlike a week ago: if there were calls, utc_offset is wrong, and so will be every time of the history; check it with doctor",
			"utc_offset", zone.Offset(o.Zone), "calls_a_week_ago", len(before))
	}
	return err
}

package account

import (
	"context"
	"time"

	"itnio_exporter/itnio"
)

const pageSize = 100

// requests are what is asked of the API: windows, with the account's filter.
type requests struct {
	api    API
	clock  *clock
	filter itnio.Filter
}

// page asks for one page of a window, again if that failed in a way that may pass. A pass has many requests: if each failure
// ended it, a server that fails now and then, or allows fewer requests than the rate limit, would never be read to the end.
func (q *requests) page(ctx context.Context, from, to time.Time, number, size int) (itnio.Page, error) {
	query := itnio.Query{From: from, To: to, Page: number, Size: size, Filter: q.filter}
	for failed := 1; ; failed++ {
		page, err := q.api.Records(ctx, query)
		q.clock.answered()
		if err == nil || ctx.Err() != nil {
			return page, err
		}
		wait, again := pause(err, failed)
		if !again {
			return page, err
		}
		if err := sleep(ctx, wait); err != nil {
			return page, err
		}
	}
}

// first asks for the newest minute, as the account's first request: its answer tells the server's time. It returns the time of
// the account's first good answer, or zero if the server refuses the window: by the local clock, it may end ahead of the server's.
func (q *requests) first(ctx context.Context) (time.Time, error) {
	now := q.clock.now()
	page, err := q.page(ctx, now.Add(-time.Minute), now, 1, 1)
	switch {
	case err == nil:
		return q.clock.of(page.First), nil
	case itnio.RefusalOf(err) == itnio.RefusalParameter:
		return time.Time{}, nil
	}
	return time.Time{}, err
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

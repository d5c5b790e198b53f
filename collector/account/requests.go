package account

import (
	"context"
	"time"

	"itnio_exporter/collector/retry"
	"itnio_exporter/itnio"
)

// requests are what is asked of the API: windows, with the account's filter.
type requests struct {
	api    API
	health *health
	clock  *clock
	filter itnio.Filter
}

// page asks for one page of a window, again if that failed in a way that may pass. A pass has many requests: if each failure
// ended it, a server that fails now and then, or allows fewer requests than the rate limit, would never be read to the end.
func (q *requests) page(ctx context.Context, from, to time.Time, number, size int) (itnio.Page, error) {
	query := itnio.Query{From: from, To: to, Page: number, Size: size, Filter: q.filter}
	for failed := 1; ; failed++ {
		page, err := q.api.Records(ctx, query)
		if ctx.Err() == nil {
			q.health.attempted(err)
		}
		if err == nil {
			q.clock.answered(q.told(&page))
			return page, nil
		}
		if itnio.RefusalOf(err) == itnio.RefusalParameter {
			q.clock.refused(q.api.ServerNow())
		}
		if ctx.Err() != nil {
			return page, err
		}
		wait, again := retry.Pause(err, failed)
		if !again {
			return page, err
		}
		if err := retry.Sleep(ctx, wait); err != nil {
			return page, err
		}
	}
}

// told is the server's time by an answer's Date, the zero time if it had none, and how long before the first good answer to
// its query came.
func (q *requests) told(page *itnio.Page) (now time.Time, ago time.Duration) {
	if page.Date.IsZero() {
		return time.Time{}, 0
	}
	now = q.api.ServerNow()
	if ago = now.Sub(page.First); ago < 0 || ago > agreement { // the two are of different clocks
		ago = 0
	}
	return now, ago
}

// newestMinute asks for the newest minute by the latest answer's Date, for the sake of the answer's own. It ends some seconds ago:
// a window grows to whole seconds, and some servers refuse one that ends ahead of their clock.
func (q *requests) newestMinute(ctx context.Context) error {
	ask := func() error {
		to := q.api.ServerNow().Add(-3 * time.Second)
		_, err := q.page(ctx, to.Add(-time.Minute), to, 1, 1)
		return err
	}
	err := ask()
	if itnio.RefusalOf(err) == itnio.RefusalParameter { // by the local clock, the minute may lie ahead; the refusal was dated
		err = ask()
	}
	return err
}

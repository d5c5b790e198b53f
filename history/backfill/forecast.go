package backfill

import (
	"context"
	"fmt"
	"time"

	"itnio_exporter/history"
	"itnio_exporter/itnio"
)

// Forecast is about what a history comes to.
type Forecast struct {
	Calls    int
	Requests int
	Bytes    int64 // of all files; a day without calls has some, too
	Empty    bool  // nothing is listed in the first day, though later: the API may not keep records for so long
}

const (
	looks       = 10  // parts of the range that are looked at
	bytesALine  = 190 // of a file, measured
	linesACall  = 20  // that a call changes; those of the window before and after are written, too
	bytesOfTime = 15  // of a line, after its name and labels: value, time, and the line's end
)

// Look estimates a history from one page of some of its days. The files grow with the number of series more than with that of calls.
func Look(ctx context.Context, o Options) (f Forecast, err error) {
	p, sketch := &o.Plan, newSketch(&o)
	calls, looked := 0, time.Duration(0)
	for i := range looks {
		from := p.Start.Add(p.End.Sub(p.Start) / looks * time.Duration(i))
		to := from.Add(min(day, p.End.Sub(p.Start)/looks))
		if i == 0 {
			to = from.Add(day)
		}
		if to.After(p.End) {
			to = p.End
		}
		listed, err := sketch.look(ctx, from, to)
		switch c := itnio.ClassOf(err); {
		case c == itnio.ClassQuestion && i == 0:
			return f, fmt.Errorf("the API does not answer for %s, which may be longer ago than it keeps records: give a later --start: %w", from.Format(time.DateOnly), err)
		case c == itnio.ClassWindow, c == itnio.ClassQuestion: // too much for one answer
			continue
		case err != nil:
			return f, err
		}
		looked += to.Sub(from)
		calls += listed
		f.Empty = f.Empty || i == 0 && listed == 0
	}
	f.Empty = f.Empty && calls > 0
	// Calls that ended before the history make their series exist. In a short history they are most of them.
	if _, err := sketch.look(ctx, p.Start.Add(-longest), p.Start); err != nil && itnio.RefusalOf(err) == itnio.RefusalNone {
		return f, err
	}
	days := p.End.Sub(p.Start).Hours() / 24
	if looked > 0 {
		f.Calls = int(float64(calls) / looked.Hours() * 24 * days)
	}
	f.Requests = int(float64(f.Calls)/95 + days + 2)
	f.Bytes = int64(days * sketch.bytesADay(float64(f.Calls)/days))
	return f, nil
}

// look takes one page of a window, and gives the number of calls in the window.
func (k *sketch) look(ctx context.Context, from, to time.Time) (int, error) {
	page, err := history.New(k.o.History).Ask(ctx, itnio.Query{From: from, To: to, Page: 1, Size: itnio.PageSize})
	if err != nil {
		return 0, err
	}
	for i := range page.Records {
		c := k.o.History.Calls.From(&page.Records[i], from)
		k.add(&c, c.Identity(page.Records[i].Fingerprint))
	}
	return max(page.Total, len(page.Records)), nil
}

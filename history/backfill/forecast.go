package backfill

import (
	"context"
	"fmt"
	"time"

	"itnio_exporter/collector/series"
	"itnio_exporter/history"
	"itnio_exporter/itnio"
)

// Forecast is about what a history comes to.
type Forecast struct {
	Calls    int
	Requests int
	Bytes    int64
	Empty    bool // nothing is listed in the first day, though later: the API may not keep records for so long
}

const (
	looks       = 10  // days that are looked at
	bytesALine  = 190 // of a file, measured
	linesACall  = 20  // that a call changes; those of the window before and after are written, too
	partOfLines = 0.7 // of the samples that a label set could have: calls that are not answered have no talk time
)

// Look estimates a history from one page of some of its days. The files grow with the number of label sets more than with that of calls.
func Look(ctx context.Context, o Options) (f Forecast, err error) {
	p := &o.Plan
	sets := map[[4]string]int{}
	calls, looked := 0, time.Duration(0)
	for i := range looks {
		from := p.Start.Add(p.End.Sub(p.Start) / looks * time.Duration(i))
		to := from.Add(min(day, p.End.Sub(p.Start)/looks)) // each look at other calls
		if i == 0 {
			to = from.Add(day)
		}
		if to.After(p.End) {
			to = p.End
		}
		page, err := history.New(o.History).Ask(ctx, itnio.Query{From: from, To: to, Page: 1, Size: itnio.PageSize})
		switch c := itnio.ClassOf(err); {
		case c == itnio.ClassQuestion && i == 0:
			return f, fmt.Errorf("the API does not answer for %s, which may be longer ago than it keeps records: give a later --start: %w", from.Format(time.DateOnly), err)
		case c == itnio.ClassWindow, c == itnio.ClassQuestion: // too much for one answer
			continue
		case err != nil:
			return f, err
		}
		looked += to.Sub(from)
		calls += max(page.Total, len(page.Records))
		f.Empty = f.Empty || i == 0 && len(page.Records) == 0
		for j := range page.Records {
			c := o.History.Calls.From(&page.Records[j], from)
			sets[[4]string{c.Group, c.Country, c.Type.String(), c.Outcome.String()}]++
		}
	}
	f.Empty = f.Empty && calls > 0
	days := p.End.Sub(p.Start).Hours() / 24
	if looked > 0 {
		f.Calls = int(float64(calls) / looked.Hours() * 24 * days)
	}
	f.Requests = int(float64(f.Calls)/95 + days + 2)
	lines := unseen(sets) * o.linesOfASet()
	perDay := lines*float64(day/max(maxGap.Truncate(p.Step), p.Step)) + min(float64(f.Calls)/days*linesACall*float64(1+2*window/p.Step), lines*float64(day/p.Step))
	f.Bytes = int64(days * perDay * bytesALine)
	return f, nil
}

// unseen estimates how many different label sets there are in all, from those of a sample (Chao 1).
func unseen(sets map[[4]string]int) float64 {
	once, twice := 0., 0.
	for _, n := range sets {
		switch n {
		case 1:
			once++
		case 2:
			twice++
		}
	}
	return float64(len(sets)) + once*max(0, once-1)/(2*(twice+1))
}

// linesOfASet is how many samples a label set has at a step, about.
func (o *Options) linesOfASet() float64 {
	n := 0
	for i := range o.Ledger.Model.Families {
		n++
		if f := &o.Ledger.Model.Families[i]; f.Type == series.Histogram {
			n += len(f.Bounds) + 2
		}
	}
	return float64(n) * partOfLines
}

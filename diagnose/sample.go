package diagnose

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"itnio_exporter/collector/reconcile"
	"itnio_exporter/itnio"
)

// sample is one window of the past, read in full.
type sample struct {
	window  window
	records []itnio.Record // in the order of the answers
	reading reconcile.Reading
	paging  reconcile.Paging
	longest int   // records on the longest page
	pastErr error // with which a page past the last was refused; nil: none was
	known   bool
}

const (
	sampleLeast = 120 // records that a sample should have
	sampleMost  = 350 // so that it takes four pages at most
	samplePages = 12  // however small the pages are
)

// probeSample looks for a window of the past with some hundred records, and reads it in full.
func probeSample(ctx context.Context, s *session, h *habits) error {
	end := s.serverNow().Add(-rest)
	w := day
	if h.day > sampleMost {
		w = time.Duration(float64(day) * 1.8 * sampleLeast / float64(h.day))
	}
	for try := 0; ; try++ {
		n, err := s.total(ctx, last(w, end))
		if err != nil && itnio.ClassOf(err) != itnio.ClassWindow {
			return err
		}
		if err == nil && n >= sampleLeast && n <= sampleMost || try == 4 || w == 7*day && n < sampleLeast {
			break
		}
		if err != nil {
			n = 10 * sampleMost
		}
		aim := float64(sampleLeast+sampleMost) / 2 / float64(max(n, sampleLeast/10))
		w = min(time.Duration(float64(w)*aim), 7*day)
	}
	err := s.read(ctx, last(w.Truncate(time.Second), end), &h.sample)
	if errors.Is(err, errManyPages) { // pages are smaller than asked for
		err = s.read(ctx, last((w/time.Duration(itnio.PageSize/max(1, h.sample.longest)+1)).Truncate(time.Second), end), &h.sample)
	}
	h.sampled()
	return err
}

// sampled notes the habits that the sample shows.
func (h *habits) sampled() {
	if s := &h.sample; s.known {
		s.paging.Describe(&h.known)
		h.known.Totals, h.known.TotalsOff = s.reading.Totals()
		h.known.Order = itnio.OrderOf(s.records)
		if s.pastErr != nil {
			h.paging.pastErr, h.known.PastEnd = s.pastErr, itnio.PastEndRefused
		}
	}
}

// errManyPages says that a window takes more pages than doctor reads.
var errManyPages = errors.New("a window of some hundred records has too many pages to be read")

// read walks a window, as the exporter does. Where nothing is missing by the pages before, a refused page is taken for the end.
func (s *session) read(ctx context.Context, w window, to *sample) error {
	walk := reconcile.NewWalk(&to.paging)
	ended := false
	for n := 1; n <= samplePages; n++ {
		page, err := s.ask(ctx, w, walk.Next(), itnio.PageSize)
		if ended && itnio.ClassOf(err) == itnio.ClassQuestion {
			to.pastErr = err
			page, err = itnio.Page{Total: -1}, nil
		}
		if err != nil {
			return err
		}
		a := reconcile.Answer{Total: page.Total, Size: page.Size}
		for i := range page.Records {
			a.IDs = append(a.IDs, idOf(&page.Records[i]))
		}
		to.window, to.longest = w, max(to.longest, len(page.Records))
		if n == 1 && page.Total > samplePages*len(page.Records) && len(page.Records) > 0 {
			return errManyPages
		}
		over := walk.Take(a)
		to.add(page.Records)
		ended = len(page.Records) < cmp.Or(page.Size, itnio.PageSize) || len(to.records) == page.Total
		if over {
			to.reading, to.known = walk.Reading(), true
			return nil
		}
	}
	return errManyPages
}

// add adds the records that are not there yet.
func (s *sample) add(records []itnio.Record) {
	for i := range records {
		id := idOf(&records[i])
		if !slices.ContainsFunc(s.records, func(r itnio.Record) bool { return idOf(&r) == id }) {
			s.records = append(s.records, records[i])
		}
	}
}

// idOf tells records of one visit apart.
func idOf(r *itnio.Record) uint64 {
	if r.KeyID != 0 {
		return r.KeyID
	}
	return r.Fingerprint
}

func has(records []itnio.Record, r *itnio.Record) bool {
	id := idOf(r)
	return slices.ContainsFunc(records, func(o itnio.Record) bool { return idOf(&o) == id })
}

package exposition

import (
	"slices"
	"sync"

	"itnio_exporter/collector/series"
)

// page is the families of one generation in one format. It does not change; its compressed forms are made when they
// are first asked for.
type page struct {
	generation uint64
	segments   []segment
	gzip       func() deflated
	zstd       func() ([]byte, error)
}

// segment is one family of a page.
type segment struct {
	family       *series.Family
	header, body []byte
	ends         []int // where in body each metric ends; nil if it is not known
}

// render makes the page of a generation, taking over from an older page of the same format (or nil) what did not change.
func render(t format, families []*series.Family, generation uint64, old *page) (*page, error) {
	segments := make([]segment, 0, len(families))
	for _, f := range families {
		if len(f.Metrics) == 0 {
			continue // as in client_golang: a family is there once it has a metric
		}
		prev := old.segment(f.Name)
		if prev.family == f {
			segments = append(segments, prev)
			continue
		}
		s, err := renderFamily(t, f, prev)
		if err != nil {
			return nil, err
		}
		segments = append(segments, s)
	}
	return newPage(generation, segments), nil
}

func newPage(generation uint64, segments []segment) *page {
	p := &page{generation: generation, segments: segments}
	p.gzip = sync.OnceValue(func() deflated { return deflate(p.chunks()) })
	p.zstd = sync.OnceValues(func() ([]byte, error) { return zstdFrame(p.chunks()) })
	return p
}

func renderFamily(t format, f *series.Family, prev segment) (segment, error) {
	if err := checkFamily(f); err != nil {
		return segment{}, err
	}
	enc := t.encoder(f)
	if enc == nil {
		for _, m := range f.Metrics {
			if err := checkMetric(f, m); err != nil {
				return segment{}, err
			}
		}
		body, err := t.encodeWhole(f)
		return segment{family: f, body: body}, err
	}
	if !prev.reusable(f) {
		prev = segment{}
	}
	s := segment{family: f, ends: make([]int, 0, len(f.Metrics))}
	if n := len(prev.body); n > 0 {
		s.body = make([]byte, 0, n+n/64)
	}
	// Both lists are sorted by label values, so one walk over both finds the metrics that are still the same. Were a
	// list not sorted, less would be found, and nothing wrong.
	j := 0
	for i, m := range f.Metrics {
		for j < len(prev.ends) && prev.family.Metrics[j] != m && slices.Compare(prev.family.Metrics[j].LabelValues, m.LabelValues) < 0 {
			j++
		}
		if j < len(prev.ends) && prev.family.Metrics[j] == m {
			s.body = append(s.body, prev.metric(j)...)
			j++
		} else {
			if err := checkMetric(f, m); err != nil {
				return segment{}, err
			}
			s.body = enc.appendMetric(s.body, m)
		}
		s.ends = append(s.ends, len(s.body))
		if i == 0 && len(prev.body) == 0 { // a guess at the whole spares most of the growing
			s.body = slices.Grow(s.body, len(s.body)*len(f.Metrics))
		}
	}
	s.header = enc.appendHeader(nil, len(s.body))
	return s, nil
}

// reusable tells whether the metrics of s may stand in f as they are.
func (s *segment) reusable(f *series.Family) bool {
	return s.family != nil && s.ends != nil && s.family.Type == f.Type &&
		slices.Equal(s.family.LabelNames, f.LabelNames) && slices.Equal(s.family.Bounds, f.Bounds)
}

func (s *segment) metric(i int) []byte {
	start := 0
	if i > 0 {
		start = s.ends[i-1]
	}
	return s.body[start:s.ends[i]]
}

// segment returns the family's segment, the zero one if there is none.
func (p *page) segment(name string) segment {
	if p != nil {
		for _, s := range p.segments {
			if s.family.Name == name {
				return s
			}
		}
	}
	return segment{}
}

// chunks returns the page's bytes, in pieces.
func (p *page) chunks() [][]byte {
	chunks := make([][]byte, 0, 2*len(p.segments))
	for _, s := range p.segments {
		chunks = append(chunks, s.header, s.body)
	}
	return chunks
}

// filtered returns a page of the families named only.
func (p *page) filtered(names []string) *page {
	var segments []segment
	for _, s := range p.segments {
		if slices.Contains(names, s.family.Name) {
			segments = append(segments, s)
		}
	}
	return newPage(p.generation, segments)
}

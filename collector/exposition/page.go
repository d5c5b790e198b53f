package exposition

import (
	"bytes"
	"fmt"
	"slices"
	"sync"

	"github.com/prometheus/common/expfmt"

	"itnio_exporter/collector/series"
)

// page is the families of one generation in one format. It does not change; its compressed forms are made when they are first
// asked for.
type page struct {
	generation uint64
	segments   []segment
	gzip       func() deflated
	zstd       func() ([]byte, error)
}

// segment is one family of a page.
type segment struct {
	family *series.Family
	body   []byte
}

// render makes the page of a generation. Families that did not change are taken from an older page of the same format (or nil).
func render(contentType expfmt.Format, families []*series.Family, generation uint64, old *page) (*page, error) {
	segments := make([]segment, 0, len(families))
	for _, f := range families {
		if len(f.Metrics) == 0 {
			continue // as in client_golang: a family is there once it has a metric
		}
		s, _ := old.segment(f.Name)
		if s.family != f {
			var err error
			if s, err = encode(contentType, f, len(s.body)); err != nil {
				return nil, err
			}
		}
		segments = append(segments, s)
	}
	return newPage(generation, segments), nil
}

// encode writes a family, which takes about so many bytes.
func encode(contentType expfmt.Format, f *series.Family, size int) (segment, error) {
	m, err := familyModel(f)
	if err != nil {
		return segment{}, err
	}
	b := bytes.NewBuffer(make([]byte, 0, size+size/64))
	if err := expfmt.NewEncoder(b, contentType).Encode(m); err != nil {
		return segment{}, fmt.Errorf("metric family %s: %w", f.Name, err)
	}
	return segment{family: f, body: b.Bytes()}, nil
}

func newPage(generation uint64, segments []segment) *page {
	p := &page{generation: generation, segments: segments}
	p.gzip = sync.OnceValue(func() deflated { return deflate(p.chunks()) })
	p.zstd = sync.OnceValues(func() ([]byte, error) { return zstdFrame(p.chunks()) })
	return p
}

// segment returns the segment of a family, if the page has it.
func (p *page) segment(name string) (segment, bool) {
	if p != nil {
		for _, s := range p.segments {
			if s.family.Name == name {
				return s, true
			}
		}
	}
	return segment{}, false
}

// chunks returns the page's bytes, in pieces.
func (p *page) chunks() [][]byte {
	chunks := make([][]byte, 0, len(p.segments)+1)
	for _, s := range p.segments {
		chunks = append(chunks, s.body)
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

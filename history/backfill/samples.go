package backfill

import (
	"bufio"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"itnio_exporter/collector/families"
	"itnio_exporter/collector/series"
)

// Label is a label that every sample gets.
type Label struct{ Name, Value string }

// samples writes the samples of one step after the other. It is one step behind, since what is written at a step depends on the next:
//
//   - A series has a 0 at the step before it first shows, so that increase() sees its first calls.
//   - A sample that is equal to the one before and the one after is left out, if the series has another at least each maxGap: half of the
//     volume, and nothing is lost, whatever PromQL makes of it.
type samples struct {
	labels []Label
	short  bool // bounds as the text format writes them: 5, not 5.0
	step   time.Duration

	out      *bufio.Writer // nil: no file is open
	at       time.Time     // of the pending step; zero: none is pending
	first    bool          // the pending step is the first of its file: every series is written
	families map[string]*rows
	names    []string // of families, in order
	buf      []byte
	written  int64 // samples
}

// maxGap is the longest time between two samples of a series. A series without a sample for five minutes is gone, to Prometheus.
const maxGap = 4 * time.Minute

// rows are the series of one family, in the order of its metrics.
type rows struct {
	family *series.Family
	list   []*row
}

// row is one series.
type row struct {
	lines           [][]byte       // name and labels of each of its samples
	prev, cur, next *series.Metric // nil: it is not shown then
}

// begin opens the next file, which begins with the pending step, or with the next one if none is pending.
func (s *samples) begin(out *bufio.Writer, model []families.Family) {
	s.out, s.first = out, true
	for i := range model {
		f := &model[i]
		name := f.Name
		if f.Type == series.Counter {
			name = strings.TrimSuffix(name, "_total")
		}
		typ := [...]string{series.Counter: "counter", series.Gauge: "gauge", series.Histogram: "histogram"}[f.Type]
		s.buf = append(s.buf[:0], "# TYPE "...)
		s.buf = append(append(append(append(s.buf, name...), ' '), typ...), "\n# HELP "...)
		s.buf = append(append(append(append(s.buf, name...), ' '), escape(f.Help)...), '\n')
		_, _ = s.out.Write(s.buf) // Flush gives the error
	}
}

// end writes the end of a file.
func (s *samples) end() error {
	_, _ = s.out.WriteString("# EOF\n")
	err := s.out.Flush()
	s.out = nil
	return err
}

// next takes what is shown at a step, and writes the pending one.
func (s *samples) next(at time.Time, shown []*series.Family) {
	here := map[string]bool{}
	for _, f := range shown {
		here[f.Name] = true
		r := s.families[f.Name]
		if r == nil {
			r = &rows{}
			s.families[f.Name] = r
			s.names = append(s.names, f.Name)
			slices.Sort(s.names)
		}
		r.next(f, s)
	}
	s.flush()
	for name, r := range s.families {
		r.shift(here[name])
	}
	s.at = at
}

// flush writes the pending step.
func (s *samples) flush() {
	if s.at.IsZero() {
		return
	}
	beat := s.first || s.at.Unix()%int64(max(maxGap.Truncate(s.step), s.step)/time.Second) == 0
	for _, name := range s.names {
		r := s.families[name]
		for _, row := range r.list {
			s.row(r.family, row, beat)
		}
	}
	s.first = false
}

// last writes the pending step, every series of it, and no other is pending.
func (s *samples) last() {
	s.first = true
	s.flush()
	s.at = time.Time{}
}

// zero writes a 0 for every counter and histogram that was shown at the last step: where other counters go on, this is their start.
func (s *samples) zero(at time.Time) {
	for _, name := range s.names {
		r := s.families[name]
		if r.family.Type == series.Gauge {
			continue
		}
		for _, row := range r.list {
			for _, line := range row.lines {
				s.sample(line, at, 0)
			}
		}
	}
}

// next aligns the rows with the metrics of a step. Both are sorted by label values.
func (r *rows) next(f *series.Family, s *samples) {
	if f != r.family {
		list := make([]*row, 0, max(len(f.Metrics), len(r.list)))
		i := 0
		for _, m := range f.Metrics {
			for i < len(r.list) && slices.Compare(r.labels(i), m.LabelValues) < 0 {
				list = append(list, r.list[i])
				i++
			}
			if i < len(r.list) && slices.Equal(r.labels(i), m.LabelValues) {
				r.list[i].next = m
				list = append(list, r.list[i])
				i++
				continue
			}
			list = append(list, &row{lines: linesOf(f, m, s), next: m})
		}
		r.list = append(list, r.list[i:]...)
		r.family = f
		return
	}
	for _, row := range r.list {
		row.next = row.cur
	}
}

func (r *rows) labels(i int) []string {
	if m := r.list[i].cur; m != nil {
		return m.LabelValues
	}
	return r.list[i].next.LabelValues
}

// shift makes the next step the pending one, and drops the series that are no longer shown.
func (r *rows) shift(shown bool) {
	gone := false
	for _, row := range r.list {
		row.prev, row.cur, row.next = row.cur, row.next, nil
		if !shown {
			row.cur = nil
		}
		gone = gone || row.cur == nil
	}
	if gone {
		r.list = slices.DeleteFunc(r.list, func(row *row) bool { return row.cur == nil })
		r.family = &series.Family{Name: r.family.Name, Type: r.family.Type, Bounds: r.family.Bounds} // equal to none that is shown
	}
}

// row writes the samples of a series at the pending step.
func (s *samples) row(f *series.Family, r *row, beat bool) {
	switch {
	case r.cur == nil && r.next != nil && f.Type != series.Gauge:
		for _, line := range r.lines {
			s.sample(line, s.at, 0)
		}
	case r.cur == nil, !beat && r.cur == r.prev && (r.cur == r.next || r.next == nil):
	default:
		prev, next := r.prev, r.next
		if next == nil {
			next = r.cur
		}
		for i, line := range r.lines {
			v := value(f, r.cur, i)
			if beat || prev == nil || value(f, prev, i) != v || value(f, next, i) != v {
				s.sample(line, s.at, v)
			}
		}
	}
}

// value is the value of one of a series' samples: of a histogram, those of its bounds and +Inf, the sum, and the count.
func value(f *series.Family, m *series.Metric, line int) float64 {
	h := m.Hist
	n := len(f.Bounds)
	switch {
	case h == nil:
		return m.Value
	case line == n+1:
		return h.Sum
	case line >= n:
		return float64(h.Count)
	}
	var cumulative uint64
	for _, c := range h.Buckets[:line+1] {
		cumulative += c
	}
	return float64(cumulative)
}

func (s *samples) sample(line []byte, at time.Time, v float64) {
	s.buf = append(s.buf[:0], line...)
	s.buf = strconv.AppendFloat(s.buf, v, 'f', -1, 64)
	s.buf = append(s.buf, ' ')
	s.buf = strconv.AppendInt(s.buf, at.Unix(), 10)
	s.buf = append(s.buf, '\n')
	_, _ = s.out.Write(s.buf) // Flush gives the error
	s.written++
}

// linesOf are the names and labels of a series' samples, up to the space before the value.
func linesOf(f *series.Family, m *series.Metric, s *samples) [][]byte {
	line := func(suffix string, more ...Label) []byte {
		b := append([]byte(f.Name+suffix), '{')
		sep := ""
		add := func(name, value string) {
			if value != "" {
				b = append(b, sep+name+`="`+escape(value)+`"`...)
				sep = ","
			}
		}
		for i, name := range f.LabelNames {
			add(name, m.LabelValues[i])
		}
		for _, l := range slices.Concat(s.labels, more) {
			add(l.Name, l.Value)
		}
		return append(b, "} "...)
	}
	if f.Type != series.Histogram {
		return [][]byte{line("")}
	}
	lines := make([][]byte, 0, len(f.Bounds)+3)
	for _, bound := range append(slices.Clone(f.Bounds), math.Inf(1)) {
		lines = append(lines, line("_bucket", Label{"le", s.bound(bound)}))
	}
	return append(lines, line("_sum"), line("_count"))
}

// bound is the label le: Prometheus stores 5.0, servers that store what they scrape 5.
func (s *samples) bound(v float64) string {
	if math.IsInf(v, 1) {
		return "+Inf"
	}
	text := strconv.FormatFloat(v, 'g', -1, 64)
	if !s.short && !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return text
}

// escape writes a text as OpenMetrics has label values and help texts.
func escape(text string) string {
	return strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`).Replace(text)
}

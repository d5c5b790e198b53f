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
//   - A sample is left out if the series does not change in the window before and after it, and has another at least each maxGap. Those of
//     the window have to be there: increase() goes by how far the samples of its range are apart, and with two of five it is too large.
type samples struct {
	labels []Label
	short  bool // bounds as the text format writes them: 5, not 5.0
	step   time.Duration

	out      *bufio.Writer // nil: no file is open
	at       time.Time     // of the pending step; zero: none is pending
	begun    time.Time     // the first step of the file
	first    bool          // the pending step is the first of its file: every series is written
	families map[string]*rows
	names    []string // of families, in order
	buf      []byte
	written  int64 // samples
}

// window is the range of the shipped rules' increase(): the same for a history as for what is scraped.
const window = 5 * time.Minute

// maxGap is the longest time between two samples of a series. A series without a sample for five minutes is gone, to Prometheus.
const maxGap = 4 * time.Minute

// rows are the series of one family, in the order of its metrics.
type rows struct {
	family *series.Family
	list   []*row
}

// row is one series.
type row struct {
	lines           []line
	prev, cur, next *series.Metric // nil: it is not shown then
	changed         int64          // the last step at which one of its lines was another than before, Unix seconds
}

// line is one of a series' samples at each step.
type line struct {
	text             []byte // name and labels, up to the space before the value
	written, changed int64  // steps, Unix seconds
}

// begin opens the next file, which begins with the pending step, or with the next one if none is pending.
func (s *samples) begin(out *bufio.Writer, model []families.Family) {
	s.out, s.first, s.begun = out, true, time.Time{}
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
	if s.first && s.begun.IsZero() {
		s.begun = s.at
	}
	beat := s.first || s.at.Unix()%int64(max(maxGap.Truncate(s.step), s.step)/time.Second) == 0 ||
		!s.at.Add(window).Truncate(day).Equal(s.at.Truncate(day)) // the next file cannot add what turns out to be needed
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
			for i := range row.lines {
				s.sample(&row.lines[i], at, 0)
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
	next := r.next
	if next == nil {
		next = r.cur
	}
	switch {
	case r.cur == nil && f.Type != series.Gauge:
		for i := range r.lines {
			s.sample(&r.lines[i], s.at, 0)
			r.lines[i].changed = s.at.Add(s.step).Unix()
		}
		r.changed = s.at.Add(s.step).Unix()
	case r.cur == nil, !beat && r.cur == next && s.past(r.changed):
	default:
		s.lines(f, r, next, beat)
	}
}

// lines writes those samples of a series that are due, that follow a change, or that come before one, back to those of the window.
func (s *samples) lines(f *series.Family, r *row, next *series.Metric, due bool) {
	due = due || r.prev == nil
	for i := range r.lines {
		l, v := &r.lines[i], value(f, r.cur, i)
		if next != r.cur && value(f, next, i) != v {
			l.changed = s.at.Add(s.step).Unix()
			r.changed = l.changed
			for at := s.at.Add(-(window - 1).Truncate(s.step) + s.step); at.Before(s.at); at = at.Add(s.step) {
				if at.Unix() > l.written && !at.Before(s.begun) {
					s.sample(l, at, v)
				}
			}
		} else if !due && s.past(l.changed) {
			continue
		}
		s.sample(l, s.at, v)
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

// past reports whether the pending step is no longer in one window with a change.
func (s *samples) past(changed int64) bool { return s.at.Unix()-changed >= int64(window/time.Second) }

func (s *samples) sample(l *line, at time.Time, v float64) {
	l.written = at.Unix()
	s.buf = append(s.buf[:0], l.text...)
	s.buf = strconv.AppendFloat(s.buf, v, 'f', -1, 64)
	s.buf = append(s.buf, ' ')
	s.buf = strconv.AppendInt(s.buf, at.Unix(), 10)
	s.buf = append(s.buf, '\n')
	_, _ = s.out.Write(s.buf) // Flush gives the error
	s.written++
}

// linesOf are the lines of a series at a step.
func linesOf(f *series.Family, m *series.Metric, s *samples) []line {
	one := func(suffix string, more ...Label) line {
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
		if !recorded(f) {
			more = slices.Concat(s.labels, more)
		}
		for _, l := range more {
			add(l.Name, l.Value)
		}
		return line{text: slices.Clip(append(b, "} "...))}
	}
	if f.Type != series.Histogram {
		return []line{one("")}
	}
	lines := make([]line, 0, len(f.Bounds)+3)
	for _, bound := range append(slices.Clone(f.Bounds), math.Inf(1)) {
		lines = append(lines, one("_bucket", Label{"le", s.bound(bound)}))
	}
	return append(lines, one("_sum"), one("_count"))
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

package ledger

import (
	"encoding/binary"
	"hash/fnv"
	"slices"
	"time"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/families"
	"itnio_exporter/collector/series"
)

func (f *fold) item(it *Item) Result {
	c := &it.Call
	f.over = f.over[:0]
	switch {
	case c.Key == 0 && c.Session == 0:
		return Invalid
	case f.known(c):
		f.lateTags(c)
		return Duplicate
	case c.Pending && !it.AsItStands:
		return Pending
	}
	end := c.End
	if end.IsZero() {
		end = f.server // it has no time at all, and has been waited for
	}
	switch {
	case c.Pending && end.Unix() < f.meta.Epoch:
		return Pending // it may be in progress since before the epoch: once complete it counts
	case end.Unix() < f.meta.Epoch:
		f.remember(c)
		f.add(c, false)
		return Baseline
	case end.Unix() < f.meta.OldestDay*secondsPerDay:
		return TooOld
	}
	f.remember(c)
	f.add(c, true)
	if f.l.model.Tags {
		for _, tag := range c.Tags {
			f.tag(c, tag)
		}
	}
	f.meta.Counted = true
	return Counted
}

// known looks a call up by its key. Sessions are looked at where one of the two readings had no key: the same call may be
// answered with and without it.
func (f *fold) known(c *call.Call) bool {
	if c.Key != 0 {
		if _, ok := f.seen[c.Key]; ok {
			return true
		}
		for _, d := range f.a.days {
			if d.keys.has(c.Key) {
				return true
			}
		}
		if c.Session != 0 && (slices.Contains(f.entry.orphans, c.Session) || f.orphan(c.Session)) {
			f.entry.keys = append(f.entry.keys, c.Key)
			f.seen[c.Key] = struct{}{}
			return true
		}
		return false
	}
	if slices.Contains(f.entry.orphans, c.Session) || slices.Contains(f.entry.sessions, c.Session) {
		return true
	}
	for _, d := range f.a.days {
		if d.sessions.has(c.Session) {
			return true
		}
	}
	return f.orphan(c.Session)
}

func (f *fold) orphan(session uint64) bool {
	for _, d := range f.a.days {
		if d.orphans.has(session) {
			return true
		}
	}
	return false
}

func (f *fold) remember(c *call.Call) {
	if !c.End.IsZero() {
		f.ends = append(f.ends, dayOf(c.End))
	}
	switch {
	case c.Key == 0:
		f.entry.orphans = append(f.entry.orphans, c.Session)
		return
	case c.Session != 0:
		f.entry.sessions = append(f.entry.sessions, c.Session)
	}
	f.entry.keys = append(f.entry.keys, c.Key)
	f.seen[c.Key] = struct{}{}
}

// lateTags counts the tags that a counted call was given later.
func (f *fold) lateTags(c *call.Call) {
	if !f.l.model.Tags || c.Pending || c.End.IsZero() || c.End.Unix() < f.meta.Epoch {
		return
	}
	for _, tag := range c.Tags {
		f.tag(c, tag)
	}
}

func (f *fold) tag(c *call.Call, tag string) {
	h := fnv.New64a()
	id := c.Key
	if id == 0 {
		id = c.Session
	}
	_, _ = h.Write(binary.LittleEndian.AppendUint64(nil, id))
	_, _ = h.Write([]byte(tag))
	sum := h.Sum64()
	if slices.Contains(f.entry.tags, sum) {
		return
	}
	for _, d := range f.a.days {
		if d.tags.has(sum) {
			return
		}
	}
	f.entry.tags = append(f.entry.tags, sum)
	tag = f.admit(families.LabelTag, tag)
	group := f.admit(families.LabelAgentGroup, c.Group)
	for i, fam := range f.l.families {
		if fam.Adds == families.EachTag {
			f.addTo(i, c, group, tag, true)
		}
	}
}

// admit gives the value that a label may have: its own, if it was admitted before or there is room, else "other".
func (f *fold) admit(label, value string) string {
	limit := f.l.model.Limit(label)
	if limit == 0 || value == families.None || value == families.Unknown || value == families.Other {
		return value
	}
	if _, ok := f.l.admitted[label][value]; ok {
		return value
	}
	fresh := f.admitted[label]
	if _, ok := fresh[value]; ok {
		return value
	}
	if len(f.l.admitted[label])+len(fresh) >= limit {
		f.overflow(label)
		return families.Other
	}
	if fresh == nil {
		fresh = map[string]struct{}{}
		f.admitted[label] = fresh
	}
	fresh[value] = struct{}{}
	return value
}

// add folds a call into every family; a call of before the epoch only makes its series exist.
func (f *fold) add(c *call.Call, counts bool) {
	e := *c
	e.Group = f.admit(families.LabelAgentGroup, c.Group)
	for i, fam := range f.l.families {
		switch {
		case fam.Adds == families.EachTag || fam.OnlyIf != nil && !fam.OnlyIf(c):
			continue
		case fam.Name == "itnio_agent_group_info" && e.Group != c.Group:
			continue
		}
		for _, label := range fam.Labels {
			switch label {
			case families.LabelAgent:
				if e.Agent == c.Agent {
					e.Agent = f.admit(label, c.Agent)
				}
			case families.LabelMedia:
				e.Media = f.admit(label, c.Media)
			}
		}
		f.addTo(i, &e, e.Group, "", counts)
	}
}

// addTo folds a call into one family.
func (f *fold) addTo(i int, c *call.Call, group, tag string, counts bool) {
	fam := f.l.families[i]
	f.labels = f.labels[:0]
	for _, label := range fam.Labels {
		switch label {
		case families.LabelTag:
			f.labels = append(f.labels, tag)
		case families.LabelAgentGroup:
			f.labels = append(f.labels, group)
		default:
			f.labels = append(f.labels, families.Value(label, f.a.name, c))
		}
	}
	s := f.series(i)
	m := s.next
	if m == nil {
		if s.cur.Value == 1 && fam.Adds == families.Presence {
			return
		}
		m = s.cur.Clone()
	}
	if f.apply(fam, m, c, counts) {
		f.touch(i, s, m)
	}
}

// touch gives a series its next value.
func (f *fold) touch(i int, s *storedSeries, m *series.Metric) {
	if s.next == nil {
		f.touched[i] = append(f.touched[i], s)
	}
	s.next = m
}

// discard takes the next values back after a transaction that failed.
func (f *fold) discard() {
	for _, touched := range f.touched {
		for _, s := range touched {
			s.next = nil
		}
	}
}

// series finds or makes the series of f.labels, folding labels into "other" where the family is full: the agent group first,
// then the country, then all but the account. A tenth of the room is kept for the folded ones, so that they always fit.
func (f *fold) series(i int) *storedSeries {
	fam := f.l.families[i]
	limit := f.l.model.Limits.Series
	rooms := [...]int{limit - max(1, limit/10), limit - max(1, limit/20), limit - max(1, limit/50)}
	for step := 0; ; step++ {
		f.key = f.key[:0]
		for j, v := range f.labels {
			if j > 0 {
				f.key = append(f.key, labelSeparator...)
			}
			f.key = append(f.key, v...)
		}
		if s, ok := fam.byKey[string(f.key)]; ok {
			return s
		}
		if s, ok := f.born[i][string(f.key)]; ok {
			return s
		}
		if step >= len(rooms) || len(fam.byKey)+len(f.born[i]) < rooms[step] {
			return f.birth(i)
		}
		switch step {
		case 0:
			f.foldLabel(fam, families.LabelAgentGroup)
		case 1:
			f.foldLabel(fam, families.LabelCountry)
		case 2:
			for _, label := range fam.Labels {
				if label != families.LabelAccount {
					f.foldLabel(fam, label)
				}
			}
		}
	}
}

func (f *fold) foldLabel(fam *family, label string) {
	if j := slices.Index(fam.Labels, label); j >= 0 && f.labels[j] != families.Other {
		f.labels[j] = families.Other
		f.overflow(label)
	}
}

// overflow notes that a label of the call in hand was folded: once a call, however many families and tags it has.
func (f *fold) overflow(label string) {
	if !slices.Contains(f.over, label) {
		f.over = append(f.over, label)
		f.report.Overflow[label]++
	}
}

func (f *fold) birth(i int) *storedSeries {
	fam := f.l.families[i]
	labels := slices.Clone(f.labels)
	now := f.l.now().UnixMilli()
	s := &storedSeries{key: string(f.key), labels: labels, created: now}
	if slices.Contains(fam.Labels, families.LabelAccount) {
		s.account = f.a
	}
	switch {
	case fam.restarted != 0:
		s.created = fam.restarted
	case !f.meta.InitialDone && f.meta.Epoch != 0:
		s.created = min(now, f.meta.Epoch*1000)
	}
	s.cur = zeroMetric(fam, labels, s.created)
	// A gauge says what is, not how much has come: a 0 would be a wrong statement.
	s.shown = f.l.hold.zeroFirst == 0 || fam.Type == series.Gauge
	if !s.shown {
		s.zero = s.cur
	}
	if f.born[i] == nil {
		f.born[i] = map[string]*storedSeries{}
	}
	f.born[i][s.key] = s
	f.touch(i, s, s.cur.Clone())
	return s
}

// exemplar remembers the newest call of each bucket. Exemplars are in memory only.
func (f *fold) exemplar(fam *family, h *series.HistogramValue, c *call.Call, seconds int64) {
	if !f.l.model.Exemplars() || c.SessionID == "" || c.End.IsZero() || c.End.After(f.server.Add(futureSlack)) {
		return
	}
	h.SetExemplar(fam.Bounds, series.Exemplar{LabelName: "call_session_id", LabelValue: c.SessionID, Value: float64(seconds), Time: c.End})
}

// futureSlack is how far ahead of the server a call may end and still be taken for the latest one.
const futureSlack = 5 * time.Minute

func (f *fold) apply(fam *family, m *series.Metric, c *call.Call, counts bool) bool {
	switch fam.Adds {
	case families.Presence:
		changed := m.Value != 1
		m.Value = 1
		return changed
	case families.LatestEnd:
		if c.End.IsZero() || c.End.After(f.server.Add(futureSlack)) || float64(c.End.Unix()) <= m.Value {
			return false
		}
		m.Value = float64(c.End.Unix())
		return true
	}
	if !counts {
		return false
	}
	switch fam.Adds {
	case families.AddsOne, families.EachTag:
		m.Value++
	case families.AddsTalk:
		m.Value += float64(c.Talk)
	case families.AddsRing:
		m.Value += float64(c.Ring)
	case families.ObserveTalk:
		m.Hist.Observe(fam.Bounds, c.Talk)
		f.exemplar(fam, m.Hist, c, c.Talk)
	case families.ObserveRing:
		m.Hist.Observe(fam.Bounds, c.Ring)
		f.exemplar(fam, m.Hist, c, c.Ring)
	}
	return true
}

// showInitial lets the values of the first fill show at once: they are history, not news.
func (f *fold) showInitial() {
	for i, fam := range f.l.families {
		for _, s := range fam.sorted {
			if s.account == f.a && !s.shown {
				f.show = append(f.show, s)
				if s.next == nil {
					f.touch(i, s, s.cur)
				}
			}
		}
	}
	for _, born := range f.born {
		for _, s := range born {
			if s.account == f.a {
				s.shown, s.zero = true, nil
			}
		}
	}
}

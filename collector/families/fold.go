package families

import (
	"time"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/series"
)

// Admission limits the values of a label.
type Admission interface {
	// Admit returns the value if it is one of the first limit values of the label, else Other.
	Admit(label, value string, limit int) string
}

// Kind is how an addition changes a series.
type Kind uint8

// Kinds of additions.
const (
	Exists  Kind = iota // the series exists from now on; its value stays
	Add                 // Amount is added to a counter
	Observe             // Amount is observed by a histogram
	Raise               // a gauge is set to Amount unless it is higher
)

// Addition is what a call adds to one series.
type Addition struct {
	Family   int      // index in the model's Families
	Labels   []string // values of the family's labels, in their order
	Kind     Kind
	Amount   int64            // calls, seconds, or Unix seconds
	Exemplar *series.Exemplar // for Observe; nil: none
}

// Changes reports whether the addition changes the value of a series.
func (a *Addition) Changes(m *series.Metric) bool {
	switch a.Kind {
	case Add:
		return a.Amount != 0
	case Observe:
		return true
	case Raise:
		return float64(a.Amount) > m.Value
	}
	return false
}

// Apply changes the value of a series, whose family has the bounds.
func (a *Addition) Apply(m *series.Metric, bounds []float64) {
	switch a.Kind {
	case Add:
		m.Value += float64(a.Amount)
	case Observe:
		m.Hist.Observe(bounds, a.Amount)
		if a.Exemplar != nil {
			m.Hist.SetExemplar(bounds, *a.Exemplar)
		}
	case Raise:
		m.Value = max(m.Value, float64(a.Amount))
	}
}

// Folder folds calls of one account that were read at one time. Its result depends only on its arguments and on the label values that
// were admitted before. It reuses memory: additions are valid only until the next call is folded.
type Folder struct {
	model     *Model
	admission Admission
	now       time.Time
	subject   subject

	values    []string // by row of the label table; "" if not needed yet
	labels    []string // room for the label values of all additions
	free      []string // the part of labels that is not used yet
	additions []Addition
}

// subject is what is folded: a call of an account, or one tag of it.
type subject struct {
	account string
	call    *call.Call
	tag     string
}

// Folder makes a Folder. now is the server's time: an end more than call.MaxAhead after it is not the latest end of a call.
func (m *Model) Folder(account string, now time.Time, admission Admission) *Folder {
	return &Folder{
		model: m, admission: admission, now: now, subject: subject{account: account},
		values: make([]string, len(labelTable)), labels: make([]string, m.width), additions: make([]Addition, 0, len(m.Families)),
	}
}

// Fold returns what a call adds to each family except those that count tags. If the call does not count, because it ended before the
// epoch, it only makes its series exist.
func (f *Folder) Fold(c *call.Call, counts bool) []Addition {
	f.reset(c, "")
	for i := range f.model.Families {
		if f.model.Families[i].Adds != EachTag {
			f.add(i, counts)
		}
	}
	return f.additions
}

// FoldTag returns what one tag of a call adds.
func (f *Folder) FoldTag(c *call.Call, tag string) []Addition {
	f.reset(c, tag)
	for i := range f.model.Families {
		if f.model.Families[i].Adds == EachTag {
			f.add(i, true)
		}
	}
	return f.additions
}

func (f *Folder) reset(c *call.Call, tag string) {
	f.subject.call, f.subject.tag = c, tag
	clear(f.values)
	f.free, f.additions = f.labels, f.additions[:0]
}

// add appends what the subject adds to a family.
func (f *Folder) add(i int, counts bool) {
	fam, c := &f.model.Families[i], f.subject.call
	if fam.OnlyIf != nil && !fam.OnlyIf(c) || fam.about >= 0 && f.folded(fam.about) {
		return
	}
	n := len(fam.columns)
	a := Addition{Family: i, Labels: f.free[:n:n]}
	f.free = f.free[n:]
	for j, column := range fam.columns {
		a.Labels[j] = f.value(column)
	}
	a.Kind, a.Amount = fam.amount(c, f.now, counts)
	if a.Kind == Observe && f.model.exemplars {
		a.Exemplar = exemplar(c, a.Amount, f.now)
	}
	f.additions = append(f.additions, a)
}

// value is the value of a label as it is shown: Other if the label's limit does not admit it.
func (f *Folder) value(column int) string {
	if v := f.values[column]; v != "" {
		return v
	}
	l := &labelTable[column]
	v := l.value(&f.subject)
	if l.limited(v) {
		if limit := l.limit(&f.model.limits); limit > 0 {
			v = f.admission.Admit(l.name, v, limit)
		}
	}
	f.values[column] = v
	return v
}

// folded reports whether the limit of a label did not admit the call's value.
func (f *Folder) folded(column int) bool {
	return f.value(column) != labelTable[column].value(&f.subject)
}

// amount is what a call adds to a series of the family.
func (f *Family) amount(c *call.Call, now time.Time, counts bool) (Kind, int64) {
	switch {
	case f.Adds == Presence:
		return Raise, 1
	case f.Adds == LatestEnd && !c.End.IsZero() && !c.End.After(now.Add(call.MaxAhead)):
		return Raise, c.End.Unix()
	case f.Adds == LatestEnd || !counts:
		return Exists, 0
	}
	switch f.Adds {
	case AddsTalk:
		return Add, c.Talk
	case AddsRing:
		return Add, c.Ring
	case ObserveTalk:
		return Observe, c.Talk
	case ObserveRing:
		return Observe, c.Ring
	}
	return Add, 1
}

// exemplar has the session id of the call; nil if the call has none or its end is not plausible.
func exemplar(c *call.Call, seconds int64, now time.Time) *series.Exemplar {
	if c.SessionID == "" || c.End.IsZero() || c.End.After(now.Add(call.MaxAhead)) {
		return nil
	}
	return &series.Exemplar{LabelName: "call_session_id", LabelValue: c.SessionID, Value: float64(seconds), Time: c.End}
}

package backfill

import (
	"strings"
	"time"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/families"
	"itnio_exporter/collector/series"
)

// sketch is what some of the calls tell of the series of all.
type sketch struct {
	o      *Options
	folder *families.Folder
	calls  map[uint64]struct{} // by identity: windows that are looked at may overlap
	sets   []map[string]int    // by family: how many calls each label set has
	bytes  []int               // by family: of the lines that these label sets have at a step
}

func newSketch(o *Options) *sketch {
	m := o.Ledger.Model
	return &sketch{
		o: o, folder: m.Folder(o.Identity.Name, o.Plan.End, admitted{}), calls: map[uint64]struct{}{},
		sets: make([]map[string]int, len(m.Families)), bytes: make([]int, len(m.Families)),
	}
}

// admitted admits every value of a label.
type admitted struct{}

func (admitted) Admit(_, value string, _ int) string { return value }

func (k *sketch) add(c *call.Call, identity uint64) {
	if _, again := k.calls[identity]; again {
		return
	}
	k.calls[identity] = struct{}{}
	k.note(k.folder.Fold(c, true))
	for _, tag := range c.Tags {
		k.note(k.folder.FoldTag(c, tag))
	}
}

func (k *sketch) note(additions []families.Addition) {
	for i := range additions {
		a := &additions[i]
		if k.sets[a.Family] == nil {
			k.sets[a.Family] = map[string]int{}
		}
		sets, set := k.sets[a.Family], strings.Join(a.Labels, "\xff")
		if sets[set]++; sets[set] == 1 {
			f := &k.o.Ledger.Model.Families[a.Family]
			k.bytes[a.Family] += k.bytesAStep(&series.Family{Name: f.Name, Type: f.Type, LabelNames: f.Labels, Bounds: f.Bounds}, &series.Metric{LabelValues: a.Labels})
		}
	}
}

// bytesAStep is what the samples of a series at one step come to.
func (k *sketch) bytesAStep(f *series.Family, m *series.Metric) (n int) {
	for _, l := range linesOf(f, m, &samples{labels: k.o.Plan.Labels, short: k.o.Plan.ShortBounds}) {
		n += len(l.text) + bytesOfTime
	}
	return n
}

// bytesADay estimates the file of a day with so many calls. Each series has samples at some steps, more where its calls end, and one at
// each step at most. Of the exporter's own metrics, which are there without calls too, some change with each step.
func (k *sketch) bytesADay(calls float64) float64 {
	p := &k.o.Plan
	steps, beats := float64(day/p.Step), float64(day/max(maxGap.Truncate(p.Step), p.Step))
	all := 0.
	for i, sets := range k.sets {
		if len(sets) > 0 {
			all += float64(k.bytes[i]) / float64(len(sets)) * unseen(sets)
		}
	}
	n := min(all*beats+calls*linesACall*bytesALine*(1+2*float64(window/time.Second)/float64(p.Step/time.Second)), all*steps)
	later := own(p, p.Start.Add(p.Step))
	for i, f := range own(p, p.Start) {
		times := beats
		if f.Metrics[0].Value != later[i].Metrics[0].Value {
			times = steps
		}
		n += times * float64(k.bytesAStep(f, f.Metrics[0]))
	}
	return n
}

// unseen estimates how many different label sets there are in all, from those of a sample (Chao 1).
func unseen(sets map[string]int) float64 {
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

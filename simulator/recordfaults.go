package simulator

import (
	"math/rand/v2"
	"time"

	"itnio_exporter/enum"
)

const (
	minDeleteAge = 2 * time.Hour
	faultSpread  = 6 * time.Hour // in which a deletion or an edit happens
)

// chance draws whether a fault occurs. A fault without probability draws nothing.
func chance(rng *rand.Rand, p float64) bool { return p > 0 && rng.Float64() < p }

// spoil draws the faults of a record from a random generator of their own, so that faults do not change the calls.
func (d *drawer) spoil(rng *rand.Rand, r *row, f *Faults) {
	spoilCompletion(rng, r, f)
	d.spoilLater(rng, r, f)
	spoilFields(rng, r, f)
	d.spoilText(rng, r, f)
	if chance(rng, f.NoRing) && r.wrong == noWrong { // the ring time still follows from the answer
		r.state |= noRing
	}
	if chance(rng, f.NoGroup) {
		r.group = 0
	}
	if chance(rng, f.NoCountry) {
		r.state |= noCountry
	}
	if chance(rng, f.RawRemark) {
		r.state |= rawRemark
	}
}

// spoilCompletion draws whether a record comes without its hang-up.
func spoilCompletion(rng *rand.Rand, r *row, f *Faults) {
	if chance(rng, f.NeverComplete) {
		r.state |= incomplete | neverComplete
		return
	}
	if !chance(rng, f.Incomplete) {
		return
	}
	r.state |= incomplete
	r.completed = r.visible + int64(10*time.Second) + rng.Int64N(int64(40*time.Minute))
	if rng.IntN(2) == 0 { // made at the start of the call, completed at its end
		r.completed = r.visible
		r.create = r.start
		r.visible = r.start*1e9 + 5e8
	}
}

// spoilLater draws whether a record is deleted or edited.
func (d *drawer) spoilLater(rng *rand.Rand, r *row, f *Faults) {
	complete := max(r.visible, r.completed)
	if chance(rng, f.Delete) {
		r.deleted = complete + int64(minDeleteAge) + rng.Int64N(int64(faultSpread))
	}
	if chance(rng, f.Edit) {
		r.edited = complete + int64(time.Second) + rng.Int64N(int64(faultSpread))
		r.editTag = d.edited
	}
}

// spoilFields draws missing ids, wrong times and unknown codes.
func spoilFields(rng *rand.Rand, r *row, f *Faults) {
	if chance(rng, f.NoKey) {
		r.state |= keyless
	} else if chance(rng, f.KeySometimes) {
		r.state |= keySometimes
	}
	if chance(rng, f.WrongTime) {
		r.wrong = noStart + wrongTime(rng.IntN(5))
	} else if chance(rng, f.FutureStart) {
		r.wrong = startAhead
	}
	if !chance(rng, f.UnknownCode) {
		return
	}
	switch rng.IntN(3) {
	case 0:
		r.typ = enum.TypeUnknown
	case 1:
		r.reason = enum.ReasonUnknown
	default:
		r.party = enum.PartyUnknown
	}
}

// spoilText draws invalid UTF-8 in the name of the group or the agent.
func (d *drawer) spoilText(rng *rand.Rand, r *row, f *Faults) {
	if !chance(rng, f.BadText) {
		return
	}
	if rng.IntN(2) == 0 || r.agent == 0 {
		r.group = d.texts.number(d.texts.all[r.group] + " \xff\xfe")
	} else {
		r.agent = d.texts.number(d.texts.all[r.agent] + "\xc3(")
	}
}

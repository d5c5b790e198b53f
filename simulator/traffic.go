package simulator

import (
	"math"
	"math/rand/v2"
	"sort"
	"strings"
	"time"

	"itnio_exporter/enum"
)

// chunkSeconds of traffic are drawn at once, each chunk from a generator of its own: so the calls do not depend on who asks when.
const chunkSeconds = 10

// drawer draws calls.
type drawer struct {
	o         Options
	zone      *time.Location
	rhythm    rhythm
	texts     *texts
	groups    weights
	kinds     []weights // per group: group call, incoming, outgoing
	groupText []uint32
	agents    [][]uint32 // per group
	countries weights
	byCode    map[string]uint16 // country code -> index
	tags      weights
	tagTexts  []uint32
	human     uint32
	machine   uint32
	edited    uint32
}

func newDrawer(o Options, zone *time.Location, x *texts) drawer {
	d := drawer{o: o, zone: zone, rhythm: newRhythm(o.Rhythm), texts: x, byCode: map[string]uint16{}}
	var w []float64
	for _, g := range o.Groups {
		w = append(w, g.Weight)
		d.kinds = append(d.kinds, newWeights(g.Dialler, g.Incoming, g.Outgoing))
		d.groupText = append(d.groupText, x.number(g.Name))
		var agents []uint32
		for i := range max(1, g.Agents) {
			agents = append(agents, x.number(agentName(g, i)))
		}
		d.agents = append(d.agents, agents)
	}
	d.groups = newWeights(w...)
	w = nil
	for i, c := range o.Countries {
		w = append(w, c.Weight)
		if _, ok := d.byCode[c.Code]; !ok {
			d.byCode[c.Code] = uint16(i)
		}
	}
	d.countries = newWeights(w...)
	d.tags = newWeights(85, 6, 4, 2, 2, 1)
	for _, t := range [][]string{nil, {"interested"}, {"call back"}, {"complaint"}, {"interested", "VIP"}, {"回访"}} {
		d.tagTexts = append(d.tagTexts, x.number(strings.Join(t, tagSep)))
	}
	d.human, d.machine, d.edited = x.number("human"), x.number("machine"), x.number("reviewed")
	return d
}

// agentName is a made-up name, e.g. support.03.
func agentName(g Group, i int) string {
	return strings.ToLower(strings.ReplaceAll(g.Name, " ", ".")) + "." + string([]byte{'0' + byte((i+1)/10%10), '0' + byte((i+1)%10)})
}

// chunk draws the calls that start in a chunk of ten seconds; n is its number since 1970.
func (d *drawer) chunk(a Account, seed uint64, n int64, plans []Scenario, yield func(row)) {
	rng := rand.New(rand.NewPCG(seed, uint64(n)))
	begin := n * chunkSeconds
	scale := a.Scale
	if scale == 0 {
		scale = 1
	}
	mean := d.o.CallsPerDay * scale / 86400 * chunkSeconds * d.rhythm.at(time.Unix(begin, 0).In(d.zone))
	for range poisson(rng, mean) {
		r := d.call(rng, begin+rng.Int64N(chunkSeconds))
		if d.bend(rng, a.Name, &r, plans) {
			yield(d.finish(rng, r))
		}
	}
	for i := range plans {
		sc := &plans[i]
		if sc.rate() == 0 || !sc.concerns(a.Name, begin) {
			continue
		}
		extra := rand.New(rand.NewPCG(mix(seed, uint64(i)+100), uint64(n)))
		for range poisson(extra, sc.rate()/60*chunkSeconds) {
			yield(d.finish(extra, d.extra(extra, sc, begin+extra.Int64N(chunkSeconds))))
		}
	}
}

// burst draws many calls that start in one second and find no service, so that they end in one second too.
func (d *drawer) burst(seed uint64, unix int64, size int, yield func(row)) {
	rng := rand.New(rand.NewPCG(mix(seed, drawBurst), uint64(unix)))
	for range size {
		r := d.call(rng, unix)
		r.typ, r.reason = enum.Outgoing, enum.NoService
		d.ringAndTalk(rng, &r)
		r.ring = 1
		yield(d.finish(rng, r))
	}
}

// call draws a call.
func (d *drawer) call(rng *rand.Rand, start int64) row {
	g := d.groups.draw(rng)
	c := d.countries.draw(rng)
	r := row{start: start, typ: enum.CallType(d.kinds[g].draw(rng) + 1)}
	d.place(rng, &r, g)
	d.number(rng, &r, c)
	if rng.Float64() < d.o.LongShare {
		r.reason = answeredReason(r.typ)
		d.ringAndTalk(rng, &r)
		r.talk = 3600 + rng.Int32N(5*3600)
		return r
	}
	r.reason = d.reason(rng, r.typ, d.o.Countries[c].Answer)
	d.ringAndTalk(rng, &r)
	return r
}

// place gives a call its group and agent.
func (d *drawer) place(rng *rand.Rand, r *row, g int) {
	i := rng.IntN(len(d.agents[g]))
	id := d.o.Groups[g].VoiceGroupID
	r.group, r.groupID = d.groupText[g], int32(id)
	r.agent, r.seat = d.agents[g][i], int32(id*100+int64(i)+1)
}

func (d *drawer) number(rng *rand.Rand, r *row, country int) {
	r.country = uint16(country)
	r.number = d.o.Countries[country].number(rng.Uint64())
}

func answeredReason(t enum.CallType) enum.Reason {
	switch t {
	case enum.Incoming:
		return enum.IncomingHungUp
	case enum.GroupCall:
		return enum.TransferSuccessHungUp
	}
	return enum.OutgoingHungUp
}

// reason draws why the call ended; quality is the country's answer rate against the mean.
func (d *drawer) reason(rng *rand.Rand, t enum.CallType, quality float64) enum.Reason {
	if quality == 0 {
		quality = 1
	}
	u := rng.Float64()
	if t == enum.Incoming {
		if u < 0.9 {
			return enum.IncomingHungUp
		}
		return enum.IncomingNotAnswered
	}
	answered := min(0.95, 0.48*quality)
	if u < answered {
		if t == enum.GroupCall && rng.Float64() < 0.018 {
			return enum.TransferRingingHungUp
		}
		return answeredReason(t)
	}
	u = (u - answered) / (1 - answered)
	switch {
	case u < 0.60:
		return enum.OutgoingNotAnswered
	case u < 0.77:
		return enum.Busy
	case u < 0.87:
		return enum.OutOfServiceArea
	case u < 0.94:
		return enum.NoService
	}
	return enum.CallFailed
}

// ringAndTalk draws how long the call rang and was talked, who hung up and the SIP code, for its type and reason.
func (d *drawer) ringAndTalk(rng *rand.Rand, r *row) {
	log := func(median, sigma, least, most float64) int32 {
		return int32(min(most, max(least, math.Round(median*math.Exp(sigma*rng.NormFloat64())))))
	}
	r.talk, r.party = 0, enum.NoParty
	switch r.reason.Outcome() {
	case enum.Answered:
		r.ring = log(9, 0.6, 1, 90)
		r.talk = log(d.o.TalkMedian.Seconds(), d.o.TalkSigma, 1, 6*3600)
		r.sip = 200
		if r.party = enum.Customer; rng.Float64() < 0.42 {
			r.party = enum.Agent
		}
		if r.typ == enum.Incoming {
			r.ring = log(8, 0.7, 0, 180)
		}
	case enum.NoAnswer:
		r.sip = 480
		switch u := rng.Float64(); {
		case r.typ == enum.Incoming:
			r.ring, r.sip, r.party = log(25, 0.8, 1, 240), 487, enum.Customer
		case u < 0.35:
			r.ring, r.sip, r.party = log(20, 0.5, 3, 60), 487, enum.Agent
		case u < 0.75:
			r.ring, r.sip = []int32{30, 45, 60}[rng.IntN(3)], 408
		default:
			r.ring = log(35, 0.3, 10, 60)
		}
	case enum.Abandoned:
		r.ring, r.sip, r.party = log(6, 0.8, 1, 60), 487, enum.Customer
	case enum.Failed:
		r.ring, r.sip = log(1.5, 0.7, 0, 10), []uint16{503, 503, 500, 502, 603, 403}[rng.IntN(6)]
	case enum.OutcomeNoService:
		r.ring, r.sip = log(2, 0.5, 0, 10), []uint16{404, 404, 484}[rng.IntN(3)]
	case enum.Unreachable:
		r.ring, r.sip = log(6, 0.5, 1, 30), []uint16{480, 408}[rng.IntN(2)]
	case enum.OutcomeBusy:
		r.ring, r.sip = log(4, 0.5, 1, 20), 486
		if rng.Float64() < 0.3 {
			r.party = enum.Customer
		}
	}
}

// bend applies scenarios to a call; false: there is no such call.
func (d *drawer) bend(rng *rand.Rand, account string, r *row, plans []Scenario) bool {
	for i := range plans {
		sc := &plans[i]
		if !sc.concerns(account, r.start) || sc.rate() > 0 {
			continue
		}
		group := sc.Group
		if sc.Kind == DeadGroup && group == "" {
			group = d.o.Groups[0].Name
		}
		if group != "" && d.texts.all[r.group] != group || sc.Country != "" && d.o.Countries[r.country].Code != sc.Country {
			continue
		}
		outgoing := r.typ == enum.Outgoing
		answered := r.reason.Outcome() == enum.Answered
		hit := func(share float64) bool { return rng.Float64() < sc.share(share) }
		switch {
		case sc.Kind == DeadGroup:
			return false
		case sc.Kind == CarrierFailure && outgoing && hit(0.9):
			r.reason = enum.CallFailed
			d.ringAndTalk(rng, r)
			r.sip = 503
		case sc.Kind == MissedIncoming && r.typ == enum.Incoming && hit(0.9):
			r.reason = enum.IncomingNotAnswered
			d.ringAndTalk(rng, r)
		case sc.Kind == SlowAnswer && r.typ == enum.Incoming:
			r.ring += 40
		case sc.Kind == ShortCalls && outgoing && answered && hit(0.5):
			r.talk = 1 + rng.Int32N(6)
		case sc.Kind == Abandoned && r.typ == enum.GroupCall && hit(0.2):
			r.reason = enum.TransferRingingHungUp
			d.ringAndTalk(rng, r)
		}
	}
	return true
}

// extra draws a call that there would not be without a scenario.
func (d *drawer) extra(rng *rand.Rand, sc *Scenario, start int64) row {
	r := d.call(rng, start)
	if sc.Kind == Wangiri {
		d.number(rng, &r, int(d.byCode[sc.country("SL")]))
		r.typ, r.reason = enum.Incoming, enum.IncomingNotAnswered
		d.ringAndTalk(rng, &r)
		r.ring = 1 + rng.Int32N(3)
		return r
	}
	g := 0
	for i := range d.o.Groups {
		if d.o.Groups[i].Name == sc.Group {
			g = i
		}
	}
	d.place(rng, &r, g)
	d.number(rng, &r, int(d.byCode[sc.country("CU")]))
	r.typ, r.reason = enum.Outgoing, enum.OutgoingHungUp
	d.ringAndTalk(rng, &r)
	r.talk = 300 + rng.Int32N(1200)
	return r
}

// finish makes a drawn call whole: times, tags, media, and when its record appears.
func (d *drawer) finish(rng *rand.Rand, r row) row {
	answered := r.reason.Outcome() == enum.Answered
	r.end = r.start + int64(r.ring)
	if answered {
		r.answer = r.end
		r.end += int64(r.talk)
		r.tags = d.tagTexts[d.tags.draw(rng)]
	} else if r.typ != enum.Outgoing {
		r.agent, r.seat = 0, 0 // nobody took it
	}
	if r.typ == enum.GroupCall && rng.Float64() < 0.5 {
		if r.media = d.human; !answered && rng.Float64() < 0.6 {
			r.media = d.machine
		}
	}
	r.create = r.end
	r.visible = r.end*1e9 + rng.Int64N(2500)*1e6
	if rng.Float64() < d.o.LateShare {
		r.visible += int64(time.Hour) + rng.Int64N(int64(2*time.Hour))
		if !d.o.Habits.BackdateLate {
			r.create = r.visible / 1e9
		}
	}
	return r
}

// spoil draws what is wrong with a record. It has a generator of its own, so that faults do not change the calls.
func (d *drawer) spoil(rng *rand.Rand, r *row, f *Faults) {
	chance := func(p float64) bool { return p > 0 && rng.Float64() < p }
	if chance(f.NeverComplete) {
		r.state |= incomplete | neverComplete
	} else if chance(f.Incomplete) {
		r.state |= incomplete
		r.completed = r.visible + int64(10*time.Second) + rng.Int64N(int64(40*time.Minute))
		if rng.IntN(2) == 0 { // made at the start of the call, completed at its end
			r.completed = r.visible
			r.create = r.start
			r.visible = r.start*1e9 + 5e8
		}
	}
	complete := max(r.visible, r.completed)
	if chance(f.Delete) {
		least := f.DeleteMinAge
		if least == 0 {
			least = 2 * time.Hour
		}
		r.deleted = complete + int64(least) + rng.Int64N(int64(6*time.Hour))
	}
	if chance(f.Edit) {
		r.edited = complete + int64(time.Second) + rng.Int64N(int64(6*time.Hour))
		r.editTag = d.edited
	}
	if chance(f.NoKey) {
		r.state |= keyless
	} else if chance(f.KeySometimes) {
		r.state |= keySometimes
	}
	if chance(f.WrongTime) {
		r.wrong = noStart + wrongTime(rng.IntN(5))
	} else if chance(f.FutureStart) {
		r.wrong = startAhead
	}
	if chance(f.UnknownCode) {
		switch rng.IntN(3) {
		case 0:
			r.typ = enum.TypeUnknown
		case 1:
			r.reason = enum.ReasonUnknown
		default:
			r.party = enum.PartyUnknown
		}
	}
	if chance(f.BadText) {
		if rng.IntN(2) == 0 || r.agent == 0 {
			r.group = d.texts.number(d.texts.all[r.group] + " \xff\xfe")
		} else {
			r.agent = d.texts.number(d.texts.all[r.agent] + "\xc3(")
		}
	}
	if chance(f.NoRing) && r.wrong == noWrong { // it can still be told from the answer
		r.state |= noRing
	}
	if chance(f.NoGroup) {
		r.group = 0
	}
	if chance(f.NoCountry) {
		r.state |= noCountry
	}
}

// poisson draws a count with a mean.
func poisson(rng *rand.Rand, mean float64) int {
	if mean <= 0 {
		return 0
	}
	if mean > 30 {
		return max(0, int(math.Round(mean+math.Sqrt(mean)*rng.NormFloat64())))
	}
	n, p, least := 0, rng.Float64(), math.Exp(-mean)
	for p > least {
		n++
		p *= rng.Float64()
	}
	return n
}

// weights are cumulative.
type weights []float64

func newWeights(w ...float64) weights {
	sum := 0.0
	c := make(weights, len(w))
	for i, v := range w {
		sum += v
		c[i] = sum
	}
	return c
}

func (w weights) draw(rng *rand.Rand) int {
	u := rng.Float64() * w[len(w)-1]
	return min(len(w)-1, sort.Search(len(w), func(i int) bool { return w[i] > u }))
}

// rhythm is the rate at an hour of the week against the mean, whose mean is 1.
type rhythm [7][24]float64

func newRhythm(depth float64) (r rhythm) {
	hours := [24]float64{3, 2, 2, 2, 2, 3, 6, 20, 60, 95, 100, 95, 70, 80, 95, 100, 95, 85, 60, 40, 25, 15, 8, 5}
	sum := 0.0
	for day := range r {
		for h := range r[day] {
			v := hours[h]
			if time.Weekday(day) == time.Saturday || time.Weekday(day) == time.Sunday {
				v *= 0.3
			}
			r[day][h] = v
			sum += v
		}
	}
	for day := range r {
		for h := range r[day] {
			r[day][h] = 1 - depth + depth*r[day][h]*7*24/sum
		}
	}
	return r
}

func (r *rhythm) at(t time.Time) float64 { return r[t.Weekday()][t.Hour()] }

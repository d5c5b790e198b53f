package simulator

import (
	"math/rand/v2"
	"strings"
	"time"

	"itnio_exporter/enum"
)

// chunkSeconds of traffic are drawn at once. Each chunk has its own random generator, so that calls do not depend on when requests come.
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
func (d *drawer) chunk(a Account, seed uint64, n int64, scenarios []Scenario, yield func(row)) {
	rng := rand.New(rand.NewPCG(seed, uint64(n)))
	begin := n * chunkSeconds
	scale := a.Scale
	if scale == 0 {
		scale = 1
	}
	mean := d.o.CallsPerDay * scale / 86400 * chunkSeconds * d.rhythm.at(time.Unix(begin, 0).In(d.zone))
	for range poisson(rng, mean) {
		r := d.call(rng, begin+rng.Int64N(chunkSeconds))
		if d.bend(rng, a.Name, &r, scenarios) {
			yield(d.finish(rng, r))
		}
	}
	for i := range scenarios {
		sc := &scenarios[i]
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

// finish completes a drawn call: times, tags, media, and when its record appears.
func (d *drawer) finish(rng *rand.Rand, r row) row {
	answered := r.reason.Outcome() == enum.Answered
	r.end = r.start + int64(r.ring)
	if answered {
		r.answer = r.end
		r.end += int64(r.talk)
		r.tags = d.tagTexts[d.tags.draw(rng)]
	} else if r.typ != enum.Outgoing {
		r.agent, r.seat = 0, 0 // no agent took the call
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

package simulator

import (
	"math"
	"math/rand/v2"

	"itnio_exporter/enum"
)

func answeredReason(t enum.CallType) enum.Reason {
	switch t {
	case enum.Incoming:
		return enum.IncomingHungUp
	case enum.GroupCall:
		return enum.TransferSuccessHungUp
	}
	return enum.OutgoingHungUp
}

// reason draws why the call ended. quality is the country's share of answered calls relative to the mean.
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

// ringAndTalk draws ring time, talk time, who hung up and the SIP code, by the call's type and reason.
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

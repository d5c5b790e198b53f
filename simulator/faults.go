package simulator

import (
	"cmp"
	"math"
	"time"
)

// Faults are the faults of the server and the network, each with a probability from 0 to 1. They are drawn from the seed: those
// of a request by the request's number, those of a record by the record, those of a period by the time. The zero value is a faultless server.
type Faults struct {
	Until time.Time `json:"until"` // no fault from then on; zero: no end. Records that were made faulty stay so.

	// For each request.
	TooMany      float64 `json:"too_many"`       // HTTP 429
	TooManyRetry float64 `json:"too_many_retry"` // HTTP 429 with Retry-After
	ServerError  float64 `json:"server_error"`   // HTTP 500, 502 or 503
	HTML         float64 `json:"html"`           // a login page, 200
	Cut          float64 `json:"cut"`            // a body that ends before its announced length
	Short        float64 `json:"short"`          // a JSON text that ends early, well announced
	Garbage      float64 `json:"garbage"`        // bytes
	Reset        float64 `json:"reset"`          // connection reset
	DNS          float64 `json:"dns"`            // no such host (a reset over real sockets)
	Hang         float64 `json:"hang"`           // no answer for five minutes
	Status       float64 `json:"status"`         // one of Statuses
	Statuses     []int   `json:"statuses"`       // default: all documented ones and some unknown
	NoDate       float64 `json:"no_date"`        // an answer without the Date header
	DateAstray   float64 `json:"date_astray"`    // the Date header is off by seconds, minutes, hours or days
	TotalOff     float64 `json:"total_off"`      // total is one too many or one too few
	Duplicate    float64 `json:"duplicate"`      // a record twice in a page, the page's last one pushed off
	Shift        float64 `json:"shift"`          // the page begins up to three records early or late

	// For a period: the probability that a quarter of an hour has such a period, of one to ten minutes.
	Outage       float64 `json:"outage"`        // every request fails in one way, one of Statuses among them
	TotalCapped  float64 `json:"total_capped"`  // total is at most 100
	TotalWrong   float64 `json:"total_lies"`    // total is one too many or one too few, the same for the whole period
	ImposedSize  float64 `json:"imposed_size"`  // pages of 10 or 30
	FirstAgain   float64 `json:"first_again"`   // a page past the last is the first again
	NoDates      float64 `json:"no_dates"`      // answers without the Date header
	DateOff      float64 `json:"date_off"`      // the Date header is off by minutes, hours or days
	TwoClocks    float64 `json:"two_clocks"`    // two servers behind one address: the Date of every other answer is off by minutes or hours
	ClockOff     float64 `json:"clock_off"`     // the server's clock is off by hours: its Date and its timestamp check
	Burst        float64 `json:"burst"`         // thousands of calls in one second
	BurstSize    int     `json:"burst_size"`    // default 2000
	AnswersSlow  float64 `json:"answers_slow"`  // answers take ten seconds more
	UnstableTies float64 `json:"unstable_ties"` // the order of records of one second changes from answer to answer

	// For a longer period: the probability that six hours have one of half an hour to three hours.
	DateOffLong float64 `json:"date_off_long"` // the Date header is off by minutes, hours or days

	// For each record.
	Delete        float64 `json:"delete"`          // removed for good, 2 to 8 h after it appeared (or was completed)
	Edit          float64 `json:"edit"`            // remark, a tag and updateTime change within 6 h
	Incomplete    float64 `json:"incomplete"`      // without hang-up at first: from the call's start, or from its end for up to 40 min
	NeverComplete float64 `json:"never_complete"`  // without hang-up for good
	NoKey         float64 `json:"no_key"`          // without keyId
	KeySometimes  float64 `json:"key_sometimes"`   // with keyId in some answers and without in others
	WrongTime     float64 `json:"wrong_time"`      // start missing, start in 1970 or 2099, hang-up in 1970 or 2099; the window filters on the right time
	FutureStart   float64 `json:"future_start"`    // start and the time filtered on up to 20 h ahead
	UnknownCode   float64 `json:"unknown_code"`    // an undocumented call type, reason or party
	BadText       float64 `json:"bad_text"`        // invalid UTF-8 in the group's or the agent's name
	NoRing        float64 `json:"no_ring"`         // without ringDuration
	NoGroup       float64 `json:"no_group"`        // without sipGroupName
	NoCountry     float64 `json:"no_country_code"` // without ccode
	RawRemark     float64 `json:"raw_remark"`      // a quote, backslash or control character in the remark without its escape: the page is no JSON
}

// AllFaults has every fault, each so rarely that a client still makes progress.
func AllFaults() Faults {
	return Faults{
		TooMany: 0.003, TooManyRetry: 0.003, ServerError: 0.005, HTML: 0.003, Cut: 0.003, Short: 0.003, Garbage: 0.003,
		Reset: 0.005, DNS: 0.003, Hang: 0.002, Status: 0.01, NoDate: 0.01, DateAstray: 0.01, TotalOff: 0.01, Duplicate: 0.01, Shift: 0.01,

		Outage: 0.03, TotalCapped: 0.02, TotalWrong: 0.03, ImposedSize: 0.03, FirstAgain: 0.03, Burst: 0.02,
		NoDates: 0.01, DateOff: 0.02, TwoClocks: 0.02, ClockOff: 0.01, DateOffLong: 0.5,
		AnswersSlow: 0.01, UnstableTies: 0.03,

		Delete: 0.005, Edit: 0.03, Incomplete: 0.02, NeverComplete: 0.002, NoKey: 0.005, KeySometimes: 0.005,
		WrongTime: 0.005, FutureStart: 0.003, UnknownCode: 0.005, BadText: 0.003, NoRing: 0.01, NoGroup: 0.005, NoCountry: 0.005,
		RawRemark: 0.003,
	}
}

func (f *Faults) active(now time.Time) bool { return f.Until.IsZero() || now.Before(f.Until) }

// allStatuses are the documented failures and two unknown statuses.
var allStatuses = []int{-1, -2, -15, -16, -18, -20, -21, -22, -23, -24, -76, -42, 7}

func (f *Faults) statuses() []int {
	if len(f.Statuses) > 0 {
		return f.Statuses
	}
	return allStatuses
}

func (f *Faults) burstSize() int { return cmp.Or(f.BurstSize, 2000) }

// mix hashes two numbers (splitmix64).
func mix(a, b uint64) uint64 {
	x := a ^ b*0x9e3779b97f4a7c15
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// unit turns a hash into a number in [0, 1).
func unit(h uint64) float64 { return float64(h>>11) / (1 << 53) }

// One number for each fault, mixed into its random draws, so that faults are independent of each other.
const (
	drawTooMany uint64 = iota + 1
	drawTooManyRetry
	drawServerError
	drawHTML
	drawCut
	drawShort
	drawGarbage
	drawReset
	drawDNS
	drawHang
	drawStatus
	drawNoDate
	drawTotalOff
	drawDuplicate
	drawShift
	drawOutage
	drawTotalCapped
	drawTotalWrong
	drawImposedSize
	drawFirstAgain
	drawDateOff
	drawClockOff
	drawBurst
	drawSlow
	drawUnstable
	drawTies
	drawDateAstray
	drawNoDates
	drawTwoClocks
	drawDateOffLong
)

// request draws whether a request with this seed has a fault, and a random number to choose among the fault's variants.
func request(seed, kind uint64, p float64) (bool, uint64) {
	if p <= 0 {
		return false, 0
	}
	h := mix(seed, kind)
	return unit(h) < p, mix(h, 1)
}

const slot = 15 * 60 // seconds in which one short period of a fault may begin

// period says when a fault that lasts may begin, and how long it lasts, in seconds.
type period struct {
	slot         int64 // one may begin in each
	latest       int64 // into its slot
	least, spare int64 // its length is least, and up to spare more
}

// during draws whether a period of a fault is going on, and a random number that stays the same throughout the period.
func during(seed, kind uint64, p float64, now time.Time) (bool, uint64) {
	return period{slot: slot, latest: 300, least: 60, spare: 541}.during(seed, kind, p, now)
}

// forHours is during for the longer periods.
func forHours(seed, kind uint64, p float64, now time.Time) (bool, uint64) {
	return period{slot: 6 * 60 * 60, latest: 60 * 60, least: 30 * 60, spare: 150 * 60}.during(seed, kind, p, now)
}

func (r period) during(seed, kind uint64, p float64, now time.Time) (bool, uint64) {
	if p <= 0 {
		return false, 0
	}
	sec := now.Unix()
	n := int64(math.Floor(float64(sec) / float64(r.slot)))
	h := mix(mix(seed, kind), uint64(n))
	if unit(h) >= p {
		return false, 0
	}
	begin := n*r.slot + int64(mix(h, 2)%uint64(r.latest))
	length := r.least + int64(mix(h, 3)%uint64(r.spare))
	return sec >= begin && sec < begin+length, mix(h, 4)
}

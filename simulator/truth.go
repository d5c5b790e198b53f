package simulator

import (
	"fmt"
	"iter"
	"strings"
	"time"

	"itnio_exporter/enum"
)

// Call is a call and its record, as far as a client can know them: codes that the record does not have are unknown, and times
// that it does not have are zero. Start, Answer, End and Create are the times in the record, by the server's clock.
// The other times are by Options.Now.
type Call struct {
	Account string
	KeyID   uint64 // 0 until it has appeared. NoKey and KeySometimes say whether records show it
	Session string

	Type   enum.CallType
	Reason enum.Reason // ReasonUnknown as long as it is incomplete
	Party  enum.Party

	Country      string // ISO 3166-1 alpha-2, 001, or unknown where the record has neither country code nor region
	CallingCode  string
	Group        string // "" if the record has none; may contain invalid UTF-8, as Agent may
	VoiceGroupID int64
	Agent        string // "" if nobody took the call
	SeatID       int64
	SIPCode      int // 0: none
	Tags         []string
	EditTag      string // the tag added at EditedAt, if any; not in Tags
	Media        string // "" if none

	Start, Answer, End, Create time.Time
	Talk, Ring                 int64 // seconds; Ring is the real one even if the record has none

	NoRing       bool // the record has no ringDuration
	NoKey        bool // the record never has a keyId
	KeySometimes bool // some answers have the keyId

	VisibleAt   time.Time // the record appears
	CompletedAt time.Time // it gets its hang-up; zero if it always had it or never gets it
	Incomplete  bool      // it never gets its hang-up
	Hidden      bool      // no window finds it: it never gets its hang-up, and windows filter on that
	EditedAt    time.Time // remark and tags change; zero: never
	DeletedAt   time.Time // it is deleted; zero: never
}

// Ended is when the call ended, as the exporter counts: its hang-up, else its creation.
func (c *Call) Ended() time.Time {
	if !c.End.IsZero() {
		return c.End
	}
	return c.Create
}

// KnownRing is the ring time according to the record, in seconds: its ringDuration, else answer − start, else 0.
func (c *Call) KnownRing() int64 {
	switch {
	case !c.NoRing:
		return c.Ring
	case c.Answer.IsZero() || c.Start.IsZero():
		return 0
	}
	return int64(c.Answer.Sub(c.Start) / time.Second)
}

// VisibleFor is how long the record had been visible at a time, since its completion if it was incomplete, and up to its
// deletion if it was deleted.
func (c *Call) VisibleFor(now time.Time) time.Duration {
	since := c.VisibleAt
	if c.CompletedAt.After(since) {
		since = c.CompletedAt
	}
	if !c.DeletedAt.IsZero() && c.DeletedAt.Before(now) {
		now = c.DeletedAt
	}
	return max(0, now.Sub(since))
}

// Calls returns every call that has started by now and every added one, account by account. It includes what will still happen to the records.
func (s *Simulator) Calls() iter.Seq[Call] {
	return func(yield func(Call) bool) {
		s.mu.Lock()
		s.advance()
		now := s.o.Now().Unix()
		s.mu.Unlock()
		batch := make([]Call, 0, 1000)
		for _, t := range s.tenants {
			for next, more := 0, true; more; {
				batch = batch[:0]
				s.mu.Lock() // not during yield: the caller may ask the simulator
				for ; next < len(t.rows) && len(batch) < cap(batch); next++ {
					if r := &t.rows[next]; !r.is(cancelled) && (r.start <= now || r.is(added)) {
						batch = append(batch, s.call(t, r))
					}
				}
				more = next < len(t.rows)
				s.mu.Unlock()
				for i := range batch {
					if !yield(batch[i]) {
						return
					}
				}
			}
		}
	}
}

// call turns a row into a Call.
func (s *Simulator) call(t *tenant, r *row) Call {
	final := *r
	final.state &^= incomplete
	if r.is(neverComplete) {
		final.state |= incomplete
	}
	skew := int64(s.o.Habits.recordSkew() / time.Second)
	shown := func(unix int64) time.Time {
		if unix == 0 {
			return time.Time{}
		}
		return time.Unix(unix+skew, 0).UTC()
	}
	nano := func(ns int64) time.Time {
		if ns == 0 {
			return time.Time{}
		}
		return time.Unix(0, ns).UTC()
	}
	country := &s.o.Countries[r.country]
	c := Call{
		Account: t.account.Name, KeyID: r.id, Session: fmt.Sprint(r.session),
		Type: r.typ, Reason: r.reason, Party: r.party,
		Country: country.Code, CallingCode: country.CallingCode,
		Group: s.texts.all[r.group], VoiceGroupID: int64(r.groupID), Agent: s.texts.all[r.agent], SeatID: int64(r.seat),
		SIPCode: int(r.sip), Media: s.texts.all[r.media], EditTag: s.texts.all[r.editTag],
		Start: shown(final.shownStart()), Answer: shown(final.shownAnswer()), End: shown(final.shownEnd()), Create: shown(r.create),
		Talk: int64(r.talk), Ring: int64(r.ring),
		NoRing: r.is(noRing), NoKey: r.is(keyless), KeySometimes: r.is(keySometimes),
		VisibleAt: nano(r.visible), CompletedAt: nano(r.completed), Incomplete: r.is(neverComplete),
		EditedAt: nano(r.edited), DeletedAt: nano(r.deleted),
	}
	if r.tags != 0 {
		c.Tags = strings.Split(s.texts.all[r.tags], tagSep)
	}
	switch {
	case !r.is(noCountry):
	case !s.o.Habits.Region:
		c.Country, c.CallingCode = enum.Unknown, ""
	case c.Country == "001":
		c.CallingCode = "" // the region names a country without its calling code
	}
	if c.Incomplete {
		c.Hidden = t.filter == ByHangup
		c.Reason, c.Party, c.SIPCode = enum.ReasonUnknown, enum.PartyUnknown, 0
		c.Talk, c.Ring, c.NoRing = 0, 0, true
	}
	return c
}

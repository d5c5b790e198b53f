package simulator

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"itnio_exporter/enum"
)

// Add adds the given calls. Missing fields are filled in: the first account, End from Start, Ring and Talk (a zero Start:
// now), Answer of answered calls, VisibleAt and Create at the end, ids, SIP code 200 of answered calls, the country (China)
// and a number there. Country unknown makes a record without country code. Records whose VisibleAt has passed appear at once.
func (s *Simulator) Add(calls ...Call) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	var errs []error
	for i := range calls {
		errs = append(errs, s.add(&calls[i]))
	}
	s.advance()
	return errors.Join(errs...)
}

func (s *Simulator) add(c *Call) error {
	t, err := s.tenantNamed(c.Account)
	if err != nil {
		return err
	}
	code := c.Country
	if code == "" || code == enum.Unknown {
		code = "CN"
	}
	country, ok := s.calls.byCode[code]
	if !ok {
		return fmt.Errorf("no country %q", code)
	}
	r := row{
		id: c.KeyID, number: s.o.Countries[country].number(mix(t.seed, uint64(len(t.rows)))), talk: int32(c.Talk), ring: int32(c.Ring),
		group: s.texts.number(c.Group), groupID: int32(c.VoiceGroupID), agent: s.texts.number(c.Agent), seat: int32(c.SeatID),
		tags: s.texts.number(strings.Join(c.Tags, tagSep)), editTag: s.texts.number(c.EditTag), media: s.texts.number(c.Media),
		country: country, sip: uint16(c.SIPCode), typ: c.Type, reason: c.Reason, party: c.Party, state: c.state(),
	}
	if c.Session != "" {
		if _, err := fmt.Sscan(c.Session, &r.session); err != nil {
			return fmt.Errorf("session %q: %w", c.Session, err)
		}
	}
	if r.sip == 0 && c.answered() {
		r.sip = 200
	}
	r.setTimes(c, s.o.Now())
	t.add(r, s.zone)
	return nil
}

// tenantNamed finds an account; the first for "".
func (s *Simulator) tenantNamed(name string) (*tenant, error) {
	if name == "" {
		return s.tenants[0], nil
	}
	i := slices.IndexFunc(s.tenants, func(t *tenant) bool { return t.account.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("no account %q", name)
	}
	return s.tenants[i], nil
}

func (c *Call) answered() bool { return c.Reason.Outcome() == enum.Answered }

// state is the state of the record, by the call's fields.
func (c *Call) state() rowState {
	state := added
	for _, f := range []struct {
		on    bool
		state rowState
	}{
		{c.NoRing, noRing},
		{c.NoKey, keyless},
		{c.KeySometimes, keySometimes},
		{c.Country == enum.Unknown, noCountry},
		{c.Incomplete, incomplete | neverComplete},
		{!c.CompletedAt.IsZero(), incomplete},
	} {
		if f.on {
			state |= f.state
		}
	}
	return state
}

// setTimes sets the row's times from the call's, and fills in those that are missing.
func (r *row) setTimes(c *Call, now time.Time) {
	r.start = unixOr(c.Start, now.Unix())
	r.end = unixOr(c.End, r.start+c.Ring+c.Talk)
	r.create = unixOr(c.Create, r.end)
	r.answer = unixOr(c.Answer, 0)
	if r.answer == 0 && c.answered() {
		r.answer = r.start + c.Ring
	}
	if r.visible = nanos(c.VisibleAt); r.visible == 0 {
		r.visible = r.end * 1e9
	}
	r.completed, r.edited, r.deleted = nanos(c.CompletedAt), nanos(c.EditedAt), nanos(c.DeletedAt)
}

func unixOr(t time.Time, other int64) int64 {
	if t.IsZero() {
		return other
	}
	return t.Unix()
}

// nanos is a time in nanoseconds since 1970; 0 for the zero time.
func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

package simulator

import (
	"crypto/md5" // the vendor's signature
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"
)

// tolerance is how far a request's timestamp may be from the server's clock.
const tolerance = 30 * time.Minute

// authenticate checks key, signature and timestamp.
func (q *exchangeState) authenticate(t *tenant) *status {
	stamp := q.in.header.Get("Timestamp")
	if t == nil {
		return statusOf(statusAuth)
	}
	sum := md5.Sum([]byte(t.account.Key + t.account.Secret + stamp))
	if !strings.EqualFold(hex.EncodeToString(sum[:]), q.in.header.Get("Sign")) {
		return statusOf(statusAuth)
	}
	sec, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return statusOf(statusTimestamp)
	}
	if off := q.serverNow().Sub(time.Unix(sec, 0)); off > tolerance || off < -tolerance {
		return statusOf(statusTimestamp)
	}
	return nil
}

// answer does what the API itself does. It returns the body and its status for Stats.
func (q *exchangeState) answer(key string) (body []byte, label string) {
	s := q.s
	t := s.tenantOf(key)
	refuse := func(st *status) ([]byte, string) { return s.failure(st), strconv.Itoa(st.code) }
	if st := q.authenticate(t); st != nil {
		return refuse(st)
	}
	if st := s.switches.status(); st != 0 {
		return refuse(statusOf(st))
	}
	if st := q.refused(); st != nil {
		return refuse(st)
	}
	if !s.allowed(key, q.now) {
		return refuse(statusOf(statusFrequent))
	}
	a, st := s.understand(q.in.body, q.serverNow())
	if st != nil {
		return refuse(st)
	}
	p, st := q.read(t, a)
	if st != nil {
		return refuse(st)
	}
	return s.page(p), "0"
}

// refused draws a failure status that nothing in the query explains. Throughout an outage it is the same one.
func (q *exchangeState) refused() *status {
	on, x := q.while(drawOutage, q.faults.Outage)
	if !on {
		on, x = q.hit(drawStatus, q.faults.Status)
	}
	if !on {
		return nil
	}
	all := q.faults.statuses()
	return statusOf(all[mix(x, drawStatus)%uint64(len(all))])
}

// status is the status with which the switches answer every query; 0: none.
func (w *Switches) status() int {
	if w.AuthRefused {
		return statusAuth
	}
	return w.Status
}

// read reads a page and draws its faults.
func (q *exchangeState) read(t *tenant, a asked) (answer, *status) {
	f, h := &q.faults, &q.s.o.Habits
	size := a.size
	if on, x := q.while(drawImposedSize, f.ImposedSize); on {
		size = []int{10, 30}[x%2]
	}
	p := answer{size: size, current: a.current, tenant: t, salt: q.salt}
	if a.nothing {
		return p, nil
	}
	offset := (a.current - 1) * size
	if on, x := q.hit(drawShift, f.Shift); on {
		offset = max(0, offset+int(x%7)-3)
	}
	unstable := h.UnstableTies
	if on, _ := q.while(drawUnstable, f.UnstableTies); on {
		unstable = true
	}
	l := listing{window: a.window, matcher: a.matcher, order: h.Order, unstable: unstable, salt: q.salt}
	rows, total := t.page(l, offset, size)
	again, _ := q.while(drawFirstAgain, f.FirstAgain)
	if len(rows) == 0 && total > 0 && offset >= total && (h.OverflowFirstPage || again) {
		p.current = 1
		rows, _ = t.page(l, 0, size)
	}
	if h.MaxTotal > 0 && total > h.MaxTotal {
		return p, statusOf(statusCap)
	}
	p.rows = slices.Clone(rows)
	if on, x := q.hit(drawDuplicate, f.Duplicate); on && len(p.rows) > 1 {
		i := int(x % uint64(len(p.rows)-1))
		p.rows = slices.Insert(p.rows, i, p.rows[i])
		p.rows = p.rows[:min(len(p.rows), size)]
	}
	p.total = q.shownTotal(total)
	return p, nil
}

// totalCap is the largest total in a period of the fault TotalCapped.
const totalCap = 100

// shownTotal is the total in the answer.
func (q *exchangeState) shownTotal(total int) int {
	f := &q.faults
	if on, _ := q.while(drawTotalCapped, f.TotalCapped); on {
		total = min(total, totalCap)
	}
	if on, x := q.while(drawTotalWrong, f.TotalWrong); on {
		total += 1 - 2*int(x%2)
	}
	if on, x := q.hit(drawTotalOff, f.TotalOff); on {
		total += 1 - 2*int(x%2)
	}
	return max(0, total)
}

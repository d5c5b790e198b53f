package simulator

import (
	"context"
	"crypto/md5" // the vendor's signature
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// recordPath is the record query.
const recordPath = "/v3/cc/record/query"

// hangTime is how long a hanging answer hangs at most.
const hangTime = 5 * time.Minute

// tolerance is how far a request's timestamp may be from the server's clock.
const tolerance = 30 * time.Minute

// incoming is a request, from a socket or not.
type incoming struct {
	method, path string
	header       http.Header
	body         []byte
}

// reply is an answer, or what comes instead of one.
type reply struct {
	end    ending
	code   int
	header http.Header
	body   []byte
	label  string // for Stats
}

type ending uint8

const (
	whole   ending = iota
	cutOff         // the body ends before its announced length
	reset          // the connection is reset
	noHost         // the name is not found
	hanging        // nothing comes
)

// exchange answers a request of the API after its latency.
func (s *Simulator) exchange(ctx context.Context, in incoming) (reply, error) {
	key := in.header.Get("Api-Key")
	s.mu.Lock()
	n := s.requests[key]
	s.requests[key]++
	delay := s.o.Latency
	if slow, _ := during(s.o.Seed, drawSlow, s.faults.AnswersSlow, s.o.Now()); slow && s.faults.active(s.o.Now()) {
		delay += 10 * time.Second
	}
	s.mu.Unlock()
	if err := sleep(ctx, delay); err != nil {
		return reply{}, err
	}
	r := s.respond(key, n, in)
	if r.end == hanging {
		if err := sleep(ctx, hangTime); err != nil {
			return reply{}, err
		}
		r.end = reset
	}
	return r, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// respond answers the n-th request of a key at once.
func (s *Simulator) respond(key string, n uint64, in incoming) (r reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	q := exchangeState{s: s, in: in, now: s.o.Now(), salt: mix(mix(s.o.Seed, n), textHash(key))}
	if s.faults.active(q.now) {
		q.faults = s.faults
	}
	defer func() { s.stats[r.label]++ }()
	if r, hit := q.broken(); hit {
		return r
	}
	if in.path != recordPath {
		return q.http(http.StatusNotFound, `{"timestamp":"`+q.now.UTC().Format(time.RFC3339)+`","status":404,"error":"Not Found"}`)
	}
	if in.method != http.MethodPost {
		return q.http(http.StatusMethodNotAllowed, `{"status":405,"error":"Method Not Allowed"}`)
	}
	body, label := q.answer(key)
	r = reply{code: http.StatusOK, header: q.header(), body: body, label: label}
	r.header.Set("Content-Type", "application/json;charset=UTF-8")
	q.spoilBody(&r)
	return r
}

func textHash(t string) (h uint64) {
	for i := range len(t) {
		h = mix(h, uint64(t[i])+1)
	}
	return h
}

// exchangeState is one request being answered.
type exchangeState struct {
	s      *Simulator
	in     incoming
	now    time.Time
	faults Faults
	salt   uint64 // of this request
}

func (q *exchangeState) hit(kind uint64, p float64) (bool, uint64) { return request(q.salt, kind, p) }

func (q *exchangeState) while(kind uint64, p float64) (bool, uint64) {
	return during(q.s.o.Seed, kind, p, q.now)
}

// serverNow is the server's clock.
func (q *exchangeState) serverNow() time.Time {
	now := q.now.Add(q.s.o.Habits.ClockSkew)
	if on, x := q.while(drawClockOff, q.faults.ClockOff); on {
		now = now.Add(hours(x))
	}
	return now
}

// hours is a time of one to twelve hours, either way.
func hours(x uint64) time.Duration {
	d := time.Hour + time.Duration(x%uint64(11*time.Hour))
	if x>>40&1 == 0 {
		return -d
	}
	return d
}

func (q *exchangeState) header() http.Header {
	h := http.Header{}
	date := q.serverNow()
	if on, x := q.while(drawDateOff, q.faults.DateOff); on {
		date = date.Add(hours(x))
	}
	if none, _ := q.hit(drawNoDate, q.faults.NoDate); !none {
		h.Set("Date", date.UTC().Format(http.TimeFormat))
	}
	return h
}

func (q *exchangeState) http(code int, body string) reply {
	h := q.header()
	h.Set("Content-Type", "application/json")
	return reply{code: code, header: h, body: []byte(body), label: "http_" + strconv.Itoa(code)}
}

// broken draws the failures that come before the application.
func (q *exchangeState) broken() (reply, bool) {
	f := &q.faults
	account := q.s.accountName(q.in.header.Get("Api-Key"))
	if q.s.switches.Down || q.s.scenario(Down, account, q.now) {
		return reply{end: reset, label: "reset"}, true
	}
	kinds := []struct {
		kind uint64
		p    float64
	}{
		{drawReset, f.Reset},
		{drawDNS, f.DNS},
		{drawHang, f.Hang},
		{drawTooMany, f.TooMany},
		{drawTooManyRetry, f.TooManyRetry},
		{drawServerError, f.ServerError},
		{drawHTML, f.HTML},
	}
	if on, x := q.while(drawOutage, f.Outage); on {
		i := x % uint64(len(kinds)+1)
		if i == uint64(len(kinds)) {
			return reply{}, false // an outage of the application, see refused
		}
		return q.fail(kinds[i].kind, x), true
	}
	for _, k := range kinds {
		if on, x := q.hit(k.kind, k.p); on {
			return q.fail(k.kind, x), true
		}
	}
	return reply{}, false
}

func (q *exchangeState) fail(kind, x uint64) reply {
	switch kind {
	case drawReset:
		return reply{end: reset, label: "reset"}
	case drawDNS:
		return reply{end: noHost, label: "dns"}
	case drawHang:
		return reply{end: hanging, label: "hang"}
	case drawTooMany:
		return q.http(http.StatusTooManyRequests, `{"message":"too many requests"}`)
	case drawTooManyRetry:
		r := q.http(http.StatusTooManyRequests, `{"message":"too many requests"}`)
		after := 1 + int(x%30)
		r.header.Set("Retry-After", strconv.Itoa(after))
		if x>>20&1 == 1 {
			r.header.Set("Retry-After", q.serverNow().Add(time.Duration(after)*time.Second).UTC().Format(http.TimeFormat))
		}
		return r
	case drawServerError:
		return q.http([]int{http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable}[x%3], "upstream error\n")
	}
	r := q.http(http.StatusOK, "<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Please sign in</h1></body></html>")
	r.header.Set("Content-Type", "text/html; charset=utf-8")
	r.label = "html"
	return r
}

// spoilBody draws the failures that a good answer meets on its way.
func (q *exchangeState) spoilBody(r *reply) {
	if on, x := q.hit(drawCut, q.faults.Cut); on {
		r.end, r.label = cutOff, "cut"
		r.body = r.body[:int(x%uint64(len(r.body)))]
	} else if on, x := q.hit(drawShort, q.faults.Short); on {
		r.label = "short"
		r.body = r.body[:int(x%uint64(len(r.body)))]
	} else if on, x := q.hit(drawGarbage, q.faults.Garbage); on {
		r.label = "garbage"
		for i := range r.body {
			r.body[i] = byte(mix(x, uint64(i)))
		}
	}
}

// scenario reports whether a scenario of some kind is on for an account.
func (s *Simulator) scenario(kind ScenarioKind, account string, now time.Time) bool {
	for i := range s.plans {
		if s.plans[i].Kind == kind && s.plans[i].concerns(account, now.Unix()) {
			return true
		}
	}
	return false
}

func (s *Simulator) tenantOf(key string) *tenant {
	for _, t := range s.tenants {
		if t.account.Key == key {
			return t
		}
	}
	return nil
}

func (s *Simulator) accountName(key string) string {
	if t := s.tenantOf(key); t != nil {
		return t.account.Name
	}
	return ""
}

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

// answer is the application: it gives the body and the status.
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
	if s.scenario(AuthRefused, t.account.Name, q.now) {
		return refuse(statusOf(statusAuth))
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

// refused draws a status for no reason; in an outage it is the same all the while.
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
	rows, total := t.page(a.window, a.matcher, h.Order, unstable, q.salt, offset, size)
	again, _ := q.while(drawFirstAgain, f.FirstAgain)
	if len(rows) == 0 && total > 0 && offset >= total && (h.OverflowFirstPage || again) {
		p.current = 1
		rows, _ = t.page(a.window, a.matcher, h.Order, unstable, q.salt, 0, size)
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
	p.total = q.said(total)
	return p, nil
}

// said is the total that is said.
func (q *exchangeState) said(total int) int {
	f := &q.faults
	if on, _ := q.while(drawTotalCapped, f.TotalCapped); on {
		limit := f.TotalCap
		if limit == 0 {
			limit = 100
		}
		total = min(total, limit)
	}
	if on, x := q.while(drawTotalLies, f.TotalLies); on {
		total += 1 - 2*int(x%2)
	}
	if on, x := q.hit(drawTotalOff, f.TotalOff); on {
		total += 1 - 2*int(x%2)
	}
	return max(0, total)
}

// tokens is a bucket of them, for the rate limit of a key.
type tokens struct {
	left float64
	at   time.Time
}

func (s *Simulator) allowed(key string, now time.Time) bool {
	if s.o.RateLimit <= 0 {
		return true
	}
	most := max(1, s.o.RateLimit)
	b, ok := s.buckets[key]
	if !ok {
		b = &tokens{left: most, at: now}
		s.buckets[key] = b
	}
	b.left = min(most, b.left+now.Sub(b.at).Seconds()*s.o.RateLimit)
	b.at = now
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}

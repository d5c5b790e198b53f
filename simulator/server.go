package simulator

import (
	"context"
	"net/http"
	"strconv"
	"time"
)

// recordPath is the record query.
const recordPath = "/v3/cc/record/query"

// hangTime is how long a hanging answer hangs at most.
const hangTime = 5 * time.Minute

// incoming is a request, over a socket or within the process.
type incoming struct {
	method, path string
	header       http.Header
	body         []byte
}

// reply is an HTTP answer, or a failure of the connection.
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
	noHost         // the host name is not found
	hanging        // no answer
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

func (q *exchangeState) header() http.Header {
	h := http.Header{}
	if date, ok := q.date(); ok {
		h.Set("Date", date.UTC().Format(http.TimeFormat))
	}
	return h
}

// date draws the Date of an answer; false: it has none.
func (q *exchangeState) date() (time.Time, bool) {
	date, f := q.serverNow(), &q.faults
	if on, x := q.while(drawDateOff, f.DateOff); on {
		date = date.Add(astray(x))
	}
	if on, x := forHours(q.s.o.Seed, drawDateOffLong, f.DateOffLong, q.now); on {
		date = date.Add(astray(x))
	}
	if on, x := q.while(drawTwoClocks, f.TwoClocks); on && q.salt%2 == 0 {
		date = date.Add(astray(x))
	}
	if on, x := q.hit(drawDateAstray, f.DateAstray); on {
		date = date.Add(astray(x))
	}
	none, _ := q.hit(drawNoDate, f.NoDate)
	never, _ := q.while(drawNoDates, f.NoDates)
	return date, !none && !never
}

func (q *exchangeState) http(code int, body string) reply {
	h := q.header()
	h.Set("Content-Type", "application/json")
	return reply{code: code, header: h, body: []byte(body), label: "http_" + strconv.Itoa(code)}
}

// Rotate gives an account, the first for "", another key and secret. Those before are refused from now on.
func (s *Simulator) Rotate(account, key, secret string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.tenantNamed(account)
	if err != nil {
		return err
	}
	t.account.Key, t.account.Secret = key, secret
	return nil
}

func (s *Simulator) tenantOf(key string) *tenant {
	for _, t := range s.tenants {
		if t.account.Key == key {
			return t
		}
	}
	return nil
}

package simulator

import (
	"net/http"
	"strconv"
	"time"
)

// hours turns a random number into an offset of one to twelve hours, ahead or behind.
func hours(x uint64) time.Duration {
	d := time.Hour + time.Duration(x%uint64(11*time.Hour))
	if x>>40&1 == 0 {
		return -d
	}
	return d
}

// astray is a time of seconds to weeks, either way.
func astray(x uint64) time.Duration {
	scales := []time.Duration{time.Second, time.Minute, 20 * time.Minute, time.Hour, 24 * time.Hour}
	d := scales[x%uint64(len(scales))]
	d += time.Duration(mix(x, 1) % uint64(15*d))
	if x>>40&1 == 0 {
		return -d
	}
	return d
}

// broken draws the failures of the network and of proxies in front of the API.
func (q *exchangeState) broken() (reply, bool) {
	f := &q.faults
	if q.s.switches.Down {
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

// spoilBody draws how a good answer is damaged on its way.
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

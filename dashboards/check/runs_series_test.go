package check

import (
	"cmp"
	"fmt"
	"strings"
)

// seriesWriter writes the input series of one account of a run.
type seriesWriter struct {
	b *strings.Builder
	a actor
	l timeline
}

// write writes all of them.
func (a actor) write(b *strings.Builder, l timeline) {
	w := seriesWriter{b, a, l}
	w.exporter()
	if !l.lean {
		for i, country := range a.countries {
			w.outgoing(country, i*a.apart)
		}
	}
	w.incoming()
	if a.dialler {
		w.dialler()
	}
	w.silence()
	if a.surprise && !l.lean {
		w.surprise()
	}
}

func (w seriesWriter) line(name, labels, values string) {
	fmt.Fprintf(w.b, "      - series: '%s{job=\"itnio\", instance=\"%s:10198\"%s}'\n        values: '%s'\n", name, w.a.name, labels, values)
}

// account is the label that all but the exporter's own series have.
func (w seriesWriter) account() string { return fmt.Sprintf(", account=%q", w.a.name) }

// deployed are the account's pieces, with the time before its deployment as a gap.
func (w seriesWriter) deployed() []piece {
	if w.a.begins == 0 {
		return w.a.calls
	}
	return []piece{{w.a.begins, 0, true}, {w.l.ends - w.a.begins, 1, false}}
}

// samples are values of the exporter's own metrics, which are absent while it is down; of says with what a piece begins that begins at a minute.
func (w seriesWriter) samples(of func(minute int) string) string {
	var values []string
	at := 0
	for _, p := range w.deployed() {
		if p.gap {
			values = append(values, fmt.Sprintf("_x%d", p.minutes))
		} else {
			values = append(values, fmt.Sprintf("%sx%d", of(at), p.minutes-1))
		}
		at += p.minutes
	}
	return strings.Join(values, " ")
}

func (w seriesWriter) gauge(value string) string {
	return w.samples(func(int) string { return value })
}

func (w seriesWriter) clock() string {
	return w.samples(func(minute int) string { return fmt.Sprintf("%d+60", runEpoch+60*minute) })
}

// exporter writes the exporter's own metrics, as they usually are or as the account has them.
func (w seriesWriter) exporter() {
	own := func(name, labels, values string) {
		key := name
		if i := strings.Index(labels, `status="`); i >= 0 {
			key += " " + labels[i:]
		}
		w.line(name, labels, cmp.Or(w.a.own[key], values))
	}
	if w.l.known && w.a.begins == 0 {
		fmt.Fprintf(w.b, "      - {series: 'account:itnio_first_seen:timestamp{job=\"itnio\", account=%q}', values: '%d'}\n", w.a.name, runEpoch+60*(w.l.downFrom-7*day-hour))
	}
	account := w.account()
	own("up", "", w.gauge("1"))
	own("itnio_up", account, w.gauge("1"))
	own("itnio_exporter_complete_until_timestamp_seconds", account, w.clock())
	own("itnio_exporter_last_success_timestamp_seconds", account, w.clock())
	own("itnio_exporter_catch_up_remaining_seconds", account, w.gauge("0"))
	own("itnio_exporter_clock_skew_seconds", account, w.gauge("0.2"))
	own("itnio_exporter_api_rate_limit", account, w.gauge("5"))
	own("itnio_exporter_config_last_reload_successful", "", w.gauge("1"))
	own("itnio_exporter_api_requests_total", account+`, endpoint="record_query", status="0"`, counter(2, w.a.begins, 0, w.a.calls))
	own("itnio_exporter_api_requests_total", account+`, endpoint="record_query", status="timeout"`, w.gauge("0"))
}

// calls writes a counter of an agent group's calls, or of all if group is empty; later is minutes after the others.
func (w seriesWriter) calls(name, group, labels string, perMinute float64, later int) {
	if w.l.lean && name != "itnio_calls_total" {
		return
	}
	if w.a.idle {
		perMinute = 0
	}
	pieces := w.a.calls
	if p, ok := w.a.group[group]; ok {
		pieces = p
	}
	if group != "" {
		labels = fmt.Sprintf(", agent_group=%q%s", group, labels)
	}
	born := w.a.begins
	if born > 0 {
		born += 3 // the first read is over
	}
	w.line(name, w.account()+labels, counter(perMinute, born+later, perMinute*w.a.history, pieces))
}

func (w seriesWriter) outgoing(country string, later int) {
	out := fmt.Sprintf(`, country=%q, call_type="outgoing"`, country)
	for _, c := range []struct {
		labels string
		rate   float64
	}{
		{`, outcome="answered", hangup_reason="outgoing_hung_up", hangup_party="customer"`, 30},
		{`, outcome="answered", hangup_reason="outgoing_hung_up", hangup_party="agent"`, 20},
		{`, outcome="no_answer", hangup_reason="outgoing_not_answered", hangup_party="none"`, 25},
		{`, outcome="busy", hangup_reason="busy", hangup_party="none"`, 15},
		{`, outcome="failed", hangup_reason="call_failed", hangup_party="none"`, 10},
	} {
		w.calls("itnio_calls_total", "sales", out+c.labels, c.rate, later)
	}
	w.talk("sales", out, 50, 1, 9000, later)
	for _, c := range []struct {
		code string
		rate float64
	}{{"200", 50}, {"480", 25}, {"486", 15}, {"503", 10}} {
		w.calls("itnio_call_sip_responses_total", "", out+fmt.Sprintf(`, code=%q`, c.code), c.rate, later)
	}
}

// talk writes the histogram of answered calls, of which some are short: calls and seconds a minute.
func (w seriesWriter) talk(group, labels string, answered, short, seconds float64, later int) {
	w.calls("itnio_call_duration_seconds_bucket", group, labels+`, le="6.0"`, short, later)
	w.calls("itnio_call_duration_seconds_bucket", group, labels+`, le="+Inf"`, answered, later)
	w.calls("itnio_call_duration_seconds_sum", group, labels, seconds, later)
	w.calls("itnio_call_duration_seconds_count", group, labels, answered, later)
}

func (w seriesWriter) incoming() {
	in := `, country="SG", call_type="incoming"`
	w.calls("itnio_calls_total", "support", in+`, outcome="answered", hangup_reason="incoming_hung_up", hangup_party="customer"`, 90, 0)
	w.calls("itnio_calls_total", "support", in+`, outcome="no_answer", hangup_reason="incoming_not_answered", hangup_party="none"`, 10, 0)
	w.talk("support", in, 90, 2, 18000, 0)
	for _, c := range []struct {
		le               string
		answered, missed float64
	}{{"3.0", 18, 1}, {"5.0", 36, 1}, {"20.0", 81, 5}, {"60.0", 89, 9}, {"+Inf", 90, 10}} {
		w.calls("itnio_call_ring_duration_seconds_bucket", "support", in+fmt.Sprintf(`, answered="true", le=%q`, c.le), c.answered, 0)
		w.calls("itnio_call_ring_duration_seconds_bucket", "support", in+fmt.Sprintf(`, answered="false", le=%q`, c.le), c.missed, 0)
	}
	w.calls("itnio_call_ring_duration_seconds_sum", "support", in+`, answered="true"`, 900, 0)
	w.calls("itnio_call_ring_duration_seconds_count", "support", in+`, answered="true"`, 90, 0)
	w.calls("itnio_call_ring_duration_seconds_sum", "support", in+`, answered="false"`, 300, 0)
	w.calls("itnio_call_ring_duration_seconds_count", "support", in+`, answered="false"`, 10, 0)
}

func (w seriesWriter) dialler() {
	dial := `, country="MY", call_type="group_call"`
	w.calls("itnio_calls_total", "dial", dial+`, outcome="answered", hangup_reason="transfer_success_hung_up", hangup_party="customer"`, 99, 0)
	w.calls("itnio_calls_total", "dial", dial+`, outcome="abandoned", hangup_reason="transfer_ringing_hung_up", hangup_party="none"`, 1, 0)
	w.talk("dial", dial, 99, 2, 5940, 0)
}

// silence writes what goes with a group that falls silent: a small one that does the same, and the time of its last call.
func (w seriesWriter) silence() {
	pieces, ok := w.a.group["support"]
	if !ok {
		return
	}
	small := `, country="SG", call_type="outgoing", outcome="answered", hangup_reason="outgoing_hung_up", hangup_party="customer"`
	w.line("itnio_calls_total", w.account()+`, agent_group="small"`+small, counter(0.2, 0, 0, pieces))
	at := pieces[0].minutes
	w.line("itnio_last_call_timestamp_seconds", w.account()+`, agent_group="support"`, fmt.Sprintf("%d+60x%d %dx%d", runEpoch, at-1, runEpoch+60*at, w.l.ends-at-1))
}

// surprise writes what shows up all at once after downtime.
func (w seriesWriter) surprise() {
	once := func(name, labels string, n int) {
		w.line(name, w.account()+labels, fmt.Sprintf("_x%d 0 %dx%d", w.l.downTo, n, w.l.ends-w.l.downTo-2))
	}
	once("itnio_calls_total", `, agent_group="sales", country="CU", call_type="outgoing", outcome="answered", hangup_reason="outgoing_hung_up", hangup_party="customer"`, 40)
	once("itnio_calls_total", `, agent_group="support", country="SG", call_type="incoming", outcome="no_answer", hangup_reason="incoming_not_answered", hangup_party="customer"`, 80000)
	ring := `, agent_group="support", country="LV", call_type="incoming", answered="false"`
	for _, le := range []string{"3.0", "5.0", "20.0", "60.0", "+Inf"} {
		once("itnio_call_ring_duration_seconds_bucket", ring+fmt.Sprintf(", le=%q", le), 60)
	}
	once("itnio_call_ring_duration_seconds_sum", ring, 120)
	once("itnio_call_ring_duration_seconds_count", ring, 60)
}

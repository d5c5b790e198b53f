package config

import (
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"
)

// minHashKey is the length, in bytes, below which a key for agents' names can be guessed.
const minHashKey = 16

// staleAfter is how long an account may go without a successful read until the shipped alert ItnioAccountStale fires.
const staleAfter = 15 * time.Minute

// Bucket bounds that the shipped rules and dashboards use.
var (
	ruleDurationBuckets = []float64{6}
	ruleRingBuckets     = []float64{2, 3, 5, 20}
)

// ruleLabels are the labels that the shipped rules use, by family. The label account is always there.
var ruleLabels = map[string][]string{
	"itnio_calls_total":                 {"agent_group", "country", "call_type", "outcome", "hangup_party"},
	"itnio_call_duration_seconds":       {"agent_group", "country", "call_type"},
	"itnio_call_ring_duration_seconds":  {"agent_group", "country", "call_type", "answered"},
	"itnio_call_sip_responses_total":    {"country", "call_type", "code"},
	"itnio_last_call_timestamp_seconds": {"agent_group"},
}

// warnings names settings that are allowed but probably not intended, one line each.
type warnings []string

func (w *warnings) add(format string, args ...any) {
	*w = append(*w, oneLine(fmt.Sprintf(format, args...)))
}

func (v *validated) warn() warnings {
	var w warnings
	for i := range v.accounts {
		v.warnOfAccount(&w, i)
	}
	if v.global.ZeroFirst == 0 {
		w.add("global: zero_first is off: Prometheus does not see the first calls of a new series as an increase")
	}
	if v.global.PollInterval >= staleAfter {
		w.add("global: poll_interval is %s: the alert ItnioAccountStale fires when an account has not been read for %s", show(v.global.PollInterval), show(staleAfter))
	}
	if r := v.metrics.RetireAfter; r > 0 && r < v.global.Horizon {
		w.add("metrics: retire_after is %s, less than the horizon of %s: a group or agent without a call for so long, such as over a weekend, starts at 0 again and shows late records as new", show(r), show(v.global.Horizon))
	}
	v.metrics.warn(&w)
	return w
}

func (v *validated) warnOfAccount(w *warnings, i int) {
	a, place := v.accounts[i], v.source.place(fmt.Sprintf("accounts[%d]", i))
	for _, other := range v.accounts[:i] {
		if other.APIKey == a.APIKey {
			w.add("%s has the api_key of %s: calls that both read are counted under both names", place, quote(other.Name))
			break
		}
	}
	if a.APIKey == a.APISecret {
		w.add("%s: api_key and api_secret are the same: one of them is most likely wrong", place)
	}
	for _, key := range []struct {
		name   string
		values []string
	}{
		{"name", []string{a.Name}}, {"filter.agent_group", []string{a.Filter.AgentGroup}}, {"filter.agents", a.Filter.Agents}, {"filter.tags", a.Filter.Tags},
	} {
		for _, value := range key.values {
			if problem := invisible(value); problem != "" {
				w.add("%s: %s %s: it is another text than it seems to be", place, key.name, problem)
			}
		}
	}
	if u, err := url.Parse(a.BaseURL); err == nil && u.Scheme == "http" && !loopback(u.Hostname()) {
		w.add("%s: base_url is not https: who listens can read the records and use the account", place)
	}
	if a.HTTPClient.TLSConfig.InsecureSkipVerify {
		w.add("%s: http_client does not verify the server's certificate", place)
	}
	if a.HTTPClient.FollowRedirects {
		w.add("%s: follow_redirects has no effect: redirects are never followed, they would carry signed headers elsewhere", place)
	}
}

func (m Metrics) warn(w *warnings) {
	if missing := without(m.DurationBuckets, ruleDurationBuckets); missing != "" {
		w.add("metrics: duration_buckets has no bound at %s: the rules and dashboards for short calls need it", missing)
	}
	if missing := without(m.RingBuckets, ruleRingBuckets); missing != "" {
		w.add("metrics: ring_buckets has no bound at %s: the rules and dashboards for service level, abandonment and one-ring calls need it", missing)
	}
	for _, family := range slices.Sorted(maps.Keys(m.Labels)) {
		if missing := without(m.Labels[family], ruleLabels[family]); missing != "" {
			w.add("metrics: labels of %s leaves out %s: the rules need it", family, missing)
		}
	}
	if m.NativeHistograms {
		w.add("metrics: native_histograms is on: a Prometheus with scrape_native_histograms drops the classic series, which the rules and dashboards need, unless its scrape job has always_scrape_classic_histograms: true")
	}
	if m.Agents == AgentsHash && len(m.AgentHashKey) < minHashKey {
		w.add("metrics: the key in agent_hash_key_file has fewer than %d characters: names can be found by trying", minHashKey)
	}
}

// without lists the wanted values that are not there.
func without[T comparable](values, wanted []T) string {
	var missing []string
	for _, w := range wanted {
		if !slices.Contains(values, w) {
			missing = append(missing, fmt.Sprint(w))
		}
	}
	return strings.Join(missing, ", ")
}

func loopback(host string) bool {
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

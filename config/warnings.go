package config

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
)

// placeholder is what config.yml.example has in the place of keys and secrets.
const placeholder = "CHANGE_ME"

// minHashKey is the length, in bytes, below which a key for agents' names can be guessed.
const minHashKey = 16

// warn finds what is allowed and most likely not meant.
func (v *validated) warn() (warnings []string) {
	add := func(format string, args ...any) { warnings = append(warnings, oneLine(fmt.Sprintf(format, args...))) }
	for i, a := range v.accounts {
		place := v.source.place(fmt.Sprintf("accounts[%d]", i))
		for _, other := range v.accounts[:i] {
			if other.APIKey == a.APIKey {
				add("%s has the api_key of %s: calls that both read are counted under both names", place, quote(other.Name))
				break
			}
		}
		if a.APIKey == placeholder || a.APISecret == placeholder {
			add("%s still has the placeholder for its api_key or api_secret", place)
		}
		if u, err := url.Parse(a.BaseURL); err == nil && u.Scheme == "http" && !loopback(u.Hostname()) {
			add("%s: base_url is not https: who listens can read the records and use the account", place)
		}
		if a.HTTPClient.TLSConfig.InsecureSkipVerify {
			add("%s: http_client does not verify the server's certificate", place)
		}
		if a.HTTPClient.FollowRedirects {
			add("%s: follow_redirects has no effect: redirects are never followed, they would carry signed headers elsewhere", place)
		}
	}
	if v.global.ZeroFirst == 0 {
		add("global: zero_first is off: Prometheus does not see the first calls of a new series as an increase")
	}
	if missing := without(v.metrics.DurationBuckets, 6); missing != "" {
		add("metrics: duration_buckets has no bound at %s: the rules and dashboards for short calls need it", missing)
	}
	if missing := without(v.metrics.RingBuckets, 2, 3, 5, 20); missing != "" {
		add("metrics: ring_buckets has no bound at %s: the rules and dashboards for service level, abandonment and one-ring calls need it", missing)
	}
	if v.metrics.Agents == AgentsHash && len(v.metrics.AgentHashKey) < minHashKey {
		add("metrics: the key in agent_hash_key_file has fewer than %d characters: names can be found by trying", minHashKey)
	}
	return warnings
}

func without(bounds []float64, wanted ...float64) string {
	var missing []string
	for _, w := range wanted {
		if !slices.Contains(bounds, w) {
			missing = append(missing, fmt.Sprintf("%g", w))
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

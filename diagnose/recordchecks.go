package diagnose

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/families"
)

func recordChecks() []check {
	return []check{
		{"records-fields", "The fields that metrics need are filled", judgeFields},
		{"records-readable", "All fields can be read", judgeReadable},
		{"records-enumerations", "Codes are the documented ones", judgeEnumerations},
		{"records-anomalies", "Records do not contradict themselves", judgeAnomalies},
		{"records-countries", "Countries are told apart", judgeCountries},
		{"records-sip", "SIP codes are found", judgeSIP},
		{"records-limits", "Groups, agents and tags are below their limits", judgeLimits},
	}
}

// enough is how many records have to be seen before a field counts as never filled.
const enough = 20

func judgeFields(f *facts) Finding {
	r := &f.records
	if r.seen == 0 {
		return unanswered(f.records.err)
	}
	var always, shares, never, missing []string
	worst := optional
	for _, fd := range fields() {
		n := r.filled[fd.name]
		switch n {
		case r.seen:
			always = append(always, fd.name)
		case 0:
			never = append(never, fd.name)
		default:
			shares = append(shares, fd.name+" "+percent(n, r.seen))
		}
		if fd.needed == optional || 2*n >= r.seen || r.seen < enough {
			continue
		}
		missing = append(missing, fd.name+": "+fd.lost)
		worst = max(worst, fd.needed)
	}
	if r.filled["keyId"] == 0 && r.filled["callSessionId"] == 0 {
		return wrong(fmt.Sprintf("none of %s has keyId or callSessionId", count(r.seen, "record")), "records cannot be told apart, so none can be counted once", "ask the vendor for either field")
	}
	seen := fmt.Sprintf("of %s, filled always: %s; sometimes: %s; never: %s", count(r.seen, "record"), list(always), list(shares), list(never))
	const do = "ask the vendor whether the account can have these fields; leave labels without values out with metrics.labels"
	switch worst {
	case vital:
		return wrong(seen, "seldom or never filled: "+strings.Join(missing, "; "), do)
	case useful:
		return doubtful(seen, "seldom or never filled: "+strings.Join(missing, "; "), do)
	}
	return good(seen)
}

func list(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// shares lists what was counted with its share, the most frequent first.
func shares[K ~string](counts map[K]int, whole int) string {
	keys := slices.SortedFunc(maps.Keys(counts), func(a, b K) int {
		if d := counts[b] - counts[a]; d != 0 {
			return d
		}
		return strings.Compare(string(a), string(b))
	})
	var all []string
	for _, k := range keys {
		all = append(all, fmt.Sprintf("%s %s", k, percent(counts[k], whole)))
	}
	return strings.Join(all, ", ")
}

func judgeReadable(f *facts) Finding {
	r := &f.records
	switch {
	case r.seen == 0:
		return unanswered(f.records.err)
	case len(r.unreadable) > 0:
		return doubtful(fmt.Sprintf("fields that make no sense, of %s: %s", count(r.seen, "record"), shares(r.unreadable, r.seen)),
			"they are taken as missing", "send this report to the exporter's maintainers, with the form of such a value, made up")
	}
	return good(fmt.Sprintf("no field of %s was unreadable", count(r.seen, "record")))
}

// enumerations are the anomalies of codes that are not documented.
var enumerations = []call.Anomaly{call.AnomalyUnknownCallType, call.AnomalyUnknownHangupReason, call.AnomalyUnknownHangupParty}

func judgeEnumerations(f *facts) Finding {
	r := &f.records
	if r.seen == 0 {
		return unanswered(f.records.err)
	}
	unknown := map[call.Anomaly]int{}
	for _, a := range enumerations {
		if n := r.anomalies[a]; n > 0 {
			unknown[a] = n
		}
	}
	if len(unknown) > 0 {
		return doubtful(fmt.Sprintf("of %s: %s", count(r.seen, "record"), shares(unknown, r.seen)),
			"such codes are missing or not in the vendor's documentation; they are counted as unknown", "ask the vendor what they mean, and send this report to the exporter's maintainers")
	}
	return good(fmt.Sprintf("call types, hang-up reasons and parties of %s are known", count(r.seen, "record")))
}

func judgeAnomalies(f *facts) Finding {
	r := &f.records
	if r.seen == 0 {
		return unanswered(f.records.err)
	}
	odd := maps.Clone(r.anomalies)
	for _, a := range append(slices.Clone(enumerations), call.AnomalyMalformedField, call.AnomalyCountryUnreadable) {
		delete(odd, a)
	}
	if len(odd) > 0 {
		return doubtful(fmt.Sprintf("of %s: %s", count(r.seen, "record"), shares(odd, r.seen)), "docs/metrics.md says how each kind is handled; all such calls that have an id are counted",
			"nothing where it is rare; else send this report to the exporter's maintainers")
	}
	return good(fmt.Sprintf("no anomaly in %s", count(r.seen, "record")))
}

func judgeCountries(f *facts) Finding {
	r := &f.records
	unreadable := r.anomalies[call.AnomalyCountryUnreadable]
	switch {
	case r.seen == 0:
		return unanswered(f.records.err)
	case 20*unreadable > r.seen:
		return doubtful(fmt.Sprintf("no country for %s of %s", percent(unreadable, r.seen), count(r.seen, "record")), "they are counted as unknown",
			"see how often ccode and region are filled; if they are, send the form of such a value to the exporter's maintainers")
	case r.shared >= enough && 2*r.unrefined > r.shared:
		return doubtful(fmt.Sprintf("%s of %d records with a calling code of several countries have no number", percent(r.unrefined, r.shared), r.shared),
			"calls to +1, +7, +44 and the like are all counted for the main country", "ask the vendor whether numbers can be shown to this key")
	}
	return good(fmt.Sprintf("%d countries; %s with a calling code of several countries, of which %d have no number", r.countries, count(r.shared, "record"), r.unrefined))
}

func judgeSIP(f *facts) Finding {
	r := &f.records
	switch unknown := r.codes[call.Unknown]; {
	case r.seen == 0:
		return unanswered(f.records.err)
	case r.seen >= enough && 2*unknown > r.seen:
		return doubtful(fmt.Sprintf("none in %s of %s", percent(unknown, r.seen), count(r.seen, "record")), "itnio_call_sip_responses_total and its alerts say little",
			"see how often errorReason and hangupCode are filled; the code is expected in the brackets of errorReason")
	}
	return good(shares(r.codes, r.seen))
}

func judgeLimits(f *facts) Finding {
	r := &f.records
	if r.seen == 0 {
		return unanswered(f.records.err)
	}
	limits := f.metrics.Limits
	var seen, over, close []string
	for _, l := range []struct {
		label, key string
		limit      int
		on         bool
	}{
		{families.LabelAgentGroup, "agent_group", limits.AgentGroup, true},
		{families.LabelAgent, "agent", limits.Agent, f.metrics.Agents != "off"},
		{families.LabelTag, "tag", limits.Tag, f.metrics.Tags},
		{families.LabelMedia, "media", limits.Media, f.metrics.Media},
	} {
		n := r.values[l.label]
		if n == 0 && !l.on {
			continue
		}
		seen = append(seen, fmt.Sprintf("%s %d of %d", l.key, n, l.limit))
		switch {
		case !l.on || l.limit == 0:
		case n > l.limit:
			over = append(over, l.key)
		case 5*n > 4*l.limit && n > 1:
			close = append(close, l.key)
		}
	}
	text := fmt.Sprintf("in %s: %s", count(r.seen, "record"), strings.Join(seen, ", "))
	switch {
	case len(over) > 0:
		return wrong(text, "what is beyond a limit is counted under other: totals stay right, the rest cannot be told apart", "raise metrics.limits of "+strings.Join(over, ", ")+", or filter the account")
	case len(close) > 0:
		return doubtful(text, "a limit is nearly reached, and these records are only a part of a day", "raise metrics.limits of "+strings.Join(close, ", "))
	}
	return good(text)
}

package diagnose

import (
	"regexp"
	"strings"

	"itnio_exporter/collector/families"
	"itnio_exporter/config"
)

// configurationSection judges the configuration, or the error of reading it.
func configurationSection(cfg *config.Validated, err error) Section {
	s := Section{Name: "configuration"}
	add := func(id, title string, f Finding) {
		f.ID, f.Title = id, title
		s.Checks = append(s.Checks, f)
	}
	if err == nil {
		err = cfg.CheckLabels(families.Labels())
	}
	add("config-file", "The configuration is accepted", judgeConfig(cfg, err))
	if err == nil {
		add("config-keys", "Each account has a key of its own", judgeKeys(cfg.Accounts()))
		add("config-settings", "Settings are as one would expect", judgeSettings(cfg))
	}
	return s
}

func judgeConfig(cfg *config.Validated, err error) Finding {
	if err != nil {
		return wrong(nameless(err.Error()), "the exporter does not start with it", "mend that place; check-config says the same")
	}
	return good(count(len(cfg.Accounts()), "account") + ", all secrets can be read")
}

// nameless leaves the names of accounts out of a message of the configuration, which has their places too.
func nameless(message string) string { return accountName.ReplaceAllString(message, "$1") }

var accountName = regexp.MustCompile(`(accounts\[\d+\]) "(?:[^"\\]|\\.)*"`)

func judgeKeys(accounts []config.Account) Finding {
	for i, a := range accounts {
		for j, other := range accounts[:i] {
			if a.APIKey != other.APIKey {
				continue
			}
			if a.Filter.Fingerprint() == other.Filter.Fingerprint() {
				return wrong(place(i)+" has the api_key of "+place(j), "every call is read twice and counted under both names", "remove one of the two, or correct its key")
			}
			return doubtful(place(i)+" has the api_key of "+place(j)+", with another filter", "calls that both filters let through are counted under both names", "see that the filters exclude each other")
		}
	}
	return good(count(len(accounts), "key"))
}

// judgeSettings passes on the warnings, without the names of accounts. That of equal keys is a check of its own.
func judgeSettings(cfg *config.Validated) Finding {
	var kept []string
	for _, w := range cfg.Warnings() {
		if !strings.Contains(w, "has the api_key of") {
			kept = append(kept, nameless(w))
		}
	}
	if len(kept) > 0 {
		return doubtful(strings.Join(kept, "; "), "allowed, but perhaps not what you want", "change it, or leave it where it is meant")
	}
	return good("check-config has no warning")
}

package config

import (
	"fmt"
	"slices"
	"strings"
)

// Validated is a configuration that has been checked, its defaults applied and its secrets read. It and all that it
// returns are copies. Only Validate makes one, and printing one shows nothing.
type Validated struct {
	in func() *validated // a function, because fmt prints what pointers and fields contain but not what a function returns
}

type validated struct {
	global   Global
	accounts []Account
	metrics  Metrics
	warnings []string
	source   *source
}

// Validate checks the configuration, applies the defaults and reads the files of secrets. The configuration is not
// changed. The error is one line that names the file, the key and how to fix it, and no secret.
func (c *Config) Validate() (*Validated, error) {
	s := &source{}
	if c.source != nil {
		*s = *c.source
	}
	s.names, s.hidden = nil, slices.Clone(s.hidden)
	for _, a := range c.Accounts {
		s.names = append(s.names, a.Name)
		for _, secret := range []Secret{a.APIKey, a.APISecret, a.Filter.Number} {
			s.hide(string(secret))
		}
	}
	v := &validated{source: s}
	var err error
	if v.global, err = c.Global.validate(s); err != nil {
		return nil, err
	}
	if v.accounts, err = c.accounts(s); err != nil {
		return nil, err
	}
	if v.metrics, err = c.metrics(s); err != nil {
		return nil, err
	}
	v.warnings = v.warn()
	return &Validated{func() *validated { return v }}, nil
}

// Global has the settings that are the same for every account.
func (v *Validated) Global() Global { return v.in().global }

// Accounts are the accounts in the order of the file, at least one.
func (v *Validated) Accounts() []Account {
	accounts := make([]Account, 0, len(v.in().accounts))
	for _, a := range v.in().accounts {
		accounts = append(accounts, a.clone())
	}
	return accounts
}

// Metrics has the settings of the call families.
func (v *Validated) Metrics() Metrics { return v.in().metrics.clone() }

// Warnings name settings that are allowed but probably not intended, one line each.
func (v *Validated) Warnings() []string { return slices.Clone(v.in().warnings) }

// CheckLabels checks metrics.labels against the families that exist and the labels each has.
func (v *Validated) CheckLabels(allowed map[string][]string) error {
	return v.in().metrics.checkLabels(v.in().source, allowed)
}

// Summary describes the configuration in one line.
func (v *Validated) Summary() string {
	const most = 10
	var names []string
	for _, a := range v.in().accounts {
		if len(names) == most {
			names = append(names, "…")
			break
		}
		names = append(names, quote(a.Name))
	}
	noun := "accounts"
	if len(v.in().accounts) == 1 {
		noun = "account"
	}
	g := v.in().global
	return fmt.Sprintf("%d %s (%s), poll_mode %s, poll_interval %s, lookback %s, horizon %s, agents %s",
		len(v.in().accounts), noun, strings.Join(names, ", "), g.PollMode,
		show(g.PollInterval), show(g.Lookback), show(g.Horizon), v.in().metrics.Agents)
}

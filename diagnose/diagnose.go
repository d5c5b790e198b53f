// Package diagnose finds out what works and what does not between the exporter, its accounts and Prometheus. Probes ask, with few
// requests, and note what they saw; judges are pure functions from what was seen to findings. It only reads, and it needs no ledger.
package diagnose

import (
	"context"
	"errors"
	"net/http"
	"time"

	"itnio_exporter/collector/call"
	"itnio_exporter/config"
	"itnio_exporter/itnio"
)

// Options of a diagnosis. All but Accounts, Prometheus and Section are needed.
type Options struct {
	Load       func() (*config.Validated, error) // reads and checks the configuration
	Accounts   []string                          // names; nil: all
	Exporter   string                            // version of the program
	HTTPClient func(config.Account) (*http.Client, error)
	Prometheus *Prometheus // nil: the sections on Prometheus are left out
	Now        func() time.Time
	Pause      func(context.Context, time.Duration) error // waits, or returns the error of the context
	Section    func(Section)                              // is told each section when it is done
}

// facts are what the probes of one account saw; the judges go by them.
type facts struct {
	account config.Account
	global  config.Global
	metrics config.Metrics
	filter  itnio.Filter

	contact   contact
	clock     clock
	habits    habits
	records   records
	throttled int // answers that said there were too many requests
	failed    int // other requests that failed for a reason that may pass
}

// check is one row of the table of checks.
type check struct {
	id, title string
	judge     func(*facts) Finding
}

// section is a group of checks of an account with the probe that they go by.
type section struct {
	name   string
	needs  func(*facts) string // why the section is skipped; "": it is not
	probe  func(context.Context, *session)
	checks []check
}

// sections are all checks of an account, in the order in which their probes run.
func sections() []section {
	return []section{
		{"network", nil, probeContact, networkChecks()},
		{"credentials", needsAnswer, nil, credentialChecks()},
		{"clock", needsSuccess, probeClock, clockChecks()},
		{"habits", needsRecords, probeHabits, habitChecks()},
		{"records", needsRecords, nil, recordChecks()},
		{"cost", needsRecords, nil, costChecks()},
	}
}

// ErrUnknownAccount says that an account that was asked for is not in the configuration.
var ErrUnknownAccount = errors.New("the configuration has no account of that name; check-config lists the names")

// Run makes all checks. An error means that they could not be made: the context has ended, or Options.Accounts names an account that
// does not exist. A configuration that cannot be used is a finding.
func Run(ctx context.Context, o Options) (*Report, error) {
	r := &reporter{o: &o, report: Report{Version: FormatVersion, Exporter: o.Exporter, Sections: []Section{}, Requests: map[string]int{}}}
	cfg, err := o.Load()
	r.add(configurationSection(cfg, err))
	if err == nil {
		if err := r.accounts(ctx, cfg); err != nil {
			return nil, err
		}
	}
	if o.Prometheus != nil {
		for _, s := range o.Prometheus.sections(ctx, o.Now(), cfg) {
			r.add(s)
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	r.report.judge()
	return &r.report, nil
}

// reporter collects sections.
type reporter struct {
	o      *Options
	report Report
}

func (r *reporter) add(s Section) {
	for i := range s.Checks {
		s.Checks[i].Docs = "docs/doctor.md#" + s.Checks[i].ID
	}
	r.report.Sections = append(r.report.Sections, s)
	if r.o.Section != nil {
		r.o.Section(s)
	}
}

// accounts makes the checks of each account, one after the other.
func (r *reporter) accounts(ctx context.Context, cfg *config.Validated) error {
	chosen := map[string]bool{}
	for _, name := range r.o.Accounts {
		chosen[name] = false
	}
	all := cfg.Accounts()
	for _, a := range all {
		if _, ok := chosen[a.Name]; ok {
			chosen[a.Name] = true
		}
	}
	for _, found := range chosen {
		if !found {
			return ErrUnknownAccount
		}
	}
	for i, a := range all {
		if len(chosen) > 0 && !chosen[a.Name] {
			continue
		}
		if err := r.account(ctx, cfg, a, place(i)); err != nil {
			return err
		}
	}
	return nil
}

func (r *reporter) account(ctx context.Context, cfg *config.Validated, a config.Account, where string) error {
	f := &facts{account: a, global: cfg.Global(), metrics: cfg.Metrics(), filter: call.Filter(a.Filter)}
	s, err := newSession(r.o, a, f)
	if err != nil {
		f.contact.err = err
	}
	for _, part := range sections() {
		why := ""
		if part.needs != nil {
			why = part.needs(f)
		}
		if why == "" && part.probe != nil && s != nil {
			part.probe(ctx, s)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		r.add(part.judge(f, where, why))
	}
	if s != nil {
		r.report.Requests[where] = len(s.trace.exchanges)
		s.http.CloseIdleConnections()
	}
	return nil
}

// judge makes the findings of a section.
func (s section) judge(f *facts, where, skip string) Section {
	out := Section{Name: s.name, Account: where}
	for _, c := range s.checks {
		found := skipped(skip)
		if skip == "" {
			found = c.judge(f)
		}
		found.ID, found.Title = c.id, c.title
		out.Checks = append(out.Checks, found)
	}
	return out
}

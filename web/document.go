package web

import (
	"maps"
	"slices"
	"strings"
	"time"

	"itnio_exporter/collector"
	"itnio_exporter/collector/account"
)

// documentVersion rises when a field of the document changes its meaning or goes.
const documentVersion = 1

// document is what the status page shows, and its JSON: docs/status.md. Times are in UTC; what is not known is left out.
type document struct {
	Version  int               `json:"version"`
	Time     time.Time         `json:"time"`
	Ready    bool              `json:"ready"`
	Reason   string            `json:"reason,omitempty"` // of not being ready
	Exporter exporterDocument  `json:"exporter"`
	Accounts []accountDocument `json:"accounts"`
}

type exporterDocument struct {
	Version       string            `json:"version"`
	Started       time.Time         `json:"started"`
	Uptime        int64             `json:"uptime_seconds"`
	Series        int               `json:"series"`
	SeriesHeld    int               `json:"series_held"`
	Ledger        ledgerDocument    `json:"ledger"`
	Reload        reloadDocument    `json:"last_reload"`
	Scrapers      []scraperDocument `json:"scrapers"`
	Configuration string            `json:"configuration"`
}

type ledgerDocument struct {
	Path    string    `json:"path"`
	Size    int64     `json:"size_bytes"`
	Created time.Time `json:"created"`
}

type reloadDocument struct {
	Time  time.Time `json:"time"`
	OK    bool      `json:"ok"`
	Error string    `json:"error,omitempty"`
}

type scraperDocument struct {
	Host     string    `json:"host"`
	Last     time.Time `json:"last"`
	Interval float64   `json:"interval_seconds,omitempty"`
}

type accountDocument struct {
	Name          string            `json:"name"`
	State         account.State     `json:"state"`
	Up            *bool             `json:"up,omitempty"`
	LastSuccess   time.Time         `json:"last_success,omitzero"`
	CompleteUntil time.Time         `json:"complete_until,omitzero"`
	Epoch         time.Time         `json:"epoch,omitzero"`
	Concealed     bool              `json:"concealed"`
	Error         *errorDocument    `json:"error,omitempty"`
	Clock         string            `json:"clock,omitempty"`
	CatchUp       *catchUpDocument  `json:"catch_up,omitempty"`
	OpenWindows   int               `json:"open_windows"`
	Requests      requestsDocument  `json:"requests"`
	Lateness      *latenessDocument `json:"lateness,omitempty"`
	Calls         callsDocument     `json:"calls"`
	Anomalies     []anomalyDocument `json:"anomalies,omitempty"`
	Habits        []habitDocument   `json:"habits,omitempty"`
}

type errorDocument struct {
	Text  string          `json:"text"`
	Kind  account.Trouble `json:"kind"`
	Since time.Time       `json:"since"`
	Do    string          `json:"do"`
	Docs  string          `json:"docs"`
}

type catchUpDocument struct {
	Remaining int64   `json:"remaining_seconds"`
	Done      float64 `json:"done"`
	Estimate  int64   `json:"estimate_seconds,omitempty"`
}

type requestsDocument struct {
	Minute    int     `json:"last_minute"`
	Day       int     `json:"last_day"`
	RateLimit float64 `json:"rate_limit"`
}

type latenessDocument struct {
	Records int   `json:"records"`
	P50     int64 `json:"p50_seconds"`
	P99     int64 `json:"p99_seconds"`
}

type callsDocument struct {
	Since    time.Time        `json:"since"`
	LastHour account.Outcomes `json:"last_hour"`
	Hours    []hourDocument   `json:"hours"`
}

type hourDocument struct {
	Start time.Time        `json:"start"`
	Calls account.Outcomes `json:"calls"`
}

type anomalyDocument struct {
	Kind  string `json:"kind"`
	Count int    `json:"count"`
	Docs  string `json:"docs"`
}

type habitDocument struct {
	ID   string `json:"id"`
	Text string `json:"text"`
	Docs string `json:"docs"`
}

// newDocument describes the exporter and its accounts as they are now: those that need somebody first.
func newDocument(o *Options) *document {
	d := &document{Version: documentVersion, Time: o.Now().UTC().Truncate(time.Second), Accounts: []accountDocument{}}
	d.Ready, d.Reason = o.Exporter.Ready()
	d.Exporter = describeExporter(o, d.Time)
	for _, s := range o.Exporter.Status() {
		d.Accounts = append(d.Accounts, describeAccount(&s))
	}
	slices.SortStableFunc(d.Accounts, func(a, b accountDocument) int { return rank(a.State) - rank(b.State) })
	return d
}

// rank orders states by how much they need somebody. In step and audit are one.
func rank(s account.State) int {
	if s == account.StateAudit {
		s = account.StateInStep
	}
	return slices.Index(account.States(), s)
}

func describeExporter(o *Options, now time.Time) exporterDocument {
	about, last := o.Exporter.About(), o.Last()
	d := exporterDocument{
		Version: o.Version, Started: about.Started.UTC(), Uptime: seconds(now.Sub(about.Started)), Series: about.Ledger.Series, SeriesHeld: about.Ledger.Held,
		Ledger:   ledgerDocument{about.Ledger.Path, about.Ledger.SizeBytes, about.Ledger.Created.UTC()},
		Reload:   reloadDocument{Time: last.At.UTC(), OK: last.Err == nil},
		Scrapers: []scraperDocument{}, Configuration: about.Configuration,
	}
	if last.Err != nil {
		d.Reload.Error = last.Err.Error()
	}
	for _, s := range about.Scrapers {
		d.Scrapers = append(d.Scrapers, scraperDocument{s.Host, s.Last.UTC(), s.Interval.Round(time.Second).Seconds()})
	}
	return d
}

func describeAccount(s *collector.AccountStatus) accountDocument {
	d := accountDocument{
		Name: s.Name, State: s.State(), Up: s.Up, LastSuccess: s.LastSuccess.UTC(), CompleteUntil: s.CompleteUntil.UTC(), Epoch: s.Epoch.UTC(),
		Concealed: s.Concealed, Clock: s.Clock, OpenWindows: s.OpenWindows,
		Requests: requestsDocument{s.Recent.RequestsMinute, s.Recent.RequestsDay, s.RateLimit},
		Calls:    callsDocument{Since: s.Recent.Since.UTC(), LastHour: s.Recent.LastHour, Hours: []hourDocument{}},
	}
	if s.LastError != "" {
		a := advices[s.Trouble]
		d.Error = &errorDocument{s.LastError, s.Trouble, s.FailingSince.UTC(), a.do, a.docs}
	}
	if s.CatchUp > 0 {
		d.CatchUp = &catchUpDocument{seconds(s.CatchUp), s.CaughtUp, seconds(s.Estimate)}
	}
	if l := s.Recent.Lateness; l.Records > 0 {
		d.Lateness = &latenessDocument{l.Records, seconds(l.P50), seconds(l.P99)}
	}
	for _, h := range s.Recent.Hours {
		d.Calls.Hours = append(d.Calls.Hours, hourDocument(h))
	}
	for _, kind := range slices.Sorted(maps.Keys(s.Recent.Anomalies)) {
		d.Anomalies = append(d.Anomalies, anomalyDocument{string(kind), s.Recent.Anomalies[kind], docsAnomalies})
	}
	for _, h := range s.Habits {
		d.Habits = append(d.Habits, habitDocument{h.ID, h.Text, docsHabits + h.ID})
	}
	return d
}

func seconds(d time.Duration) int64 { return int64(d.Round(time.Second) / time.Second) }

// Attention reports whether the account needs somebody.
func (a *accountDocument) Attention() bool { return a.Error != nil }

// Class is the state as the name of a style.
func (a *accountDocument) Class() string { return strings.ReplaceAll(string(a.State), " ", "-") }

// LastHour is the number of calls of the last hour.
func (c *callsDocument) Total() int { return total(c.LastHour) }

// Day is the number of calls of the hours.
func (c *callsDocument) Day() (n int) {
	for _, h := range c.Hours {
		n += total(h.Calls)
	}
	return n
}

func total(o account.Outcomes) (n int) {
	for _, calls := range o {
		n += calls
	}
	return n
}

package diagnose

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	promapi "github.com/prometheus/client_golang/api"
	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"itnio_exporter/config"
)

// Prometheus is a server that scrapes the exporter.
type Prometheus struct{ api promv1.API }

// NewPrometheus makes one. It sends nothing. The address is that of the server, without /api/v1.
func NewPrometheus(address string, client *http.Client) (*Prometheus, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, errors.New("--prometheus.url is no http or https URL; write it as http://prometheus.example:9090")
	}
	if u.User != nil {
		return nil, errors.New("--prometheus.url holds a user or password, which every user of this machine can see; write them into a file for --prometheus.http-client-config")
	}
	c, err := promapi.NewClient(promapi.Config{Address: address, Client: client})
	if err != nil {
		return nil, errors.New("--prometheus.url cannot be used; write it as http://prometheus.example:9090")
	}
	return &Prometheus{api: promv1.NewAPI(c)}, nil
}

// API is the server's own.
func (p *Prometheus) API() promv1.API { return p.api }

// askTime bounds one query.
const askTime = 20 * time.Second

// oneOfEach is a metric of which each exporter has one series without labels of its own.
const oneOfEach = "itnio_exporter_config_last_reload_successful"

// scraping is what the server told.
type scraping struct {
	err      error            // of the first question
	missing  map[string]error // questions that failed, by what they were about
	version  string           // "": not told, as by servers that are only compatible
	targets  []model.Metric   // that show the exporter
	accounts []model.Metric   // series of itnio_up
	expected []string         // accounts of the configuration; nil: it could not be read
	zero     time.Duration    // zero_first
	interval time.Duration    // the longest between two scrapes of one target, in the median; 0: fewer than two
	former   int              // label sets of targets during the last day
	clashing int              // series with exported_account
	calls    float64          // series of itnio_calls_total
	classic  float64          // series of the ring histogram's classic buckets
	native   float64          // series of native histograms
	rules    map[string]group // by name of the group
}

// group is one group of rules of the server.
type group struct{ rules, unhealthy int }

// sections makes the checks of the server.
func (p *Prometheus) sections(ctx context.Context, now time.Time, cfg *config.Validated) []Section {
	s := p.probe(ctx, now)
	if cfg != nil {
		s.zero = cfg.Global().ZeroFirst
		for _, a := range cfg.Accounts() {
			s.expected = append(s.expected, a.Name)
		}
	}
	out := Section{Name: "prometheus"}
	for _, c := range prometheusChecks() {
		f := skipped("the server does not answer")
		if s.err == nil || c.id == "prometheus-answer" {
			f = c.judge(s)
		}
		f.ID, f.Title = c.id, c.title
		out.Checks = append(out.Checks, f)
	}
	return []Section{out}
}

// probe asks everything. The first question decides whether there is a server at all.
func (p *Prometheus) probe(ctx context.Context, now time.Time) *scraping {
	s := &scraping{missing: map[string]error{}, rules: map[string]group{}}
	if s.targets, s.err = p.series(ctx, oneOfEach, now); s.err != nil {
		return s
	}
	for _, question := range []struct {
		about string
		ask   func(context.Context) error
	}{
		{"version", func(ctx context.Context) error {
			b, err := p.api.Buildinfo(ctx)
			s.version = b.Version
			return err
		}},
		{"accounts", func(ctx context.Context) (err error) { s.accounts, err = p.series(ctx, "itnio_up", now); return err }},
		{"interval", func(ctx context.Context) (err error) { s.interval, err = p.interval(ctx, now); return err }},
		{"labels", func(ctx context.Context) error {
			sets, _, _, err := p.api.Series(ctx, []string{oneOfEach}, now.Add(-day), now)
			s.former = len(sets)
			return err
		}},
		{"clash", func(ctx context.Context) error {
			found, err := p.series(ctx, `{__name__=~"itnio_up|itnio_calls_total",exported_account!=""}`, now)
			s.clashing = len(found)
			return err
		}},
		{"calls", func(ctx context.Context) (err error) {
			s.calls, err = p.number(ctx, `count(itnio_calls_total)`, now)
			return err
		}},
		{"classic", func(ctx context.Context) (err error) {
			s.classic, err = p.number(ctx, `count(itnio_call_ring_duration_seconds_bucket)`, now)
			return err
		}},
		{"native", func(ctx context.Context) (err error) { // older servers have no such function
			s.native, _ = p.number(ctx, `count(histogram_count(itnio_call_ring_duration_seconds))`, now)
			return nil
		}},
		{"rules", func(ctx context.Context) error { return p.rules(ctx, s) }},
	} {
		bounded, cancel := context.WithTimeout(ctx, askTime)
		if err := question.ask(bounded); err != nil {
			s.missing[question.about] = err
		}
		cancel()
	}
	return s
}

// series gives the label sets of an instant query.
func (p *Prometheus) series(ctx context.Context, query string, now time.Time) ([]model.Metric, error) {
	v, _, _, err := p.api.Query(ctx, query, now, promv1.WithTimeout(askTime))
	if err != nil {
		return nil, err
	}
	vector, ok := v.(model.Vector)
	if !ok {
		return nil, errors.New("the answer is no vector")
	}
	var found []model.Metric
	for _, s := range vector {
		found = append(found, s.Metric)
	}
	return found, nil
}

// number gives the value of a query with one result; 0 without.
func (p *Prometheus) number(ctx context.Context, query string, now time.Time) (float64, error) {
	v, _, _, err := p.api.Query(ctx, query, now, promv1.WithTimeout(askTime))
	if err != nil {
		return 0, err
	}
	vector, ok := v.(model.Vector)
	if !ok || len(vector) == 0 {
		return 0, nil
	}
	return float64(vector[0].Value), nil
}

// interval is the longest of the targets' scrape intervals, by the samples of the last half hour.
func (p *Prometheus) interval(ctx context.Context, now time.Time) (time.Duration, error) {
	v, _, _, err := p.api.Query(ctx, oneOfEach+"[30m]", now, promv1.WithTimeout(askTime))
	if err != nil {
		return 0, err
	}
	matrix, _ := v.(model.Matrix)
	var longest time.Duration
	for _, stream := range matrix {
		var gaps []time.Duration
		for i := 1; i < len(stream.Values); i++ {
			gaps = append(gaps, stream.Values[i].Timestamp.Sub(stream.Values[i-1].Timestamp))
		}
		if len(gaps) > 0 {
			slices.Sort(gaps)
			longest = max(longest, gaps[len(gaps)/2])
		}
	}
	return longest, nil
}

// rules notes the groups of rules whose names are the shipped ones'.
func (p *Prometheus) rules(ctx context.Context, s *scraping) error {
	found, err := p.api.Rules(ctx, nil)
	if err != nil {
		return err
	}
	for _, g := range found.Groups {
		if !strings.HasPrefix(g.Name, "itnio_") {
			continue
		}
		sum := s.rules[g.Name]
		for _, r := range g.Rules {
			sum.rules++
			if healthOf(r) == promv1.RuleHealthBad {
				sum.unhealthy++
			}
		}
		s.rules[g.Name] = sum
	}
	return nil
}

func healthOf(rule any) promv1.RuleHealth {
	switch r := rule.(type) {
	case promv1.AlertingRule:
		return r.Health
	case promv1.RecordingRule:
		return r.Health
	}
	return promv1.RuleHealthUnknown
}

// serverError is an error of the server or the way there, without its address and without the body of its answer.
func serverError(err error) string {
	if e, ok := errors.AsType[*promv1.Error](err); ok {
		if e.Type == promv1.ErrClient || e.Type == promv1.ErrServer {
			return e.Msg
		}
		return string(e.Type)
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	return err.Error()
}

// instances gives, for each account, the targets that show it: their instances and jobs.
func (s *scraping) instances() map[model.LabelValue]map[model.LabelValue][]model.LabelValue {
	all := map[model.LabelValue]map[model.LabelValue][]model.LabelValue{}
	for _, m := range s.accounts {
		account := m["account"]
		if all[account] == nil {
			all[account] = map[model.LabelValue][]model.LabelValue{}
		}
		all[account][m["instance"]] = append(all[account][m["instance"]], m["job"])
	}
	return all
}

// older reports whether a version such as 2.41.0 is before major.minor; false for what is no version.
func older(version string, major, minor int) bool {
	var a, b int
	if n, err := fmt.Sscanf(version, "%d.%d", &a, &b); n < 2 || err != nil {
		return false
	}
	return a < major || a == major && b < minor
}

package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"itnio_exporter/collector"
	"itnio_exporter/collector/call"
	"itnio_exporter/collector/families"
	"itnio_exporter/collector/ledger"
	"itnio_exporter/config"
	"itnio_exporter/history"
	"itnio_exporter/history/backfill"
)

type backfillFlags struct {
	config     configFlags
	log        logFlags
	storage    string
	url        string
	httpConfig string
	account    string
	start, end string
	step       time.Duration
	job        string
	instance   string
	labels     map[string]string
	into       string
	rate       float64
	rateSet    bool
	dir        string
}

const (
	intoPrometheus      = "prometheus"
	intoVictoriaMetrics = "victoriametrics"
)

func newBackfill(app *kingpin.Application) command {
	c := app.Command("backfill", "Write the past as OpenMetrics files, one a day, to import into Prometheus, Thanos, Mimir or VictoriaMetrics. Before the first start of the exporter it also sets up the ledger, so that the counters go on from there. Run it again after an interruption.")
	f := &backfillFlags{labels: map[string]string{}}
	f.config.register(c)
	c.Flag("account", "Account to read. Needed if the configuration has several.").PlaceHolder("<name>").StringVar(&f.account)
	c.Flag("start", "Time of the first sample: a date or RFC 3339.").Required().PlaceHolder("<time>").StringVar(&f.start)
	c.Flag("end", "Time of the last sample. Default: three hours ago, as Prometheus takes no later ones, or when the exporter began to count.").PlaceHolder("<time>").StringVar(&f.end)
	c.Flag("step", "Time between two samples: the scrape interval, at most 4m.").Default("1m").DurationVar(&f.step)
	c.Flag("job", "Label job of the samples: as Prometheus scrapes the exporter.").Default("itnio").StringVar(&f.job)
	c.Flag("instance", "Label instance of the samples: as Prometheus scrapes the exporter.").Default("localhost" + defaultPort).StringVar(&f.instance)
	c.Flag("label", "Further label of the target; repeatable.").PlaceHolder("<name>=<value>").StringMapVar(&f.labels)
	c.Flag("import-into", "What the files are for. One of: [prometheus, victoriametrics]. Thanos and Mimir take those for prometheus.").
		Default(intoPrometheus).EnumVar(&f.into, intoPrometheus, intoVictoriaMetrics)
	c.Flag("rate-limit", "Requests a second. Default: half of the account's rate_limit, which leaves the other half to an exporter that runs.").IsSetByUser(&f.rateSet).Float64Var(&f.rate)
	c.Flag("storage.path", "Directory of the exporter's ledger.").Default("data/").StringVar(&f.storage)
	c.Flag("url", "URL of the exporter, if it is running: tells when it began to count.").PlaceHolder("<URL>").StringVar(&f.url)
	c.Flag("http.config.file", "File with HTTP client options for the running exporter, as promtool takes it: TLS, user and password.").StringVar(&f.httpConfig)
	f.log.register(c)
	c.Arg("directory", "The directory to write to: a new or empty one, or that of the run that was interrupted.").Required().StringVar(&f.dir)
	return command{c, func(e Environment) error { return runBackfill(e, f) }}
}

// memory is what a backfill may take, softly: at a million calls a day, half of it is live. The ledger, a file in memory, comes on top.
const memory = 128 << 20

func runBackfill(e Environment, f *backfillFlags) error {
	if _, told := e.LookupEnv("GOMEMLIMIT"); !told {
		debug.SetMemoryLimit(memory)
	}
	ctx, stop := untilSignal(e.Signals(stopSignals()...))
	defer stop()
	cfg, err := f.config.load(e.LookupEnv)
	if err == nil {
		err = cfg.CheckLabels(families.Labels())
	}
	if err != nil {
		return err
	}
	a, err := f.pick(cfg)
	if err != nil {
		return err
	}
	plan, err := f.plan(ctx, e.Now(), a)
	if err != nil {
		return err
	}
	l := newLogs(e.Stderr, e.Now, f.log)
	defer l.Close()
	if f.rateSet && (f.rate <= 0 || math.IsNaN(f.rate) || math.IsInf(f.rate, 1)) {
		return fmt.Errorf("--rate-limit: %g is not a number of requests a second above 0; leave it out for half of the account's rate_limit", f.rate)
	}
	api, done, err := pastClient(e, a, f.rate)
	if err != nil {
		return fmt.Errorf("account %q: %w", a.Name, err)
	}
	defer done()
	report := newBackfillReport(e, plan, f.into)
	o := backfill.Options{
		Dir: f.dir, Plan: plan, Zone: a.Location, Logger: l.GoKit, Horizon: cfg.Global().Horizon, Lookback: cfg.Global().Lookback, Progress: report.progress,
		History: history.Options{
			API: api, Filter: call.Filter(a.Filter), Logger: l.GoKit,
			Calls: call.NewNormalizer(call.Options{Agents: cfg.Metrics().Agents, AgentHashKey: []byte(cfg.Metrics().AgentHashKey)}),
		},
		Ledger: ledger.Options{
			Dir: f.storage, Model: families.New(cfg.Metrics()), ZeroFirst: cfg.Global().ZeroFirst, RetireAfter: cfg.Metrics().RetireAfter, Now: e.Now, Logger: l.GoKit,
		},
		Identity: collector.IdentityOf(a),
	}
	o.Begin = func(ctx context.Context) error { return report.begin(ctx, o) }
	result, err := backfill.Run(ctx, o)
	report.stop()
	if ctx.Err() != nil {
		return errors.New("interrupted; run the same command again to go on")
	}
	if err != nil {
		return err
	}
	return report.end(result)
}

// pick gives the account to read.
func (f *backfillFlags) pick(cfg *config.Validated) (config.Account, error) {
	accounts := cfg.Accounts()
	var names []string
	for _, a := range accounts {
		if a.Name == f.account || f.account == "" && len(accounts) == 1 {
			return a, nil
		}
		names = append(names, strconv.Quote(a.Name))
	}
	if f.account == "" {
		return config.Account{}, fmt.Errorf("the configuration has several accounts: give one of them with --account: %s", allOf(names))
	}
	return config.Account{}, fmt.Errorf("--account: the configuration has no account %q, but %s", f.account, allOf(names))
}

const (
	untouchable = 3 * time.Hour   // that long, Prometheus may still write the block that a sample is for
	longestStep = 4 * time.Minute // a series without a sample for five minutes is gone
)

// plan is what the flags ask for, given what the ledger knows of the account.
func (f *backfillFlags) plan(ctx context.Context, now time.Time, a config.Account) (backfill.Plan, error) {
	p := backfill.Plan{Step: f.step, ShortBounds: f.into == intoVictoriaMetrics}
	if f.step < time.Second || f.step > longestStep || f.step%time.Second != 0 {
		return p, fmt.Errorf("--step: %s is not a whole number of seconds from 1s to %s", f.step, longestStep)
	}
	var err error
	if p.Labels, err = f.targetLabels(); err != nil {
		return p, err
	}
	start, err := timeFlag("start", f.start)
	if err != nil {
		return p, err
	}
	p.Start = f.aligned(start.Add(f.step - 1))
	if !p.Start.Before(now) {
		return p, fmt.Errorf("--start: %s is in the future", f.start)
	}
	before := backfill.Begun(f.dir)
	if before != nil && before.Done {
		return p, fmt.Errorf("%s has a history already, and it is complete: import its files, or choose another directory", f.dir)
	}
	epoch, err := f.epoch(ctx, a.Name)
	if err != nil {
		return p, err
	}
	p.Moves = epoch.IsZero() || before != nil && before.Moves && epoch.Equal(before.Start)
	return p, f.setEnd(&p, now, epoch, before)
}

// setEnd finds the end of a history: as given, as that of the run that was interrupted, or the latest that there is.
func (f *backfillFlags) setEnd(p *backfill.Plan, now, epoch time.Time, before *backfill.Plan) error {
	switch {
	case f.end != "":
		end, err := timeFlag("end", f.end)
		if err != nil {
			return err
		}
		p.End = f.aligned(end)
	case before != nil && before.Moves == p.Moves:
		p.End = before.End
	case p.Moves:
		p.End = f.aligned(now.Add(-untouchable))
	default:
		p.End = epoch // whatever the step: what ended between the last step and the epoch would not be counted at all
	}
	switch {
	case p.End.After(now):
		return fmt.Errorf("--end: %s is in the future", p.End.Format(time.RFC3339))
	case !p.Moves && p.End.After(epoch) && !epoch.IsZero():
		return fmt.Errorf("--end: %s is later than %s, when the exporter began to count the account: calls would be counted twice", p.End.Format(time.RFC3339), epoch.Format(time.RFC3339))
	case !p.Start.Before(p.End):
		return fmt.Errorf("--end: %s is not after the start, %s", p.End.Format(time.RFC3339), p.Start.Format(time.RFC3339))
	}
	return nil
}

// aligned is the last step at or before a time.
func (f *backfillFlags) aligned(t time.Time) time.Time {
	step := int64(f.step / time.Second)
	return time.Unix(t.Unix()-t.Unix()%step, 0).UTC()
}

func timeFlag(name, text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil && t.Unix() > 0 {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("--%s: %q is neither a date (2026-11-30, from its start in UTC) nor a time in RFC 3339 (2026-11-30T08:00:00+08:00)", name, text)
}

var labelName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

// targetLabels are the labels that Prometheus gives to what it scrapes.
func (f *backfillFlags) targetLabels() ([]backfill.Label, error) {
	labels := []backfill.Label{{Name: "job", Value: f.job}, {Name: "instance", Value: f.instance}}
	for name, value := range f.labels {
		taken := slices.ContainsFunc(families.All(), func(m families.Family) bool { return slices.Contains(m.Labels, name) })
		switch {
		case !labelName.MatchString(name) || strings.HasPrefix(name, "__"):
			return nil, fmt.Errorf("--label: %q cannot be the name of a label", name)
		case taken || name == "le" || name == "job" || name == "instance":
			return nil, fmt.Errorf("--label: %s is a label that the samples have already", name)
		}
		labels = append(labels, backfill.Label{Name: name, Value: value})
	}
	slices.SortFunc(labels[2:], func(a, b backfill.Label) int { return cmp.Compare(a.Name, b.Name) })
	return labels, nil
}

// epoch is when the exporter began to count an account; zero: it has not.
func (f *backfillFlags) epoch(ctx context.Context, name string) (time.Time, error) {
	epoch, err := ledger.EpochIn(f.storage, name)
	if !ledger.IsInUse(err) {
		return epoch, err
	}
	if f.url == "" {
		return epoch, fmt.Errorf("the ledger in %s is in use by an exporter: give its --url, which tells when it began to count, or, if it has never been read, stop it", f.storage)
	}
	epoch, err = f.askEpoch(ctx, name)
	if err != nil {
		return epoch, fmt.Errorf("--url: %w", err)
	}
	if epoch.IsZero() {
		return epoch, fmt.Errorf("the exporter at %s has not counted account %q yet: stop it for the backfill, and its counters go on from the history", withoutPassword(f.url), name)
	}
	return epoch, nil
}

// askEpoch asks the exporter's status page.
func (f *backfillFlags) askEpoch(ctx context.Context, name string) (time.Time, error) {
	client, err := exporterClient(f.httpConfig, false)
	if err != nil {
		return time.Time{}, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(f.url, "/")+"/", nil)
	if err != nil {
		return time.Time{}, err
	}
	request.Header.Set("Accept", "application/json")
	answer, err := client.Do(request)
	if err != nil {
		return time.Time{}, err
	}
	defer answer.Body.Close()
	var status struct {
		Accounts []struct {
			Name  string    `json:"name"`
			Epoch time.Time `json:"epoch"`
		} `json:"accounts"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&status); err != nil || answer.StatusCode != http.StatusOK {
		return time.Time{}, errors.Join(fmt.Errorf("it answers %s, and not with the status of an exporter", answer.Status), err)
	}
	for _, a := range status.Accounts {
		if a.Name == name {
			return a.Epoch, nil
		}
	}
	return time.Time{}, fmt.Errorf("the exporter there does not read account %q", name)
}

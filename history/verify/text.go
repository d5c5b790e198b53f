package verify

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"itnio_exporter/history"
)

// column is a number of calls in the text and in the CSV.
type column struct {
	name  string
	value func(*Counts) int
	says  string // what it means; "": no more than its name
}

func columns() []column {
	return []column{
		{"shown", func(c *Counts) int { return c.Shown }, ""},
		{"counted", func(c *Counts) int { return c.Counted }, ""},
		{"baseline", func(c *Counts) int { return c.Baseline }, "ended before the epoch: never counted, as agreed at the first start"},
		{"pending", func(c *Counts) int { return c.Pending }, "the record has no hang-up yet: counted when it is complete, or after lookback"},
		{"recent", func(c *Counts) int { return c.Recent }, "ended less than lookback before the ledger's last reading, or after it: the record may have appeared since"},
		{"too_old", func(c *Counts) int { return c.TooOld }, "ids of that time are not kept any more: cannot be told"},
		{"no_id", func(c *Counts) int { return c.NoID }, "the record has neither keyId nor callSessionId: never counted"},
		{"not_counted", func(c *Counts) int { return c.NotCounted }, "the API shows it and the ledger does not have it: the next audit counts it if it ended within horizon"},
	}
}

// WriteText writes a report for people. Times of the range are written in the zone that they have.
func WriteText(out io.Writer, r *Report) error {
	w := &writer{out: out}
	for i := range r.Accounts {
		if i > 0 {
			w.line("")
		}
		w.account(&r.Accounts[i])
	}
	return w.err
}

// writer keeps the first error.
type writer struct {
	out io.Writer
	err error
}

func (w *writer) line(format string, args ...any) {
	if _, err := fmt.Fprintf(w.out, format+"\n", args...); w.err == nil {
		w.err = err
	}
}

// table is made of aligned columns. Rows that differ come last, before the total, where a terminal shows them, and are marked.
type table struct{ head, equal, different []string }

func (t *table) row(differs bool, cells ...string) {
	for i := range cells {
		cells[i] = history.Printable(cells[i])
	}
	if line := strings.Join(cells, "\t"); differs {
		t.different = append(t.different, "! "+line)
	} else {
		t.equal = append(t.equal, "  "+line)
	}
}

func (w *writer) table(rows *table, total ...string) {
	t := tabwriter.NewWriter(w.out, 0, 0, 2, ' ', 0)
	lines := slices.Concat([]string{"  " + strings.Join(rows.head, "\t")}, rows.equal, rows.different, []string{"  " + strings.Join(total, "\t")})
	for _, line := range lines {
		if _, err := fmt.Fprintln(t, line); w.err == nil {
			w.err = err
		}
	}
	if err := t.Flush(); w.err == nil {
		w.err = err
	}
	w.line("")
}

func (w *writer) account(a *Account) {
	const layout = "2006-01-02 15:04:05 -07:00"
	w.line("account %s: calls that ended from %s to %s", a.Name, a.From.Format(layout), a.To.Format(layout))
	sources := map[string]string{FromFile: "its file, which no exporter has open", FromBackup: "the file that was named", FromExporter: "a copy from the running exporter"}
	read := stamp(a.Ledger.LastRead)
	if a.Ledger.LastRead.IsZero() {
		read = "never"
	}
	w.line("  ledger: %s; last reading %s; counts calls that ended since %s", sources[a.Ledger.Source], read, stamp(a.Ledger.Epoch))
	w.line("  API: %d requests, %d records, those around the range included\n", a.API.Requests, a.API.Records)
	used := w.counts(a)
	w.prometheus(a.Prometheus)
	for _, c := range used {
		if c.says != "" && c.value(&a.Total) > 0 {
			w.line("  %s: %s", c.name, c.says)
		}
	}
	if a.NoLongerShown > 0 {
		w.line("  no_longer_shown: the ledger knows so many calls of windows of the range that the API does not show any more, %d of %d were noticed by the exporter; counters never go down; %s", a.Noticed, a.NoLongerShown, a.whose())
	}
	if unknown := seconds(a.From, a.To) - a.Ledger.KnownSeconds; unknown > 0 {
		w.line("  for %s of the range the ledger does not know by window which calls there were: one that is no longer shown would not be found there", time.Duration(unknown)*time.Second)
	}
	w.uncompared(a)
	w.line("  %s", verdict(a))
}

// uncompared says what was not compared, and why.
func (w *writer) uncompared(a *Account) {
	switch l := &a.Ledger; {
	case !l.Epoch.Before(a.To):
		w.line("  nothing to compare: the range ends before the ledger counts calls; choose one that ends after %s", stamp(l.Epoch))
	case l.Behind && l.LastRead.IsZero():
		w.line("  not compared: what the ledger does not have, as no exporter has read the account with it yet; start the exporter, and verify again when it has caught up")
	case l.Behind:
		w.line("  not compared: what ended after the ledger's last reading, which is long before the end of the range; verify again when the exporter has caught up, or with a newer copy")
	}
	for _, s := range a.API.Unread {
		w.line("  not compared: the API did not answer for %s to %s, or differently each time", stamp(s.From), stamp(s.To))
	}
}

// whose says where to see the agent groups and countries of calls that are no longer shown.
func (a *Account) whose() string {
	switch {
	case a.Prometheus == nil:
		return "the ledger keeps only ids: with --prometheus.url, unexplained rises tell the agent groups and countries"
	case a.Prometheus.Total.Unexplained > 0:
		return "their rises are unexplained above: that tells the agent groups and countries"
	}
	return "the ledger keeps only ids, and no rise is unexplained: agent groups and countries are not known"
}

func seconds(from, to time.Time) int64 { return to.Unix() - from.Unix() }

// counts writes the table of calls, and returns its columns: those with nothing in them are left out.
func (w *writer) counts(a *Account) (used []column) {
	rows := &table{head: []string{"agent_group", "country"}}
	for _, c := range columns() {
		if c.value(&a.Total) > 0 || c.says == "" {
			used = append(used, c)
			rows.head = append(rows.head, c.name)
		}
	}
	for i := range a.Rows {
		r := &a.Rows[i]
		rows.row(r.NotCounted > 0, numbers(r.AgentGroup, r.Country, used, &r.Counts)...)
	}
	w.table(rows, numbers("total", "", used, &a.Total)...)
	return used
}

func numbers(group, country string, used []column, c *Counts) []string {
	row := []string{group, country}
	for _, u := range used {
		row = append(row, strconv.Itoa(u.value(c)))
	}
	return row
}

func (w *writer) prometheus(p *Prometheus) {
	if p == nil {
		return
	}
	w.line("  Prometheus, rises of the raw samples of %s", strings.Join(p.Targets, ", "))
	rows := &table{head: []string{"agent_group", "country", "counted", "before", "after", "first_samples", "rises", "unexplained"}}
	cells := func(group, country string, r *Rises) []string {
		return []string{
			group, country, strconv.Itoa(r.Counted), r.Before.text("+"), r.After.text("-"), minus(r.FirstSamples), strconv.Itoa(r.Rises), strconv.Itoa(r.Unexplained),
		}
	}
	for i := range p.Rows {
		rows.row(p.Rows[i].Unexplained != 0, cells(p.Rows[i].AgentGroup, p.Rows[i].Country, &p.Rows[i].Rises)...)
	}
	w.table(rows, cells("total", "", &p.Total)...)
	t := &p.Total
	if t.Before.AtMost+t.After.AtMost > 0 {
		w.line("  before: ended before the range and were seen in it; after: ended in the range and were seen after it; \"1 to 3\" where the samples do not tell")
	}
	if t.Within > lateness()[0] {
		w.line("  some rises are explained only if calls were seen up to %s after their end", time.Duration(t.Within)*time.Second)
	}
	if t.FirstSamples > 0 {
		w.line("  first_samples: up to so many calls are in the first sample of a series, as after a first fill: Prometheus sees no rise")
	}
	if p.Resets > 0 {
		w.line("  resets: %d samples are lower than the one before; Prometheus counts them from 0, %d calls", p.Resets, t.ResetSamples)
	}
	for _, s := range p.Silent {
		w.line("  no samples from %s to %s: what was counted meanwhile rises with the next one", stamp(s.From), stamp(s.To))
	}
	if t.Unexplained != 0 {
		w.line("  unexplained: above 0, rises without a call that the API shows, as of one that was deleted after it was counted; below 0, calls without a rise up to %d minutes after their end", latest/60)
	}
}

// text is the number with a sign, or its bounds.
func (b Bounds) text(sign string) string {
	switch {
	case b.AtMost == 0:
		return "0"
	case b.AtLeast == b.AtMost:
		return sign + strconv.Itoa(b.AtLeast)
	}
	return fmt.Sprintf("%s%d to %d", sign, b.AtLeast, b.AtMost)
}

func minus(n int) string {
	if n == 0 {
		return "0"
	}
	return "-" + strconv.Itoa(n)
}

func verdict(a *Account) string {
	switch a.Result {
	case Different:
		var parts []string
		part := func(n int, what string) {
			if n > 0 {
				parts = append(parts, fmt.Sprintf("%d %s", n, what))
			}
		}
		part(a.Total.NotCounted, "not counted")
		part(a.NoLongerShown, "counted and no longer shown")
		if a.Prometheus != nil {
			many, few := 0, 0
			for _, r := range a.Prometheus.Rows {
				many, few = many+max(r.Unexplained, 0), few-min(r.Unexplained, 0)
			}
			part(many, "rises in Prometheus too many")
			part(few, "rises in Prometheus too few")
		}
		return "DIFFERENT: " + strings.Join(parts, ", ")
	case Incomplete:
		return "INCOMPLETE: no difference, but not all could be compared"
	}
	return "EQUAL: every call that the API shows, and that is to be counted by now, is counted"
}

// WriteCSV writes one line for each account, agent group and country, and one for the calls that are no longer shown, whose agent group and
// country are empty.
func WriteCSV(out io.Writer, r *Report) error {
	w := csv.NewWriter(out)
	head := []string{"account", "agent_group", "country"}
	for _, c := range columns() {
		head = append(head, c.name)
	}
	head = append(head, "no_longer_shown", "noticed", "rises", "before_at_least", "before_at_most", "after_at_least", "after_at_most", "first_samples", "unexplained")
	lines := [][]string{head}
	for i := range r.Accounts {
		lines = append(lines, csvLines(&r.Accounts[i])...)
	}
	return w.WriteAll(lines)
}

func csvLines(a *Account) (lines [][]string) {
	rises := map[key]*Rises{}
	if a.Prometheus != nil {
		for i := range a.Prometheus.Rows {
			p := &a.Prometheus.Rows[i]
			rises[key{p.AgentGroup, p.Country}] = &p.Rises
		}
	}
	line := func(k key, c *Counts, gone ...string) {
		out := append([]string{a.Name}, numbers(k.group, k.country, columns(), c)...)
		out = append(out, gone...)
		p := rises[k]
		delete(rises, k)
		if p == nil {
			p = &Rises{}
		}
		if a.Prometheus == nil || gone[0] != "" {
			lines = append(lines, append(out, "", "", "", "", "", "", ""))
			return
		}
		for _, n := range []int{p.Rises, p.Before.AtLeast, p.Before.AtMost, p.After.AtLeast, p.After.AtMost, p.FirstSamples, p.Unexplained} {
			out = append(out, strconv.Itoa(n))
		}
		lines = append(lines, out)
	}
	for i := range a.Rows {
		line(key{a.Rows[i].AgentGroup, a.Rows[i].Country}, &a.Rows[i].Counts, "", "")
	}
	if a.Prometheus != nil {
		for i := range a.Prometheus.Rows {
			p := &a.Prometheus.Rows[i]
			if k := (key{p.AgentGroup, p.Country}); rises[k] != nil {
				line(k, &Counts{}, "", "")
			}
		}
	}
	if a.NoLongerShown > 0 {
		line(key{}, &Counts{}, strconv.Itoa(a.NoLongerShown), strconv.Itoa(a.Noticed))
	}
	return lines
}

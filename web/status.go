package web

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"time"

	"itnio_exporter/collector/account"
)

var (
	//go:embed status.html
	statusHTML string
	//go:embed status.css
	statusCSS string
)

const (
	refreshSeconds = 30
	fewAccounts    = 4  // so many are unfolded whatever their state
	fewScrapers    = 20 // so many are listed
)

// statusPage shows the exporter and its accounts, to people as a page without scripts and to programs as JSON.
type statusPage struct {
	o      *Options
	page   *template.Template
	policy string
}

// statusData is what the template gets.
type statusData struct {
	*document
	Site    string // path of this page
	Refresh int    // seconds; 0: it stays as it is
	Pprof   bool
}

func newStatusPage(o Options) *statusPage {
	digest := sha256.Sum256([]byte(statusCSS))
	s := &statusPage{
		o: &o,
		policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(digest[:]) + "'; img-src data:; " +
			"base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	}
	functions := template.FuncMap{
		"link": o.Site.link, "docs": func(page string) string { return docsBase + page }, "metrics": func() string { return o.Site.metrics },
		"css": func() template.CSS { return template.CSS(statusCSS) }, //nolint:gosec // it is this program's
		"utc": utcText, "ago": func(t time.Time) string { return agoText(o.Now().Sub(t)) }, "span": spanText, "bytes": bytesText, "number": numberText,
		"percent": func(part float64) int { return int(part * 100) }, "chart": newChart, "outcomes": outcomesOf,
		"few": func(n int) bool { return n <= fewAccounts }, "perMinute": func(rate float64) string { return strconv.FormatFloat(rate*60, 'f', -1, 64) },
	}
	s.page = template.Must(template.New("status").Funcs(functions).Parse(statusHTML))
	return s
}

func (s *statusPage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d := newDocument(s.o)
	h := w.Header()
	h.Set("Vary", "Accept")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	refresh := r.URL.Query().Get("refresh") != "off"
	render, kind := s.html(d, refresh), "text/html; charset=UTF-8"
	if prefersJSON(r.Header) {
		render, kind, refresh = asJSON(d), "application/json", false
	}
	var body bytes.Buffer
	if err := render(&body); err != nil {
		http.Error(w, "the status page cannot be rendered", http.StatusInternalServerError)
		return
	}
	h.Set("Content-Type", kind)
	h.Set("Content-Security-Policy", s.policy)
	h.Set("Referrer-Policy", "no-referrer")
	if refresh { // by a header: tools that check accessibility object to the element
		h.Set("Refresh", strconv.Itoa(refreshSeconds))
	}
	_, _ = body.WriteTo(w) // an error means that the client has gone
}

func asJSON(d *document) func(*bytes.Buffer) error {
	return func(body *bytes.Buffer) error {
		e := json.NewEncoder(body)
		e.SetIndent("", "  ")
		return e.Encode(d)
	}
}

func (s *statusPage) html(d *document, refresh bool) func(*bytes.Buffer) error {
	data := statusData{document: d, Site: s.o.Site.link("/"), Pprof: s.o.Pprof}
	if refresh {
		data.Refresh = refreshSeconds
	}
	return func(body *bytes.Buffer) error { return s.page.Execute(body, data) }
}

// StateCount is how many accounts are in a state.
type StateCount struct {
	State account.State
	Class string
	N     int
}

// States counts the accounts by state, those that need somebody first.
func (d *document) States() (counts []StateCount) {
	for _, a := range d.Accounts {
		i := slices.IndexFunc(counts, func(c StateCount) bool { return c.State == a.State })
		if i < 0 {
			counts = append(counts, StateCount{a.State, a.Class(), 0})
			i = len(counts) - 1
		}
		counts[i].N++
	}
	return counts
}

// Listed are the scrapers that the page lists.
func (e *exporterDocument) Listed() []scraperDocument {
	return e.Scrapers[:min(fewScrapers, len(e.Scrapers))]
}

// Unlisted is how many more there are.
func (e *exporterDocument) Unlisted() int { return len(e.Scrapers) - len(e.Listed()) }

type outcomeCount struct {
	Name string
	N    int
}

// outcomesOf lists outcomes, the most frequent first.
func outcomesOf(o account.Outcomes) (list []outcomeCount) {
	for name, n := range o {
		list = append(list, outcomeCount{name, n})
	}
	slices.SortFunc(list, func(a, b outcomeCount) int {
		if a.N != b.N {
			return b.N - a.N
		}
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return list
}

func utcText(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format(time.DateTime + " UTC")
}

func agoText(d time.Duration) string {
	if d = d.Round(time.Second); d < 0 {
		return "in " + spanText(seconds(-d))
	}
	return spanText(seconds(d)) + " ago"
}

// spanText is a time span in its two largest units.
func spanText(s int64) string {
	units := []struct {
		name string
		n    int64
	}{{"d", s / 86400}, {"h", s / 3600 % 24}, {"m", s / 60 % 60}, {"s", s % 60}}
	for i, u := range units {
		switch {
		case u.n == 0 && i < len(units)-1:
		case i == len(units)-1 || units[i+1].n == 0:
			return fmt.Sprintf("%d %s", u.n, u.name)
		default:
			return fmt.Sprintf("%d %s %d %s", u.n, u.name, units[i+1].n, units[i+1].name)
		}
	}
	return ""
}

func bytesText(n int64) string {
	for _, unit := range []string{"bytes", "kB", "MB"} {
		if n < 10_000 {
			return numberText(int(n)) + " " + unit
		}
		n = (n + 500) / 1000
	}
	return numberText(int(n)) + " GB"
}

// numberText is a number with a thin space between thousands.
func numberText(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "\u202f" + text[i:]
	}
	return text
}

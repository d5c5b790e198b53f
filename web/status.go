package web

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"time"

	"itnio_exporter/collector"
)

//go:embed status.html
var statusHTML string

// statusPage shows whether the exporter is ready and a table of its accounts.
type statusPage struct {
	o    Options
	page *template.Template
}

// statusData is what the template gets.
type statusData struct {
	Version  string
	Ready    bool
	Reason   string // of not being ready
	Accounts []collector.AccountStatus
	Pprof    bool
}

func newStatusPage(o Options) *statusPage {
	functions := template.FuncMap{"link": o.Site.link, "metrics": func() string { return o.Site.metrics }, "up": upText, "utc": utcText}
	return &statusPage{o: o, page: template.Must(template.New("status").Funcs(functions).Parse(statusHTML))}
}

func (s *statusPage) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	data := statusData{Version: s.o.Version, Accounts: s.o.Exporter.Status(), Pprof: s.o.Pprof}
	data.Ready, data.Reason = s.o.Exporter.Ready()
	var body bytes.Buffer
	if err := s.page.Execute(&body, data); err != nil {
		http.Error(w, "the status page cannot be rendered", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=UTF-8")
	_, _ = body.WriteTo(w) // an error means that the client has gone
}

// upText is the state of an account; nil: not read yet.
func upText(up *bool) string {
	switch {
	case up == nil:
		return "not read yet"
	case *up:
		return "up"
	}
	return "down"
}

func utcText(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format(time.DateTime + " UTC")
}

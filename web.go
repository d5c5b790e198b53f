package main

import (
	"cmp"
	"context"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"net/http/pprof"
	"net/url"
	"os"
	"path"
	"strings"
	"time"

	"github.com/prometheus/common/version"
	"github.com/prometheus/exporter-toolkit/web"

	"itnio_exporter/collector"
)

// site is where the endpoints stand: routes as they reach the server, links as a browser sees them.
type site struct {
	external *url.URL // path without a slash at the end
	prefix   string   // of the routes, "" or "/like/this"
	metrics  string   // path of the metrics below prefix
}

// newSite works out the site from the flags, the way Prometheus does: the external URL defaults to the host's name,
// the route prefix to the external URL's path.
func newSite(externalURL, routePrefix, telemetryPath, listenAddress string) (site, error) {
	if externalURL == "" {
		host, err := os.Hostname()
		if err != nil {
			return site{}, fmt.Errorf("--web.external-url: %w", err)
		}
		_, port, err := net.SplitHostPort(listenAddress)
		if err != nil && !strings.Contains(listenAddress, "://") {
			return site{}, fmt.Errorf("--web.listen-address: %w", err)
		}
		externalURL = (&url.URL{Scheme: "http", Host: net.JoinHostPort(host, port)}).String()
	}
	external, err := url.Parse(externalURL)
	if err != nil {
		return site{}, fmt.Errorf("--web.external-url: %w", err)
	}
	if external.Scheme != "http" && external.Scheme != "https" || external.Host == "" {
		return site{}, fmt.Errorf("--web.external-url: %q is not an http or https URL", externalURL)
	}
	external.Path = cleanPrefix(external.Path)
	if routePrefix == "" {
		routePrefix = external.Path
	}
	s := site{external: external, prefix: cleanPrefix(routePrefix), metrics: telemetryPath}
	if !plainPath(s.prefix + "/") {
		return site{}, fmt.Errorf("--web.route-prefix: %q is not a plain path such as /itnio", routePrefix)
	}
	if !plainPath(s.metrics) {
		return site{}, fmt.Errorf("--web.telemetry-path: %q is not a plain path such as /metrics", s.metrics)
	}
	for _, taken := range []string{"/-/", "/debug/pprof/"} {
		if strings.HasPrefix(s.metrics+"/", taken) {
			return site{}, fmt.Errorf("--web.telemetry-path: %q is taken", s.metrics)
		}
	}
	return s, nil
}

// cleanPrefix gives "" or a path with a slash at its start and none at its end.
func cleanPrefix(path string) string {
	if path = strings.Trim(path, "/"); path == "" {
		return ""
	}
	return "/" + path
}

// plainPath reports whether a path can be routed as it stands: a browser or the router would change any other, or take
// a part of it for a pattern.
func plainPath(p string) bool {
	odd := func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`{}%?#"<>\^`+"`|", r) }
	return strings.HasPrefix(p, "/") && !strings.ContainsFunc(p, odd) && path.Clean(p) == cmp.Or(strings.TrimSuffix(p, "/"), "/")
}

// exporter is what the web pages ask of the runtime.
type exporter interface {
	Ready() (bool, string)
	Status() []collector.AccountStatus
}

type handlerOptions struct {
	site      site
	exporter  exporter
	metrics   http.Handler
	reload    func(context.Context) error
	lifecycle bool // whether reload may be asked for
	pprof     bool
}

// newHandler routes all endpoints. It answers nothing outside the route prefix but a redirect to it.
func newHandler(o handlerOptions) http.Handler {
	mux := http.NewServeMux()
	route := func(path string, h http.Handler) { mux.Handle(o.site.prefix+path, h) }

	route(o.site.metrics, o.metrics)
	if o.site.metrics != "/" {
		route("/{$}", statusPage(o))
		if o.site.prefix != "" {
			mux.Handle("/{$}", http.RedirectHandler(o.site.external.Path+"/", http.StatusFound))
		}
	}
	route("/-/healthy", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "itnio_exporter is healthy.")
	}))
	route("/-/ready", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if ready, reason := o.exporter.Ready(); !ready {
			http.Error(w, "itnio_exporter is not ready: "+reason, http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "itnio_exporter is ready.")
	}))
	route("/-/reload", reloadHandler(o))
	if o.pprof {
		route("/debug/pprof/", http.StripPrefix(o.site.prefix, http.HandlerFunc(pprof.Index)))
		route("/debug/pprof/cmdline", http.HandlerFunc(pprof.Cmdline))
		route("/debug/pprof/profile", http.HandlerFunc(pprof.Profile))
		route("/debug/pprof/symbol", http.HandlerFunc(pprof.Symbol))
		route("/debug/pprof/trace", http.HandlerFunc(pprof.Trace))
	}
	return mux
}

func reloadHandler(o handlerOptions) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !o.lifecycle:
			http.Error(w, "Reloading by request is off: start with --web.enable-lifecycle, or send SIGHUP.", http.StatusForbidden)
		case r.Method != http.MethodPost && r.Method != http.MethodPut:
			w.Header().Set("Allow", "POST, PUT")
			http.Error(w, "This endpoint takes POST or PUT.", http.StatusMethodNotAllowed)
		default:
			if err := o.reload(r.Context()); err != nil {
				http.Error(w, fmt.Sprintf("failed to reload config: %s", err), http.StatusInternalServerError)
				return
			}
			fmt.Fprintln(w, "Configuration reloaded.")
		}
	}
}

// statusPage is the toolkit's landing page with a table of the accounts.
func statusPage(o handlerOptions) http.HandlerFunc {
	accounts := template.Must(template.New("accounts").Funcs(template.FuncMap{
		"up": func(up *bool) string {
			switch {
			case up == nil:
				return "not read yet"
			case *up:
				return "up"
			}
			return "down"
		},
		"utc": func(t time.Time) string {
			if t.IsZero() {
				return "–"
			}
			return t.UTC().Format(time.DateTime + " UTC")
		},
	}).Parse(accountsTemplate))

	return func(w http.ResponseWriter, r *http.Request) {
		ready, reason := o.exporter.Ready()
		var table strings.Builder
		err := accounts.Execute(&table, struct {
			Ready    bool
			Reason   string
			Accounts []collector.AccountStatus
		}{ready, reason, o.exporter.Status()})
		if err != nil {
			http.Error(w, "the status page cannot be rendered", http.StatusInternalServerError)
			return
		}
		page, err := web.NewLandingPage(web.LandingConfig{
			RoutePrefix: o.site.external.Path,
			Name:        program,
			Description: "Finished calls of a cloud call centre, each counted exactly once",
			Version:     version.Info(),
			Links: []web.LandingLinks{
				{Address: o.site.metrics, Text: "Metrics"},
				{Address: "/-/healthy", Text: "Healthy"},
				{Address: "/-/ready", Text: "Ready"},
			},
			ExtraHTML: table.String(),
			ExtraCSS:  "table{border-collapse:collapse;margin-top:1rem}th,td{border:1px solid #8888;padding:.3rem .6rem;text-align:left}",
			Profiling: fmt.Sprint(o.pprof),
		})
		if err != nil {
			http.Error(w, "the status page cannot be rendered", http.StatusInternalServerError)
			return
		}
		// The page knows one prefix for its links and its own route. Here they may differ, and the route is checked.
		own := r.Clone(r.Context())
		own.URL.Path = o.site.external.Path + "/"
		page.ServeHTTP(w, own)
	}
}

const accountsTemplate = `<p>{{if .Ready}}Ready.{{else}}Not ready: {{.Reason}}{{end}}</p>
<table>
<tr><th>Account</th><th>State</th><th>Last success</th><th>Complete until</th><th>Left to catch up</th><th>Open windows</th><th>Last error</th></tr>
{{range .Accounts}}<tr><td>{{.Name}}</td><td>{{up .Up}}</td><td>{{utc .LastSuccess}}</td><td>{{utc .CompleteUntil}}</td><td>{{.CatchUp}}</td><td>{{.OpenWindows}}</td><td>{{.LastError}}</td></tr>
{{end}}</table>`

package web

import (
	"context"
	"fmt"
	"net/http"
	"net/http/pprof"
	"time"

	"itnio_exporter/collector"
)

// Exporter is what the endpoints ask of the runtime. Its methods return at once, also while a reload is under way or a disk hangs.
type Exporter interface {
	// Ready reports whether all accounts have been read; if not, why.
	Ready() (ready bool, reason string)
	Status() []collector.AccountStatus
	About() collector.About
}

// Options of the handler.
type Options struct {
	Site      Site
	Version   string // for the status page
	Now       func() time.Time
	Exporter  Exporter
	Metrics   http.Handler
	Reload    func(context.Context) error
	Last      func() LastReload
	Lifecycle bool // whether Reload may be called by request
	Pprof     bool // whether the Go profiler is served
	Backup    BackupOptions
}

// NewHandler routes all endpoints. Outside the route prefix it answers only "/", by a redirect to the status page.
func NewHandler(o Options) http.Handler {
	mux := http.NewServeMux()
	route := func(path string, h http.Handler) { mux.Handle(o.Site.Path(path), h) }

	route(o.Site.metrics, o.Metrics)
	if o.Site.metrics != "/" {
		route("/{$}", newStatusPage(o))
		if o.Site.prefix != "" {
			mux.Handle("/{$}", http.RedirectHandler(o.Site.link("/"), http.StatusFound))
		}
	}
	route("/-/healthy", http.HandlerFunc(healthy))
	route("/-/ready", readyHandler(o.Exporter))
	route("/-/reload", reloadHandler(o))
	route("/-/backup", &backupHandler{BackupOptions: o.Backup})
	if o.Pprof {
		route("/debug/pprof/", http.StripPrefix(o.Site.prefix, http.HandlerFunc(pprof.Index)))
		route("/debug/pprof/cmdline", http.HandlerFunc(pprof.Cmdline))
		route("/debug/pprof/profile", http.HandlerFunc(pprof.Profile))
		route("/debug/pprof/symbol", http.HandlerFunc(pprof.Symbol))
		route("/debug/pprof/trace", http.HandlerFunc(pprof.Trace))
	}
	return mux
}

func healthy(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprintln(w, "itnio_exporter is healthy.")
}

func readyHandler(e Exporter) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if ready, reason := e.Ready(); !ready {
			http.Error(w, "itnio_exporter is not ready: "+reason, http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "itnio_exporter is ready.")
	}
}

func reloadHandler(o Options) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !o.Lifecycle:
			http.Error(w, "Reloading by request is off: start with --web.enable-lifecycle, or send SIGHUP.", http.StatusForbidden)
		case r.Method != http.MethodPost && r.Method != http.MethodPut:
			w.Header().Set("Allow", "POST, PUT")
			http.Error(w, "This endpoint takes POST or PUT.", http.StatusMethodNotAllowed)
		default:
			if err := o.Reload(r.Context()); err != nil {
				http.Error(w, fmt.Sprintf("failed to reload config: %s", err), http.StatusInternalServerError)
				return
			}
			fmt.Fprintln(w, "Configuration reloaded.")
		}
	}
}

// Package web is the exporter's HTTP side: its routes, the status page, and reloads by request or signal.
package web

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"os"
	"path"
	"strings"
)

// SiteOptions are the flags that say where the endpoints are.
type SiteOptions struct {
	ExternalURL   string // --web.external-url; "": derived from the host name and ListenAddress
	RoutePrefix   string // --web.route-prefix; "": the path of the external URL
	TelemetryPath string // --web.telemetry-path
	ListenAddress string // the first --web.listen-address
}

// Site is where the endpoints are: routes as requests reach the server, links as a browser sees them.
type Site struct {
	external *url.URL // its path has no slash at the end
	prefix   string   // of the routes, "" or "/like/this"
	metrics  string   // path of the metrics below prefix
}

// NewSite derives the site from the flags, by the rules of Prometheus. Its errors name the flag.
func NewSite(o SiteOptions) (Site, error) {
	external, err := externalURL(o)
	if err != nil {
		return Site{}, err
	}
	s := Site{external: external, prefix: cleanPrefix(cmp.Or(o.RoutePrefix, external.Path)), metrics: o.TelemetryPath}
	if !plainPath(s.prefix + "/") {
		return Site{}, fmt.Errorf("--web.route-prefix: %q is not a plain path such as /itnio", cmp.Or(o.RoutePrefix, external.Path))
	}
	if !plainPath(s.metrics) {
		return Site{}, fmt.Errorf("--web.telemetry-path: %q is not a plain path such as /metrics", s.metrics)
	}
	for _, taken := range []string{"/-/", "/debug/pprof/"} {
		if strings.HasPrefix(s.metrics+"/", taken) {
			return Site{}, fmt.Errorf("--web.telemetry-path: %q is taken", s.metrics)
		}
	}
	return s, nil
}

// Path is the path of a request to a route, for example "/-/healthy".
func (s Site) Path(route string) string { return s.prefix + route }

// MetricsPath is the path of a request for the metrics.
func (s Site) MetricsPath() string { return s.Path(s.metrics) }

// link is the path that leads a browser to a route.
func (s Site) link(route string) string { return s.external.Path + route }

func externalURL(o SiteOptions) (*url.URL, error) {
	given := o.ExternalURL
	if given == "" {
		host, err := os.Hostname()
		if err != nil {
			return nil, fmt.Errorf("--web.external-url: %w", err)
		}
		_, port, err := net.SplitHostPort(o.ListenAddress)
		if err != nil && !strings.Contains(o.ListenAddress, "://") { // vsock://… has no port for HTTP
			return nil, fmt.Errorf("--web.listen-address: %w", err)
		}
		given = (&url.URL{Scheme: "http", Host: net.JoinHostPort(host, port)}).String()
	}
	u, err := url.Parse(given)
	if err != nil {
		return nil, fmt.Errorf("--web.external-url: %w", err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("--web.external-url: %q is not an http or https URL", given)
	}
	u.Path = cleanPrefix(u.Path)
	return u, nil
}

// cleanPrefix returns "", or the path with one slash at its start and none at its end.
func cleanPrefix(path string) string {
	if path = strings.Trim(path, "/"); path == "" {
		return ""
	}
	return "/" + path
}

// plainPath reports whether a path can be a route as it is. A browser or the router would change any other, or take a
// part of it for a pattern.
func plainPath(p string) bool {
	odd := func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`{}%?#"<>\^`+"`|", r) }
	return strings.HasPrefix(p, "/") && !strings.ContainsFunc(p, odd) && path.Clean(p) == cmp.Or(strings.TrimSuffix(p, "/"), "/")
}

package web

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNewSite(t *testing.T) {
	for _, tt := range []struct {
		name, external, prefix, telemetry string
		wantPrefix, wantPath              string
		wantErr                           string
	}{
		{name: "nothing given"},
		{name: "prefix alone", prefix: "/itnio/", wantPrefix: "/itnio"},
		{name: "prefix without a slash", prefix: "itnio", wantPrefix: "/itnio"},
		{name: "prefix follows the external URL", external: "https://mon.example/itnio/", wantPrefix: "/itnio", wantPath: "/itnio"},
		{name: "proxy strips the path", external: "https://mon.example/itnio", prefix: "/", wantPath: "/itnio"},
		{name: "other telemetry path", telemetry: "/probe/metrics"},
		{name: "metrics at the root", telemetry: "/"},
		{name: "external URL without a host", external: "/itnio", wantErr: `--web.external-url: "/itnio" is not an http or https URL`},
		{name: "external URL of another kind", external: "ftp://mon.example/", wantErr: `--web.external-url: "ftp://mon.example/" is not an http or https URL`},
		{name: "telemetry path without a slash", telemetry: "metrics", wantErr: `--web.telemetry-path: "metrics" is not a plain path such as /metrics`},
		{name: "telemetry path with a slash at its end", telemetry: "/metrics/"},
		{name: "telemetry path with a pattern", telemetry: "/{x}", wantErr: `--web.telemetry-path: "/{x}" is not a plain path such as /metrics`},
		{name: "telemetry path that routers clean", telemetry: "/a/../b", wantErr: `--web.telemetry-path: "/a/../b" is not a plain path such as /metrics`},
		{name: "telemetry path with two slashes", telemetry: "//x", wantErr: `--web.telemetry-path: "//x" is not a plain path such as /metrics`},
		{name: "prefix with a blank", prefix: "/a b", wantErr: `--web.route-prefix: "/a b" is not a plain path such as /itnio`},
		{name: "prefix with a pattern", prefix: "/{x}", wantErr: `--web.route-prefix: "/{x}" is not a plain path such as /itnio`},
		{name: "prefix with a method", prefix: "GET /x", wantErr: `--web.route-prefix: "GET /x" is not a plain path such as /itnio`},
		{name: "external URL that makes such a prefix", external: "http://mon.example/a%20b", wantErr: `--web.route-prefix: "/a b" is not a plain path such as /itnio`},
		{name: "telemetry path that is taken", telemetry: "/-/ready", wantErr: `--web.telemetry-path: "/-/ready" is taken`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.telemetry == "" {
				tt.telemetry = "/metrics"
			}
			s, err := NewSite(SiteOptions{ExternalURL: tt.external, RoutePrefix: tt.prefix, TelemetryPath: tt.telemetry, ListenAddress: ":10198"})
			if tt.wantErr != "" {
				require.EqualError(t, err, tt.wantErr)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tt.wantPrefix, s.prefix)
			require.Equal(t, tt.wantPath, s.external.Path)
		})
	}
}

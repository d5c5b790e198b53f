package config

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// Any file is either refused in one line that names it, or gives a configuration that the rest can rely on.
func FuzzLoad(f *testing.F) {
	files, err := filepath.Glob("testdata/*.yml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range append(files, exampleFile) {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, strings.Contains(file, "env_"))
	}
	f.Fuzz(func(t *testing.T, data []byte, expand bool) {
		c, err := Load("config.yml", Options{
			ExpandEnv: expand,
			LookupEnv: environment,
			ReadFile: func(name string) ([]byte, error) {
				switch {
				case name == "config.yml":
					return data, nil
				case strings.HasSuffix(name, "nowhere"):
					return nil, os.ErrNotExist
				}
				return []byte("from a file\n"), nil
			},
		})
		if err != nil {
			checkLine(t, err)
			return
		}
		v, err := c.Validate()
		if err != nil {
			checkLine(t, err)
			return
		}
		checkPromises(t, v)
	})
}

func checkLine(t *testing.T, err error) {
	t.Helper()
	text := err.Error()
	if !strings.HasPrefix(text, "config.yml:") || strings.ContainsAny(text, "\r\n") || !utf8.ValidString(text) {
		t.Errorf("not one line that names the file: %q", text)
	}
}

func checkPromises(t *testing.T, v *Validated) {
	t.Helper()
	checkGlobal(t, v.Global())
	if len(v.Accounts()) == 0 {
		t.Error("no account")
	}
	names := map[string]bool{}
	for _, a := range v.Accounts() {
		if names[a.Name] {
			t.Errorf("two accounts %q", a.Name)
		}
		names[a.Name] = true
		checkAccount(t, a)
	}
	m := v.Metrics()
	for _, bounds := range [][]float64{m.DurationBuckets, m.RingBuckets} {
		if len(bounds) == 0 || !(bounds[0] > 0) || !slices.IsSorted(bounds) || len(slices.Compact(bounds)) != len(bounds) {
			t.Errorf("bounds %v", bounds)
		}
	}
	for _, line := range append(v.Warnings(), v.Summary()) {
		if strings.ContainsAny(line, "\r\n") {
			t.Errorf("more than one line: %q", line)
		}
	}
}

func checkGlobal(t *testing.T, g Global) {
	t.Helper()
	for _, d := range []struct {
		what             string
		least, have, top time.Duration
	}{
		{"poll_interval", time.Second, g.PollInterval, 24 * time.Hour},
		{"lookback", 2 * g.PollInterval, g.Lookback, g.Horizon},
		{"horizon", g.Lookback, g.Horizon, 93 * 24 * time.Hour},
		{"initial_history", 0, g.InitialHistory, g.Horizon},
		{"zero_first", 0, g.ZeroFirst, 24 * time.Hour},
		{"backoff_max", g.PollInterval, g.BackoffMax, 24 * time.Hour},
		{"audit_interval", g.PollInterval, g.AuditInterval, g.Horizon},
	} {
		if d.have < d.least || d.have > d.top {
			t.Errorf("%s is %s, not from %s to %s", d.what, d.have, d.least, d.top)
		}
	}
}

func checkAccount(t *testing.T, a Account) {
	t.Helper()
	if a.Name == "" || !utf8.ValidString(a.Name) || a.Location == nil {
		t.Errorf("account %q: location %v", a.Name, a.Location)
	}
	for _, secret := range []Secret{a.APIKey, a.APISecret} {
		if secret == "" || invisible(string(secret)) != "" {
			t.Errorf("account %q: a secret that cannot work", a.Name)
		}
	}
	if !(a.RateLimit > 0) || math.IsInf(a.RateLimit, 0) || a.Timeout < time.Second || a.Timeout > 5*time.Minute {
		t.Errorf("account %q: rate %v, timeout %v", a.Name, a.RateLimit, a.Timeout)
	}
	if !strings.HasPrefix(a.BaseURL, "http") || a.BaseURL != CanonicalURL(a.BaseURL) {
		t.Errorf("account %q: base_url %q is not canonical", a.Name, a.BaseURL)
	}
}

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
	g := v.Global()
	if g.PollInterval < time.Second || g.Lookback < 2*g.PollInterval || g.Horizon < g.Lookback || g.Horizon > 93*24*time.Hour ||
		g.InitialHistory < 0 || g.InitialHistory > g.Horizon || g.ZeroFirst < 0 || g.BackoffMax < g.PollInterval ||
		g.AuditInterval < g.PollInterval || g.AuditInterval > g.Horizon {
		t.Errorf("durations do not fit together: %+v", g)
	}
	if len(v.Accounts()) == 0 {
		t.Error("no account")
	}
	names := map[string]bool{}
	for _, a := range v.Accounts() {
		if a.Name == "" || names[a.Name] || !utf8.ValidString(a.Name) || a.APIKey == "" || a.APISecret == "" || a.Location == nil ||
			!(a.RateLimit > 0) || math.IsInf(a.RateLimit, 0) || strings.HasSuffix(a.BaseURL, "/") || !strings.HasPrefix(a.BaseURL, "http") {
			t.Errorf("account %q: %q %v %v", a.Name, a.BaseURL, a.Location, a.RateLimit)
		}
		names[a.Name] = true
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

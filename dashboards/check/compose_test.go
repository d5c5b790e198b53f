package check

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestComposeUsesTheTestedFiles: compose.yml cannot be started everywhere, but what it mounts is there and is what these tests look at, images
// are pinned, ports are of this machine only, and what Grafana is provisioned with fits the rest.
func TestComposeUsesTheTestedFiles(t *testing.T) {
	var stack struct {
		Services map[string]struct {
			Image       string
			Build       string
			Volumes     []string
			Ports       []string
			Environment map[string]string
		}
	}
	read(t, "../../compose.yml", &stack)
	pinned := regexp.MustCompile(`^docker\.io/[a-z/]+:v?[0-9]+\.[0-9]+\.[0-9]+$`)
	mounted := map[string]string{}
	for name, s := range stack.Services {
		if s.Build == "" && !pinned.MatchString(s.Image) {
			t.Errorf("%s: image %s is not pinned", name, s.Image)
		}
		for _, p := range s.Ports {
			if !strings.HasPrefix(p, "127.0.0.1:") {
				t.Errorf("%s: port %s is open to others", name, p)
			}
		}
		for _, v := range s.Volumes {
			parts := strings.Split(v, ":")
			if !strings.HasPrefix(parts[0], "./") {
				continue // a named volume
			}
			if _, err := os.Stat(filepath.Join("../..", parts[0])); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			mounted[parts[0]] = parts[1]
		}
	}
	var provider struct {
		Providers []struct{ Options struct{ Path string } }
	}
	read(t, "../provisioning/dashboards/itnio.yml", &provider)
	dir := provider.Providers[0].Options.Path
	for file, d := range allDashboards(t) {
		if got := mounted["./dashboards/"+file]; got != dir+"/"+file {
			t.Errorf("%s is mounted at %q, the provider looks in %s", file, got, dir)
		}
		if home := stack.Services["grafana"].Environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]; d.UID == "itnio-overview" && home != dir+"/"+file {
			t.Errorf("the home dashboard is %s", home)
		}
	}
	var sources struct {
		Datasources []struct{ Type, URL string }
	}
	read(t, "../provisioning/datasources/prometheus.yml", &sources)
	if s := sources.Datasources[0]; s.Type != "prometheus" || s.URL != "http://prometheus:9090" {
		t.Errorf("data source: %+v", s)
	}
	var prometheus struct {
		RuleFiles []string `yaml:"rule_files"`
		Alerting  struct {
			Alertmanagers []struct {
				Static []struct{ Targets []string } `yaml:"static_configs"`
			}
		}
		Scrapes []struct {
			Job    string                       `yaml:"job_name"`
			Static []struct{ Targets []string } `yaml:"static_configs"`
		} `yaml:"scrape_configs"`
	}
	read(t, "../prometheus.yml", &prometheus)
	if !slices.Equal(prometheus.RuleFiles, []string{"rules/*.yml"}) || mounted["./dashboards/rules"] != filepath.Dir(mounted["./dashboards/prometheus.yml"])+"/rules" {
		t.Errorf("rules %v are mounted at %s", prometheus.RuleFiles, mounted["./dashboards/rules"])
	}
	targets := slices.Concat(prometheus.Alerting.Alertmanagers[0].Static[0].Targets, prometheus.Scrapes[0].Static[0].Targets)
	for _, target := range targets {
		if host, _, _ := strings.Cut(target, ":"); stack.Services[host].Image == "" {
			t.Errorf("%s is no service", target)
		}
	}
	if !strings.Contains(prometheus.Scrapes[0].Job, "itnio") {
		t.Errorf("job %s: the alerts look for itnio", prometheus.Scrapes[0].Job)
	}
}

func read(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

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

// composeStack is as much of compose.yml as the check looks at.
type composeStack struct {
	Services map[string]struct {
		Image       string
		Build       string
		Volumes     []string
		Ports       []string
		Environment map[string]string
	}
}

// mounted are the files and folders of the repository that the services mount, and where.
func (c composeStack) mounted() map[string]string {
	all := map[string]string{}
	for _, s := range c.Services {
		for _, v := range s.Volumes {
			if parts := strings.Split(v, ":"); strings.HasPrefix(parts[0], "./") { // else a named volume
				all[parts[0]] = parts[1]
			}
		}
	}
	return all
}

func compose(t *testing.T) composeStack {
	t.Helper()
	var c composeStack
	read(t, "../../compose.yml", &c)
	return c
}

// compose.yml cannot be started everywhere, but what it mounts is there and is what these tests look at, images are pinned, ports are of this
// machine only, and what Grafana and Prometheus are provisioned with fits the rest.

func TestComposeIsPinnedAndLocal(t *testing.T) {
	stack := compose(t)
	pinned := regexp.MustCompile(`^docker\.io/[a-z/]+:v?[0-9]+\.[0-9]+\.[0-9]+$`)
	for name, s := range stack.Services {
		if s.Build == "" && !pinned.MatchString(s.Image) {
			t.Errorf("%s: image %s is not pinned", name, s.Image)
		}
		for _, p := range s.Ports {
			if !strings.HasPrefix(p, "127.0.0.1:") {
				t.Errorf("%s: port %s is open to others", name, p)
			}
		}
	}
	for path := range stack.mounted() {
		if _, err := os.Stat(filepath.Join("../..", path)); err != nil {
			t.Error(err)
		}
	}
}

func TestComposeProvisionsGrafana(t *testing.T) {
	stack := compose(t)
	var provider struct {
		Providers []struct{ Options struct{ Path string } }
	}
	read(t, "../provisioning/dashboards/itnio.yml", &provider)
	dir := provider.Providers[0].Options.Path
	for file, d := range allDashboards(t) {
		if got := stack.mounted()["./dashboards/"+file]; got != dir+"/"+file {
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
}

func TestComposeProvisionsPrometheus(t *testing.T) {
	stack := compose(t)
	type targets struct{ Targets []string }
	var prometheus struct {
		RuleFiles []string `yaml:"rule_files"`
		Alerting  struct {
			Alertmanagers []struct {
				Static []targets `yaml:"static_configs"`
			}
		}
		Scrapes []struct {
			Job    string    `yaml:"job_name"`
			Static []targets `yaml:"static_configs"`
		} `yaml:"scrape_configs"`
	}
	read(t, "../prometheus.yml", &prometheus)
	mounted := stack.mounted()
	if !slices.Equal(prometheus.RuleFiles, []string{"rules/*.yml"}) || mounted["./dashboards/rules"] != filepath.Dir(mounted["./dashboards/prometheus.yml"])+"/rules" {
		t.Errorf("rules %v are mounted at %s", prometheus.RuleFiles, mounted["./dashboards/rules"])
	}
	for _, target := range slices.Concat(prometheus.Alerting.Alertmanagers[0].Static[0].Targets, prometheus.Scrapes[0].Static[0].Targets) {
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

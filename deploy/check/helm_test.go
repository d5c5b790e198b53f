package check

import (
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/yaml"
)

const chartDir = "../helm/itnio-exporter"

// The loader writes a line to the standard logger for every link that it follows.
func TestMain(m *testing.M) {
	log.SetOutput(io.Discard)
	os.Exit(m.Run())
}

func loadChart(t *testing.T) *chart.Chart {
	t.Helper()
	c, err := loader.Load(chartDir)
	require.NoError(t, err)
	return c
}

func readYAML(t *testing.T, file string) (values map[string]any) {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(text, &values))
	return values
}

// forEachSet renders every value set in the chart's ci/.
func forEachSet(t *testing.T, check func(t *testing.T, set string, r rendered)) {
	t.Helper()
	files, err := filepath.Glob(chartDir + "/ci/*-values.yaml")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 12)
	c := loadChart(t)
	for _, file := range files {
		set := strings.TrimSuffix(filepath.Base(file), "-values.yaml")
		t.Run(set, func(t *testing.T) {
			r, err := render(c, release{name: "calls", namespace: "monitoring", manager: "Helm", values: readYAML(t, file)})
			require.NoError(t, err)
			check(t, set, r)
		})
	}
}

// TestLint is helm lint.
func TestLint(t *testing.T) {
	l := lint.All(chartDir, nil, "monitoring", true)
	for _, m := range l.Messages {
		if m.Severity > support.InfoSev {
			t.Error(m)
		}
	}
}

// Every object has a valid name, labels and the namespace, and all that select something select what is there.
func TestObjects(t *testing.T) {
	forEachSet(t, func(t *testing.T, _ string, r rendered) {
		set, err := the[*apps.StatefulSet](r)
		require.NoError(t, err)
		pod := set.Spec.Template
		service, err := the[*core.Service](r)
		require.NoError(t, err)
		require.Equal(t, service.Name, set.Spec.ServiceName)
		selectors := []map[string]string{set.Spec.Selector.MatchLabels, service.Spec.Selector}
		for _, p := range every[*networking.NetworkPolicy](r) {
			selectors = append(selectors, p.Spec.PodSelector.MatchLabels)
		}
		for _, m := range every[*monitoring.PodMonitor](r) {
			selectors = append(selectors, m.Spec.Selector.MatchLabels)
		}
		for _, s := range selectors {
			require.NotEmpty(t, s)
			require.Subset(t, pod.Labels, s)
		}
		for _, m := range every[*monitoring.ServiceMonitor](r) {
			require.Subset(t, service.Labels, m.Spec.Selector.MatchLabels)
		}
		seen := map[string]bool{}
		for _, m := range r.manifests {
			o := m.object
			require.Empty(t, validation.IsDNS1123Subdomain(o.GetName()), o.GetName())
			require.Equal(t, "monitoring", o.GetNamespace())
			key := m.template + "/" + o.GetName()
			require.False(t, seen[key], key)
			seen[key] = true
			for k, v := range o.GetLabels() {
				require.Empty(t, validation.IsQualifiedName(k), k)
				require.Empty(t, validation.IsValidLabelValue(v), v)
			}
			require.Equal(t, "Helm", o.GetLabels()["app.kubernetes.io/managed-by"])
		}
	})
}

// There is never a second pod beside the first, and the ledger outlives both.
func TestOnePodWithALedger(t *testing.T) {
	forEachSet(t, func(t *testing.T, set string, r rendered) {
		s, err := the[*apps.StatefulSet](r)
		require.NoError(t, err)
		require.EqualValues(t, 1, *s.Spec.Replicas)
		require.Empty(t, s.Spec.PodManagementPolicy)
		container := s.Spec.Template.Spec.Containers[0]
		require.Equal(t, "/itnio_exporter/data", mounts(container)["data"])
		require.Contains(t, container.Args, "--storage.path=/itnio_exporter/data")
		switch set {
		case "ephemeral":
			require.Empty(t, s.Spec.VolumeClaimTemplates)
			require.Contains(t, r.notes, "WARNING: persistence.enabled is false")
		case "existing":
			require.Equal(t, "ledger", volume(t, s, "data").PersistentVolumeClaim.ClaimName)
		default:
			require.Len(t, s.Spec.VolumeClaimTemplates, 1)
			require.Equal(t, "data", s.Spec.VolumeClaimTemplates[0].Name)
			require.EqualValues(t, apps.RetainPersistentVolumeClaimRetentionPolicyType, s.Spec.PersistentVolumeClaimRetentionPolicy.WhenDeleted)
			require.NotContains(t, r.notes, "WARNING")
		}
	})
}

// The pod has no privileges, and no token of the cluster's API.
func TestPodIsHardened(t *testing.T) {
	forEachSet(t, func(t *testing.T, set string, r rendered) {
		s, err := the[*apps.StatefulSet](r)
		require.NoError(t, err)
		pod := s.Spec.Template.Spec
		require.False(t, *pod.AutomountServiceAccountToken)
		require.True(t, *pod.SecurityContext.RunAsNonRoot)
		if set == "openshift" {
			require.Nil(t, pod.SecurityContext.RunAsUser, "OpenShift chooses it")
			require.Nil(t, pod.SecurityContext.FSGroup)
		} else {
			require.EqualValues(t, 65532, *pod.SecurityContext.FSGroup)
		}
		c := pod.Containers[0].SecurityContext
		require.True(t, *c.ReadOnlyRootFilesystem)
		require.False(t, *c.AllowPrivilegeEscalation)
		require.Equal(t, []core.Capability{"ALL"}, c.Capabilities.Drop)
		require.False(t, pod.Containers[0].Resources.Limits.Memory().IsZero())
		for _, v := range pod.Volumes {
			if v.Secret != nil {
				require.EqualValues(t, 0o440, *v.Secret.DefaultMode, "no one but the pod's group reads it")
			}
		}
	})
}

// Behind TLS or a password the kubelet cannot ask over HTTP: every probe runs the health check, with the server's flags.
func TestProbes(t *testing.T) {
	forEachSet(t, func(t *testing.T, set string, r rendered) {
		s, err := the[*apps.StatefulSet](r)
		require.NoError(t, err)
		c := s.Spec.Template.Spec.Containers[0]
		for _, p := range []*core.Probe{c.StartupProbe, c.LivenessProbe} {
			require.Equal(t, []string{"/bin/itnio_exporter", "healthcheck"}, p.Exec.Command[:2])
			require.Subset(t, c.Args, p.Exec.Command[2:], "the server's own flags")
			require.Greater(t, p.TimeoutSeconds, int32(3), "the command's own timeout")
		}
		switch set {
		case "tls":
			require.Equal(t, c.LivenessProbe.Exec, c.ReadinessProbe.Exec)
			require.Contains(t, c.LivenessProbe.Exec.Command, "--web.config.file=/etc/itnio_exporter/web/web.yml")
			require.Equal(t, "/etc/itnio_exporter/web", mounts(c)["web"])
		case "proxy", "prefix":
			require.Equal(t, "/calls/-/ready", c.ReadinessProbe.HTTPGet.Path)
		default:
			require.Equal(t, "/-/ready", c.ReadinessProbe.HTTPGet.Path)
		}
	})
}

// The target's job and instance do not depend on the pod, or a replaced pod would be new series that begin high: increase() would lose calls, or count
// all of them again where created times are read.
func TestTargetLabelsAreStable(t *testing.T) {
	monitors := 0
	forEachSet(t, func(t *testing.T, _ string, r rendered) {
		var relabelings []monitoring.RelabelConfig
		for _, m := range every[*monitoring.ServiceMonitor](r) {
			require.Len(t, m.Spec.Endpoints, 1)
			relabelings = append(relabelings, m.Spec.Endpoints[0].RelabelConfigs...)
		}
		for _, m := range every[*monitoring.PodMonitor](r) {
			require.Len(t, m.Spec.PodMetricsEndpoints, 1)
			relabelings = append(relabelings, m.Spec.PodMetricsEndpoints[0].RelabelConfigs...)
		}
		if len(relabelings) == 0 {
			return
		}
		monitors++
		fixed := map[string]string{}
		for _, c := range relabelings {
			require.Empty(t, c.SourceLabels, "depends on nothing")
			require.Empty(t, c.Action, "replace, the default")
			fixed[c.TargetLabel] = *c.Replacement
		}
		require.Len(t, fixed, 2)
		require.Contains(t, fixed["job"], "itnio", "the alerts look for it")
		require.True(t, strings.HasPrefix(fixed["instance"], "monitoring/"), "unlike that of another namespace")
		require.Contains(t, r.notes, fixed["instance"])
	})
	require.Equal(t, 5, monitors)
}

// Refused values say what is wrong with them.
func TestRefused(t *testing.T) {
	c := loadChart(t)
	for text, want := range map[string]string{
		"replicas: 2": "additional properties 'replicas' not allowed",
		"persistence: {accessMode: ReadWriteMany}":                           "value must be one of",
		"config: {accounts: [{name: main, api_key: k, api_secret_file: f}]}": "config.accounts[0].api_key: a secret in values ends up in a ConfigMap",
		"config: {accounts: []}":                                             "minItems",
		"config: {acounts: [{name: main}]}":                                  "'acounts' not allowed",
		"{serviceMonitor: {enabled: true}, podMonitor: {enabled: true}}":     "enable one of them",
		"scrape: {interval: 30}":                                             "got number, want string",
		"prometheusRule: {exclude: [carrier]}":                               "value must be one of",
		"extraArgs: [log.level=debug]":                                       "does not match pattern",
	} {
		var values map[string]any
		require.NoError(t, yaml.Unmarshal([]byte(text), &values))
		_, err := render(c, release{name: "calls", namespace: "monitoring", manager: "Helm", values: values})
		require.ErrorContains(t, err, want, text)
	}
}

// What the chart has of dashboards/ are links, so that there is one copy, and the rendered objects have all of it.
func TestRulesAndDashboards(t *testing.T) {
	c := loadChart(t)
	r, err := render(c, release{name: "calls", namespace: "monitoring", manager: "Helm", values: map[string]any{
		"prometheusRule": map[string]any{"enabled": true}, "dashboards": map[string]any{"enabled": true},
	}})
	require.NoError(t, err)

	rules := map[string]monitoring.PrometheusRuleSpec{}
	for _, o := range every[*monitoring.PrometheusRule](r) {
		rules[strings.TrimPrefix(o.Name, "calls-itnio-exporter-")+".yml"] = o.Spec
	}
	files := originals(t, "../../dashboards/rules/*.yml", chartDir+"/files/rules")
	require.Len(t, rules, len(files))
	for file, text := range files {
		var want monitoring.PrometheusRuleSpec
		require.NoError(t, yaml.UnmarshalStrict(text, &want))
		require.Equal(t, want, rules[file], file)
	}

	dashboards := map[string]string{}
	for _, o := range every[*core.ConfigMap](r) {
		for file, text := range o.Data {
			if name, ok := strings.CutPrefix(file, "itnio-"); ok {
				dashboards[name] = text
				require.Less(t, len(text), 1<<20, "the largest ConfigMap")
			}
		}
	}
	files = originals(t, "../../dashboards/*.json", chartDir+"/files/dashboards")
	require.Len(t, dashboards, len(files))
	for file, text := range files {
		require.JSONEq(t, string(text), dashboards[file], file)
	}
}

// originals reads the files of a pattern that belong into a chart, and checks that the chart links to every one of them and to nothing else.
func originals(t *testing.T, pattern, links string) map[string][]byte {
	t.Helper()
	found, err := filepath.Glob(pattern)
	require.NoError(t, err)
	files := map[string][]byte{}
	for _, file := range found {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		if filepath.Ext(file) == ".json" && !strings.Contains(string(text), `"schemaVersion"`) {
			continue // of npm
		}
		name := filepath.Base(file)
		files[name] = text
		target, err := filepath.EvalSymlinks(filepath.Join(links, name))
		require.NoError(t, err, "the chart has no link to it")
		require.Equal(t, filepath.Clean(file), filepath.Clean(target))
	}
	entries, err := os.ReadDir(links)
	require.NoError(t, err)
	require.Len(t, entries, len(files))
	return files
}

func mounts(c core.Container) map[string]string {
	paths := map[string]string{}
	for _, m := range c.VolumeMounts {
		paths[m.Name] = m.MountPath
	}
	return paths
}

func volume(t *testing.T, s *apps.StatefulSet, name string) core.Volume {
	t.Helper()
	for _, v := range s.Spec.Template.Spec.Volumes {
		if v.Name == name {
			return v
		}
	}
	t.Fatalf("no volume %s", name)
	return core.Volume{}
}

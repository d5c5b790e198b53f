package check

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/stretchr/testify/require"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"

	"itnio_exporter/cli"
	"itnio_exporter/config"
)

// requireFlags fails if the program does not know a flag. check-config knows fewer flags than serve, healthcheck knows all of them and starts nothing:
// it only fails to find a server.
func requireFlags(t *testing.T, args []string) {
	t.Helper()
	var stderr strings.Builder
	args = append([]string{"healthcheck"}, args...)
	cli.Run(cli.Environment{Args: append(args, "--web.listen-address=127.0.0.1:1"), Stdout: io.Discard, Stderr: &stderr})
	for _, parsing := range []string{"--help", "is a flag of"} {
		require.NotContains(t, stderr.String(), parsing)
	}
}

// loadConfig loads a configuration as the program does. Every file that it names and every variable has a text of its own.
func loadConfig(name, text string, expand bool) (*config.Validated, error) {
	c, err := config.Load(name, config.Options{
		ExpandEnv: expand,
		LookupEnv: func(variable string) (string, bool) { return "value of " + variable, true },
		ReadFile: func(file string) ([]byte, error) {
			if file == name {
				return []byte(text), nil
			}
			return []byte("text of " + file), nil
		},
	})
	if err != nil {
		return nil, err
	}
	return c.Validate()
}

// The program takes the flags and the configuration of every value set.
func TestProgramTakesTheChart(t *testing.T) {
	forEachSet(t, func(t *testing.T, set string, r rendered) {
		s, err := the[*apps.StatefulSet](r)
		require.NoError(t, err)
		c := s.Spec.Template.Spec.Containers[0]
		requireFlags(t, c.Args)
		configMap := volume(t, s, "config").ConfigMap.Name
		if set == "existing" {
			require.Equal(t, "call-centre", configMap)
			return
		}
		expand := strings.Contains(fmt.Sprint(c.Args), "--config.expand-environment-variables")
		for _, o := range every[*core.ConfigMap](r) {
			if o.Name == configMap {
				v, err := loadConfig(mounts(c)["config"]+"/config.yml", o.Data["config.yml"], expand)
				require.NoError(t, err)
				if set == "podmonitor" { // native histograms, with what they need
					require.Len(t, v.Warnings(), 1)
					require.True(t, *every[*monitoring.PodMonitor](r)[0].Spec.ScrapeClassicHistograms)
					return
				}
				require.Empty(t, v.Warnings())
				return
			}
		}
		t.Fatal("no configuration")
	})
}

const unitFile = "../systemd/itnio_exporter.service"

// The program takes the flags of the unit, and those that its environment file suggests.
func TestProgramTakesTheUnit(t *testing.T) {
	for file, lines := range map[string]*regexp.Regexp{
		unitFile:                        regexp.MustCompile(`(?m)^ExecStart=/usr/bin/itnio_exporter (.*) \$ARGS$`),
		"../systemd/itnio_exporter.env": regexp.MustCompile(`(?m)^#?ARGS=(.+)$`),
	} {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		found := lines.FindAllStringSubmatch(string(text), -1)
		require.NotEmpty(t, found)
		for _, m := range found {
			requireFlags(t, strings.Fields(m[1]))
		}
	}
}

// The command backup takes the flags of its unit, with those that the environment file suggests for the exporter and for it.
func TestProgramTakesTheBackupUnit(t *testing.T) {
	unit, err := os.ReadFile("../systemd/itnio_exporter-backup.service")
	require.NoError(t, err)
	command := names(regexp.MustCompile(`(?m)^ExecStart=.*exec /usr/bin/itnio_exporter (backup .*) \$ARGS \$BACKUP_ARGS "/var/lib/`), unit)
	require.Len(t, command, 1)
	env, err := os.ReadFile("../systemd/itnio_exporter.env")
	require.NoError(t, err)
	dir := t.TempDir()
	args := strings.Fields(strings.Replace(command[0], "/var/lib/itnio_exporter", dir, 1))
	for _, name := range []string{"ARGS", "BACKUP_ARGS"} {
		suggested := names(regexp.MustCompile(`(?m)^#`+name+`=(.+)$`), env)
		require.NotEmpty(t, suggested)
		args = append(args, strings.Fields(suggested[0])...)
	}
	var stderr strings.Builder
	code := cli.Run(cli.Environment{
		Args: append(args, dir+"/copy.db"), Stdout: io.Discard, Stderr: &stderr, Now: time.Now,
		Signals: func(...os.Signal) <-chan os.Signal { return nil },
	})
	require.NotZero(t, code)
	require.Contains(t, stderr.String(), dir, "there is no ledger")
}

// The configuration of the packages is complete but for its secrets, and names exactly those that the unit loads.
func TestPackagedConfiguration(t *testing.T) {
	text, err := os.ReadFile("../systemd/config.yml")
	require.NoError(t, err)
	v, err := loadConfig("/etc/itnio_exporter/config.yml", string(text), true)
	require.NoError(t, err)
	require.Empty(t, v.Warnings())
	unit, err := os.ReadFile(unitFile)
	require.NoError(t, err)
	require.Equal(t,
		names(regexp.MustCompile(`(?m)^LoadCredential=(\w+):/etc/itnio_exporter/secrets/(\w+)$`), unit),
		names(regexp.MustCompile(`\$\{CREDENTIALS_DIRECTORY\}/(\w+)`), text))
}

func names(pattern *regexp.Regexp, text []byte) (all []string) {
	for _, m := range pattern.FindAllSubmatch(text, -1) {
		all = append(all, string(m[1]))
	}
	return all
}

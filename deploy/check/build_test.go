package check

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A tagged commit is packaged with the version of its tag, any other commit as a snapshot, and the chart has a checksum. goreleaser, syft and make are stand-ins.
func TestPackagesHaveTheVersionOfTheTag(t *testing.T) {
	repository, tools := t.TempDir(), t.TempDir()
	script, err := os.ReadFile("../packages/build.sh")
	require.NoError(t, err)
	for file, text := range map[string]string{
		repository + "/deploy/packages/build.sh": string(script),
		tools + "/bin/goreleaser-v2.15.4":        "#!/bin/sh\nmkdir -p dist && echo \"$@\" >dist/arguments && echo one >dist/SHA256SUMS\n",
		tools + "/bin/syft-v1.54.1":              "#!/bin/sh\n",
		tools + "/make":                          "#!/bin/sh\n: >dist/chart.tgz\n",
	} {
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o755))
	}
	run := func(name string, args ...string) {
		t.Helper()
		command := exec.Command(name, args...)
		command.Dir = repository
		command.Env = append(os.Environ(), "CI_TOOLS="+tools, "PATH="+tools+":"+os.Getenv("PATH"), "PARALLELISM=1")
		output, err := command.CombinedOutput()
		require.NoError(t, err, string(output))
	}
	packaged := func() (arguments, sums string) {
		t.Helper()
		run("deploy/packages/build.sh")
		a, err := os.ReadFile(repository + "/dist/arguments")
		require.NoError(t, err)
		s, err := os.ReadFile(repository + "/dist/SHA256SUMS")
		require.NoError(t, err)
		return string(a), string(s)
	}

	run("git", "init", "--quiet")
	run("git", "-c", "user.name=test", "-c", "user.email=test@example.org", "commit", "--quiet", "--allow-empty", "--message=first")
	arguments, sums := packaged()
	require.Equal(t, "release --snapshot --clean --parallelism 1\n", arguments)
	require.Regexp(t, `^one\n[0-9a-f]{64}  chart\.tgz\n$`, sums)

	run("git", "tag", "v1.2.3")
	arguments, _ = packaged()
	require.Equal(t, "release --skip=announce,publish --clean --parallelism 1\n", arguments)
}

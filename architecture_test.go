package main

import (
	"go/build"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "itnio_exporter"

// arrows says which packages of the module each package imports, tests aside. A new package needs a line here and in the table
// of docs/architecture.md.
var arrows = map[string][]string{
	".":                    {"cli"},
	"cli":                  {"collector", "collector/call", "collector/families", "collector/ledger", "collector/retry", "config", "diagnose", "history", "history/backfill", "history/verify", "itnio", "logging", "simulator", "web"},
	"web":                  {"collector", "collector/account"},
	"diagnose":             {"collector/call", "collector/families", "collector/reconcile", "config", "itnio"},
	"collector":            {"collector/account", "collector/call", "collector/exposition", "collector/families", "collector/ledger", "config", "itnio", "logging"},
	"history/verify":       {"collector/call", "collector/families", "collector/idset", "collector/ledger", "collector/reconcile", "history"},
	"history/backfill":     {"collector/call", "collector/families", "collector/ledger", "collector/series", "collector/zone", "enum", "history", "itnio"},
	"history":              {"collector/call", "collector/reconcile", "collector/retry", "itnio"},
	"collector/account":    {"collector/call", "collector/ledger", "collector/reconcile", "collector/retry", "collector/zone", "config", "enum", "itnio", "logging"},
	"collector/ledger":     {"collector/call", "collector/families", "collector/idset", "collector/series", "config"},
	"collector/exposition": {"collector/series"},
	"collector/families":   {"collector/call", "collector/series", "config", "enum"},
	"collector/series":     {},
	"collector/retry":      {"collector/reconcile", "itnio"},
	"collector/reconcile":  {"collector/call", "collector/idset", "itnio"},
	"collector/idset":      {},
	"collector/zone":       {},
	"collector/call":       {"config", "enum", "itnio"},
	"itnio":                {"enum"},
	"config":               {"enum"},
	"enum":                 {},
	"logging":              {},
	"simulator":            {"enum"},
	"e2e/process":          {},
}

// foreign says which packages of other modules a package must not import: what it would then know is another's business.
var foreign = map[string][]string{
	"diagnose":            {"go.etcd.io/", "github.com/prometheus/client_golang/prometheus"},
	"collector/reconcile": {"github.com/", "go.etcd.io/", "net", "os", "sync"},
	"collector/call":      {"github.com/prometheus/", "go.etcd.io/"},
	"collector/families":  {"github.com/prometheus/", "go.etcd.io/"},
	"collector/series":    {"go.etcd.io/"},
	"collector/ledger":    {"net/http"},
	"itnio":               {"github.com/prometheus/", "go.etcd.io/"},
	"config":              {"github.com/prometheus/client_golang/", "go.etcd.io/"},
	"simulator":           {"github.com/", "go.etcd.io/"},
	"enum":                {"github.com/", "go.etcd.io/"},
}

func TestImports(t *testing.T) {
	packages := productPackages(t)
	require.Contains(t, packages, "collector/ledger", "packages are found")
	for dir := range arrows {
		require.Contains(t, packages, dir, "the table of arrows has a package that is gone")
	}
	for dir, imports := range packages {
		t.Run(dir, func(t *testing.T) {
			allowed, ok := arrows[dir]
			require.True(t, ok, "the package is not in the table of arrows")
			for _, below := range allowed {
				require.Contains(t, imports, module+"/"+below, "an arrow that is not used")
			}
			for _, path := range imports {
				if within, ok := strings.CutPrefix(path, module+"/"); ok && !slices.Contains(allowed, within) {
					t.Errorf("%s may not import %s", dir, within)
				}
				for _, prefix := range foreign[dir] {
					if path == prefix || strings.HasPrefix(path, strings.TrimSuffix(prefix, "/")+"/") {
						t.Errorf("%s may not import %s", dir, path)
					}
				}
			}
		})
	}
}

// clock finds uses of the process's own clock.
var clock = regexp.MustCompile(`\btime\.(Now|Since|Until|Sleep|After|AfterFunc|Tick|NewTimer|NewTicker)\b`)

// TestPurePackagesHaveNoClock: their results depend on their arguments alone.
func TestPurePackagesHaveNoClock(t *testing.T) {
	for _, dir := range []string{"collector/call", "collector/families", "collector/reconcile", "collector/series", "collector/zone", "enum"} {
		files, err := filepath.Glob(dir + "/*.go")
		require.NoError(t, err)
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Empty(t, clock.FindString(string(text)), file)
		}
	}
}

// TestArrowsHaveNoCycle: whatever a package may import stands below it.
func TestArrowsHaveNoCycle(t *testing.T) {
	state := map[string]int{} // 1: being visited, 2: done
	var visit func(string)
	visit = func(dir string) {
		require.NotEqual(t, 1, state[dir], "a cycle through %s", dir)
		if state[dir] == 2 {
			return
		}
		state[dir] = 1
		for _, below := range arrows[dir] {
			require.Contains(t, arrows, below, "%s may import a package without a line", dir)
			visit(below)
		}
		state[dir] = 2
	}
	for dir := range arrows {
		visit(dir)
	}
}

// row finds the package of a row of the table in docs/architecture.md.
var row = regexp.MustCompile("(?m)^\\| `([a-z0-9/]+)` \\|")

// TestDocumentedOrder: the table of packages in docs/architecture.md has every package, above all that it imports.
func TestDocumentedOrder(t *testing.T) {
	text, err := os.ReadFile("docs/architecture.md")
	require.NoError(t, err)
	_, table, _ := strings.Cut(string(text), "## Packages")
	table, _, _ = strings.Cut(table, "\n## ")
	place := map[string]int{}
	for i, match := range row.FindAllStringSubmatch(table, -1) {
		place[match[1]] = i
	}
	place["."] = place["main"]
	for dir, imports := range arrows {
		require.Contains(t, place, dir)
		for _, below := range imports {
			require.Less(t, place[dir], place[below], "%s imports %s", dir, below)
		}
	}
}

// productPackages gives the imports of every package of the module, without those of its tests.
func productPackages(t *testing.T) map[string][]string {
	t.Helper()
	packages := map[string][]string{}
	require.NoError(t, filepath.WalkDir(".", func(dir string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if name := d.Name(); dir != "." && (strings.HasPrefix(name, ".") || name == "testdata" || name == "node_modules" || isModule(dir)) {
			return filepath.SkipDir
		}
		p, err := build.ImportDir(dir, 0)
		if err == nil && len(p.GoFiles) > 0 {
			packages[filepath.ToSlash(dir)] = p.Imports
		}
		return nil // a folder without Go files is no package
	}))
	return packages
}

// isModule reports whether a folder is a module of its own.
func isModule(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}

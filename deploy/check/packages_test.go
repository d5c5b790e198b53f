package check

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// packaging is what .goreleaser.yml says of files.
type packaging struct {
	Archives []struct{ Files []any }
	NFPMs    []struct {
		Contents []content
		Scripts  map[string]string
	}
}

// content is a file or a pattern, and where it goes: a path, or a folder that ends with a slash.
type content struct{ Src, Dst, Type string }

// What archives and packages are made of is there, and every link of their pages leads to a file in them.
func TestLinksOfPackagedPages(t *testing.T) {
	text, err := os.ReadFile("../../.goreleaser.yml")
	require.NoError(t, err)
	var p packaging
	require.NoError(t, yaml.Unmarshal(text, &p))
	pages := t.TempDir()
	command := exec.Command("deploy/packages/pages.sh", pages)
	command.Dir = "../.."
	output, err := command.CombinedOutput()
	require.NoError(t, err, string(output))

	archive, pkg := layout{t, t.TempDir(), pages}, layout{t, t.TempDir(), pages}
	for _, file := range p.Archives[0].Files {
		archive.add(archived(t, file))
	}
	for _, c := range p.NFPMs[0].Contents {
		pkg.add(c)
	}
	for _, script := range p.NFPMs[0].Scripts {
		require.FileExists(t, "../../"+script)
	}
	require.Greater(t, archive.follow(), 100)
	require.Greater(t, pkg.follow(), 100)
}

// archived reads a line of an archive's files: a pattern, whose files keep their folders, or with strip_parent a content.
func archived(t *testing.T, file any) content {
	t.Helper()
	switch f := file.(type) {
	case string:
		return content{Src: f, Dst: filepath.Dir(f) + "/"}
	case map[string]any:
		require.Equal(t, true, f["strip_parent"])
		dst, _ := f["dst"].(string)
		return content{Src: f["src"].(string), Dst: dst + "/"}
	}
	t.Fatalf("not a file: %v", file)
	return content{}
}

// layout is an archive or a package as it is unpacked: empty files, but for the pages.
type layout struct {
	t     *testing.T
	root  string
	pages string // what pages.sh has made
}

func (l layout) add(c content) {
	l.t.Helper()
	require.NotContains(l.t, filepath.Dir(c.Dst), "*", "a folder has one name")
	switch {
	case c.Type == "dir", c.Src == "build/itnio_exporter.1": // the manual page is made by the packaging
		return
	case c.Type == "symlink":
		target := filepath.Join(l.root, c.Dst)
		require.NoError(l.t, os.MkdirAll(filepath.Dir(target), 0o755))
		require.NoError(l.t, os.Symlink(c.Src, target))
		return
	}
	for _, pattern := range alternatives(c.Src) {
		made, isPage := strings.CutPrefix(pattern, "build/pages/")
		if isPage {
			pattern = filepath.Join(l.pages, made)
		} else {
			pattern = filepath.Join("../..", pattern)
		}
		found, err := filepath.Glob(pattern)
		require.NoError(l.t, err)
		require.NotEmpty(l.t, found, c.Src)
		for _, file := range found {
			l.put(file, c.Dst)
		}
	}
}

func (l layout) put(file, dst string) {
	l.t.Helper()
	if strings.HasSuffix(dst, "/") {
		dst += filepath.Base(file)
	}
	target := filepath.Join(l.root, dst)
	require.NoError(l.t, os.MkdirAll(filepath.Dir(target), 0o755))
	var text []byte
	if filepath.Ext(file) == ".md" {
		var err error
		text, err = os.ReadFile(file)
		require.NoError(l.t, err)
	}
	require.NoError(l.t, os.WriteFile(target, text, 0o600))
}

// pageLink finds links and pictures of Markdown, without those of the web and those within the page.
var pageLink = regexp.MustCompile(`\]\(([^)\s:#]+)(?:#[^)\s]*)?\)`)

// follow follows the links of all pages and returns their number.
func (l layout) follow() (links int) {
	l.t.Helper()
	require.NoError(l.t, filepath.WalkDir(l.root, func(page string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(page) != ".md" {
			return err
		}
		text, err := os.ReadFile(page)
		for _, m := range pageLink.FindAllStringSubmatch(string(text), -1) {
			links++
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), m[1])); err != nil {
				l.t.Errorf("%s leads to %s, which is not packaged: add it to .goreleaser.yml, or to deploy/packages/pages.sh", page, m[1])
			}
		}
		return err
	}))
	return links
}

// alternatives are what {a,b} stands for, which filepath.Glob does not know.
func alternatives(pattern string) (all []string) {
	before, rest, ok := strings.Cut(pattern, "{")
	list, after, closed := strings.Cut(rest, "}")
	if !ok || !closed {
		return []string{pattern}
	}
	for name := range strings.SplitSeq(list, ",") {
		all = append(all, before+name+after)
	}
	return all
}

package docs

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/cli"
)

// message finds what the first column of a table quotes.
var message = regexp.MustCompile("`([^`]+)`")

// Every message of the exporter that troubleshooting.md quotes is one that the code has. Messages of other programs and of Go are listed here.
func TestQuotedMessagesExist(t *testing.T) {
	foreign := []string{"address already in use", "no such host", "certificate signed by unknown authority", "handshake failure", "connection refused", "server returned", "sample limit"}
	page, err := os.ReadFile("troubleshooting.md")
	require.NoError(t, err)
	code := source(t)
	checked := 0
	for line := range strings.Lines(string(page)) {
		first, _, ok := strings.Cut(strings.TrimPrefix(line, "| "), " | ")
		if !ok || !strings.HasPrefix(line, "| ") {
			continue
		}
		for _, quoted := range message.FindAllStringSubmatch(first, -1) {
			for part := range strings.SplitSeq(quoted[1], "…") {
				for sentence := range strings.SplitSeq(part, ": ") {
					sentence = strings.Trim(sentence, " ")
					if !strings.Contains(sentence, " ") || containsAny(sentence, foreign) {
						continue // a name, or another's
					}
					require.True(t, strings.Contains(code, sentence), "%q in %s", sentence, line)
					checked++
				}
			}
		}
	}
	require.Greater(t, checked, 25)
}

// source is the text of all Go files of the program.
func source(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	require.NoError(t, filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		all.Write(text)
		return err
	}))
	return all.String()
}

func containsAny(text string, parts []string) bool {
	for _, p := range parts {
		if strings.Contains(text, p) {
			return true
		}
	}
	return false
}

// link finds links of Markdown, without those of the web.
var link = regexp.MustCompile(`\]\(([^)\s:]+)\)`)

// Every link of a page leads to a file, and every anchor to a heading.
func TestLinks(t *testing.T) {
	pages, err := filepath.Glob("*.md")
	require.NoError(t, err)
	pages = append(pages, "../README.md", "../SECURITY.md", "../CONTRIBUTING.md")
	for _, page := range pages {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			file, anchor, _ := strings.Cut(m[1], "#")
			target := page
			if file != "" {
				target = filepath.Join(filepath.Dir(page), file)
			}
			_, err := os.Stat(target)
			require.NoError(t, err, "%s: %s", page, m[1])
			if anchor != "" {
				require.Contains(t, anchors(t, target), anchor, "%s: %s", page, m[1])
			}
		}
	}
}

// anchors are the names of a page's headings, as the web shows them.
func anchors(t *testing.T, page string) (names []string) {
	t.Helper()
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	dropped := regexp.MustCompile(`[^a-z0-9 _-]`)
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(string(text), -1) {
		names = append(names, strings.ReplaceAll(dropped.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-"))
	}
	return names
}

var (
	commandLine = regexp.MustCompile(`(?m)^ {4,}(?:sudo |\./|[A-Z_]+=\S+ )*itnio_exporter ((?:--|check-config|doctor|healthcheck)[^#\[\n]*)`)
	configFile  = regexp.MustCompile(`--config\.file=\S+`)
	makeTarget  = regexp.MustCompile("`make ([a-z-]+)`|(?m)^    make ([a-z-]+)")
)

// What the pages tell to type exists: flags of the program, and targets of make.
func TestCommandsExist(t *testing.T) {
	makefile, err := os.ReadFile("../Makefile")
	require.NoError(t, err)
	pages, err := filepath.Glob("*.md")
	require.NoError(t, err)
	noSignals := func(...os.Signal) <-chan os.Signal { return nil }
	commands, targets, absent := 0, 0, filepath.Join(t.TempDir(), "absent.yml")
	for _, page := range append(pages, "../README.md", "../CONTRIBUTING.md", "../deploy/systemd/config.yml") {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		joined := strings.ReplaceAll(strings.ReplaceAll(string(text), "\\\n", " "), "\n#  ", "\n    ")
		for _, m := range commandLine.FindAllStringSubmatch(joined, -1) {
			commands++
			// healthcheck takes all flags of serve, and only fails to find a server. doctor only fails to find its configuration.
			args := strings.Fields(configFile.ReplaceAllString(m[1], "--config.file="+absent))
			if strings.HasPrefix(args[0], "--") {
				args = append([]string{"healthcheck"}, args...)
			}
			var stderr strings.Builder
			cli.Run(cli.Environment{Args: args, Stdout: io.Discard, Stderr: &stderr, LookupEnv: os.LookupEnv, Signals: noSignals, Now: time.Now})
			for _, refused := range []string{"--help", "is a flag of"} {
				require.NotContains(t, stderr.String(), refused, "%s: %s", page, m[0])
			}
		}
		for _, m := range makeTarget.FindAllStringSubmatch(string(text), -1) {
			targets++
			require.Contains(t, string(makefile), "\n"+m[1]+m[2]+":", page)
		}
	}
	require.Greater(t, commands, 3)
	require.Greater(t, targets, 8)
}

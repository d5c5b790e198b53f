package docs

import (
	"bytes"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"text/template"

	"github.com/stretchr/testify/require"

	"itnio_exporter/cli"
)

// key is a key of the configuration as config.yml.example shows it.
type key struct {
	Name, Value, Meaning string
	Optional             bool // it has no default: the example shows it behind a #
}

// block is a map of the configuration.
type block struct {
	Path, Meaning string
	Keys          []key
}

// TestConfigurationPage compares configuration.md with config.yml.example, of which a test of config says that it has every key and its true default, and with the
// flags of the program.
func TestConfigurationPage(t *testing.T) {
	example, err := os.ReadFile("../config.yml.example")
	require.NoError(t, err)
	text, err := os.ReadFile("configuration.md.tmpl")
	require.NoError(t, err)
	page, err := template.New("configuration.md").Funcs(template.FuncMap{"cell": cell}).Parse(string(text))
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, page.Execute(&b, map[string]any{"Blocks": blocks(string(example))}))
	if *update {
		require.NoError(t, os.WriteFile("configuration.md", b.Bytes(), 0o644))
	}
	have, err := os.ReadFile("configuration.md")
	require.NoError(t, err)
	require.Equal(t, b.String(), string(have), "run: make docs")

	for _, command := range []string{"serve", "check-config", "healthcheck", "simulate", "backup", "doctor", "verify", "backfill"} {
		for _, flag := range flagsOf(t, command) {
			require.Contains(t, string(have), "`"+flag+"`", "a flag of "+command)
		}
	}
}

// What the example is turned into.
func TestBlocks(t *testing.T) {
	require.Equal(t, []block{
		{Path: "global", Keys: []key{{Name: "mode", Value: "a", Meaning: "One. Two."}}},
		{Path: "accounts[]", Keys: []key{
			{Name: "name", Value: "main", Meaning: "The name."},
			{Name: "key", Value: "CHANGE_ME", Meaning: "Here or there."},
			{Name: "key_file", Value: "f", Meaning: "Here or there.", Optional: true},
			{Name: "last", Value: "1", Meaning: "Last."},
		}},
		{Path: "accounts[].filter", Meaning: "Which.", Keys: []key{{Name: "tags", Value: "[x]", Meaning: "Tags.", Optional: true}}},
	}, blocks(strings.Join([]string{
		"# Head.", "", "global:", "  # One.", "  # Two.", "  mode: a", "", "accounts:", "    # The name.", "  - name: main", "    # Here or there.", "    key: CHANGE_ME",
		"    #key_file: f", "    # Which.", "    filter:", "      # Tags.", "      #tags: [x]", "    # Last.", "    last: 1",
	}, "\n")))
}

// exampleLine is a line of the example with a key: its indentation, the mark of a list's first key or of one without a default, the key and its value.
var exampleLine = regexp.MustCompile(`^( *)(- |#)?([a-z0-9_]+):(?: (.*))?$`)

// blocks reads the example.
func blocks(example string) []block {
	r := exampleReader{}
	for line := range strings.Lines(example) {
		line = strings.TrimRight(line, "\n")
		if m := exampleLine.FindStringSubmatch(line); m != nil {
			r.key(len(m[1]), m[2], m[3], m[4])
		} else if text, ok := strings.CutPrefix(strings.TrimLeft(line, " "), "# "); ok {
			r.comment = append(r.comment, text)
		} else {
			r.comment = nil
		}
	}
	return r.blocks
}

type exampleReader struct {
	blocks  []block
	open    []int    // the blocks that the line is in, from the outermost on
	indents []int    // of their keys
	comment []string // the lines above
	meaning string   // what the last comment in this block said: a key without a comment has that of the key before it
}

func (r *exampleReader) key(indent int, mark, name, value string) {
	if mark == "- " {
		indent += len(mark) // the other keys of the entry stand there
	}
	for len(r.open) > 0 && r.indents[len(r.indents)-1] >= indent {
		r.open, r.indents = r.open[:len(r.open)-1], r.indents[:len(r.indents)-1]
	}
	commented := len(r.comment) > 0
	if commented {
		r.meaning, r.comment = strings.Join(r.comment, " "), nil
	}
	if value != "" || mark == "#" {
		b := &r.blocks[r.open[len(r.open)-1]]
		b.Keys = append(b.Keys, key{Name: name, Value: value, Meaning: r.meaning, Optional: mark == "#"})
		return
	}
	b := block{Path: name}
	if commented {
		b.Meaning = r.meaning
	}
	if name == "accounts" {
		b.Path += "[]"
	}
	if len(r.open) > 0 {
		b.Path = r.blocks[r.open[len(r.open)-1]].Path + "." + b.Path
	}
	r.blocks = append(r.blocks, b)
	r.open, r.indents = append(r.open, len(r.blocks)-1), append(r.indents, indent)
	r.meaning = ""
}

// flagsOf lists the long flags that the help of a command shows.
func flagsOf(t *testing.T, command string) (flags []string) {
	t.Helper()
	var help strings.Builder
	require.Zero(t, cli.Run(cli.Environment{Args: []string{command, "--help"}, Stdout: &help, Stderr: io.Discard}))
	for _, m := range regexp.MustCompile(`(?m)^ {2,6}(?:-\w, )?--(?:\[no-\])?([a-z.-]+)`).FindAllStringSubmatch(help.String(), -1) {
		if m[1] != "help" && m[1] != "version" {
			flags = append(flags, "--"+m[1])
		}
	}
	require.NotEmpty(t, flags)
	return flags
}

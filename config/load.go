package config

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Options says how a file is read.
type Options struct {
	ExpandEnv bool                         // replace $NAME and ${NAME} in values; $$ gives $
	LookupEnv func(string) (string, bool)  // nil: os.LookupEnv
	ReadFile  func(string) ([]byte, error) // nil: ReadFileOrPipe for the file, ReadFile for those that it names
}

// Load reads a configuration file strictly: unknown, repeated and misplaced keys are refused. Validate checks the values.
// Every error is one line that names the file, the line, the key and how to fix it.
func Load(path string, opts Options) (*Config, error) {
	if opts.LookupEnv == nil {
		opts.LookupEnv = os.LookupEnv
	}
	c := &Config{source: &source{file: path}, readFile: opts.ReadFile}
	data, err := c.read(path, ReadFileOrPipe)
	if err != nil {
		return nil, c.source.errorf("", "cannot be read: %w; give the configuration's path with --config.file", bare(err))
	}
	root, err := parse(c.source, withoutBOM(data))
	if err != nil {
		return nil, err
	}
	d := decoder{src: c.source}
	if opts.ExpandEnv {
		d.lookupEnv = opts.LookupEnv
	}
	if err := d.decode(root, c); err != nil {
		return nil, err
	}
	c.setDirectory(filepath.Dir(path))
	return c, nil
}

// setDirectory makes the files that a configuration names relative to its own folder.
func (c *Config) setDirectory(dir string) {
	join := func(file *string) {
		if *file != "" && !filepath.IsAbs(*file) {
			*file = filepath.Join(dir, *file)
		}
	}
	for i := range c.Accounts {
		join(&c.Accounts[i].APIKeyFile)
		join(&c.Accounts[i].APISecretFile)
		c.Accounts[i].HTTPClient.SetDirectory(dir)
	}
	join(&c.Metrics.AgentHashKeyFile)
}

var (
	syntaxLine = regexp.MustCompile(`^yaml: line (\d+): `)
	// An unquoted secret that begins with * is parsed as an alias, and the parser's message repeats its name.
	syntaxAlias = regexp.MustCompile(`^yaml: unknown anchor '(.*)' referenced$`)
)

// parse reads the one document of a file. The root is nil if the file is empty.
func parse(src *source, data []byte) (*yaml.Node, error) {
	var doc, second yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, src.syntaxError(err, data)
	}
	if err := dec.Decode(&second); err == nil {
		return nil, src.errorAt(second.Line, "", "a second document begins; keep one and remove the line ---")
	} else if !errors.Is(err, io.EOF) {
		return nil, src.syntaxError(err, data)
	}
	return doc.Content[0], nil
}

// syntaxError passes on the parser's message. It contains no values, except the name of an alias, which is left out.
func (s *source) syntaxError(err error, data []byte) error {
	text, line := err.Error(), 0
	if m := syntaxAlias.FindStringSubmatch(text); m != nil {
		if i := bytes.Index(data, []byte("*"+m[1])); i >= 0 {
			line = 1 + bytes.Count(data[:i], []byte("\n"))
		}
		return s.errorAt(line, "", "not valid YAML: a value that begins with * has to stand in quotes")
	}
	if m := syntaxLine.FindStringSubmatch(text); m != nil {
		text = text[len(m[0]):]
		line, _ = strconv.Atoi(m[1]) // a number too large for an int gives the line 0: not known
	}
	return s.errorAt(line, "", "not valid YAML: %s; look at indentation, quotes and colons there", strings.TrimPrefix(text, "yaml: "))
}

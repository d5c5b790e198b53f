package config

import (
	"bytes"
	"os"
	"reflect"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

const exampleFile = "../config.yml.example"

// The example shows each key, behind a # if it has no default.
func TestExampleIsComplete(t *testing.T) {
	example, err := os.ReadFile(exampleFile)
	require.NoError(t, err)
	load := func(text []byte) *Config {
		c, err := Load("config.yml", Options{ReadFile: func(name string) ([]byte, error) {
			if name == "config.yml" {
				return text, nil
			}
			return []byte("from a file\n"), nil
		}})
		require.NoError(t, err)
		return c
	}
	plain := load(example)

	everything := regexp.MustCompile(`(?m)^( *)#([a-z_]+:)`).ReplaceAll(example, []byte("$1$2"))
	everything = regexp.MustCompile(`(?m)^ *api_(key|secret): .*\n`).ReplaceAll(everything, nil) // each has its _file key above
	full := load(everything)
	v, err := full.Validate()
	require.NoError(t, err)
	require.NotEqual(t, Filter{}, v.Accounts()[0].Filter)

	var withoutDefault []string
	for _, path := range keys(reflect.TypeFor[Config](), "") {
		if _, ok := plain.source.lines[path]; !ok {
			withoutDefault = append(withoutDefault, path)
			require.Contains(t, full.source.lines, path, "config.yml.example does not show it")
		}
	}
	require.Equal(t, []string{
		"accounts[0].moved_from", "accounts[0].api_key_file", "accounts[0].api_secret_file",
		"accounts[0].filter.voice_group_id", "accounts[0].filter.agent_group", "accounts[0].filter.agent_ids", "accounts[0].filter.agents",
		"accounts[0].filter.call_types", "accounts[0].filter.hangup_reasons", "accounts[0].filter.number",
		"accounts[0].filter.calling_codes", "accounts[0].filter.hangup_parties", "accounts[0].filter.tags",
		"metrics.agent_hash_key_file",
	}, withoutDefault)
	requireSet(t, reflect.ValueOf(plain).Elem(), "", append(withoutDefault, "metrics.labels"))
}

// The example shows the defaults. Only its placeholders are refused.
func TestExampleShowsTheDefaults(t *testing.T) {
	_, err := loadFile(exampleFile)
	require.ErrorContains(t, err, "api_key: is still the placeholder of the example")
	got, err := Load(exampleFile, Options{ReadFile: func(name string) ([]byte, error) {
		text, err := os.ReadFile(name)
		text = bytes.Replace(text, []byte("CHANGE_ME"), []byte("hunter2-key"), 1)
		return bytes.ReplaceAll(text, []byte("CHANGE_ME"), []byte("hunter2")), err
	}})
	require.NoError(t, err)
	example, err := got.Validate()
	require.NoError(t, err)
	want, err := Default(AccountConfig{Name: "main", APIKey: "hunter2-key", APISecret: "hunter2"}).Validate()
	require.NoError(t, err)
	require.Equal(t, want.Global(), example.Global())
	require.Equal(t, want.Metrics(), example.Metrics())
	require.Equal(t, want.Accounts(), example.Accounts())
	require.Empty(t, example.Warnings())
}

// keys lists the paths of all keys of a raw type, with one account. Those of Prometheus's http_client are left out.
func keys(t reflect.Type, path string) (paths []string) {
	for f := range fields(t) {
		at := join(path, f.Tag.Get("yaml"))
		paths = append(paths, at)
		switch {
		case f.Type == reflect.TypeFor[[]AccountConfig]():
			paths = append(paths, keys(f.Type.Elem(), at+"[0]")...)
		case f.Type.Kind() == reflect.Struct:
			paths = append(paths, keys(f.Type, at)...)
		}
	}
	return paths
}

// requireSet looks for keys that the example shows without a value: they would have the default whatever it is.
func requireSet(t *testing.T, v reflect.Value, path string, except []string) {
	t.Helper()
	for f := range fields(v.Type()) {
		at, value := join(path, f.Tag.Get("yaml")), v.FieldByIndex(f.Index)
		switch {
		case slices.Contains(except, at) || f.Type.Kind() == reflect.Bool:
		case f.Type == reflect.TypeFor[[]AccountConfig]():
			requireSet(t, value.Index(0), at+"[0]", except)
		case f.Type.Kind() == reflect.Struct:
			requireSet(t, value, at, except)
		default:
			require.False(t, value.IsZero(), at)
		}
	}
}

func fields(t reflect.Type) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if f := t.Field(i); f.Tag.Get("yaml") != "" && !yield(f) {
				return
			}
		}
	}
}

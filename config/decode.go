package config

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	promconfig "github.com/prometheus/common/config"
	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"
)

// decoder fills the raw configuration from YAML nodes.
//
// yaml.Decoder.KnownFields is not enough: its messages name Go types, repeat values (which may be secrets), and give no
// path. Scalars are taken as they are written: an account named 007 or no, an unquoted +08:00 and the word off mean what
// they look like.
type decoder struct {
	src       *source
	lookupEnv func(string) (string, bool) // nil: do not expand
}

func (d *decoder) decode(root *yaml.Node, c *Config) error {
	d.src.lines = map[string]int{}
	if root == nil {
		return nil
	}
	d.src.names = accountNames(root)
	return d.value(root, reflect.ValueOf(c).Elem(), "")
}

// accountNames finds the accounts' names first: errors name the account, also for keys before its name.
func accountNames(root *yaml.Node) (names []string) {
	accounts := lookup(root, "accounts")
	if accounts == nil {
		return nil
	}
	for _, a := range accounts.Content {
		name := ""
		if n := lookup(a, "name"); n != nil && n.Kind == yaml.ScalarNode && !isNull(n) {
			name = n.Value
		}
		names = append(names, name)
	}
	return names
}

// lookup finds the value of a key in a mapping.
func lookup(n *yaml.Node, key string) *yaml.Node {
	if n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

func (d *decoder) value(n *yaml.Node, v reflect.Value, path string) error {
	if err := d.plain(n, path); err != nil {
		return err
	}
	if isNull(n) {
		return nil // a key without a value means the default
	}
	if http, ok := v.Addr().Interface().(**promconfig.HTTPClientConfig); ok {
		return d.httpClient(n, http, path)
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return d.value(n, v.Elem(), path)
	case reflect.Struct:
		return d.structure(n, v, path)
	case reflect.Map:
		return d.table(n, v, path)
	case reflect.Slice:
		return d.list(n, v, path)
	default:
		return d.scalar(n, v, path)
	}
}

// plain refuses YAML features that a configuration does not need: aliases, anchors, tags.
func (d *decoder) plain(n *yaml.Node, path string) error {
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		return d.src.errorf(path, "YAML anchors and aliases are not supported; write the value out")
	case n.Style&yaml.TaggedStyle != 0:
		return d.src.errorf(path, "YAML tags are not supported; remove the word that begins with !")
	}
	return nil
}

// pairs calls f with each key of a mapping and its value, and refuses keys that are repeated.
func (d *decoder) pairs(n *yaml.Node, path string, f func(key, value *yaml.Node, path string) error) error {
	if n.Kind != yaml.MappingNode {
		return d.src.errorf(path, "has to be a block of keys and values, is %s", kindName(n))
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if err := d.plain(key, path); err != nil {
			return err
		}
		if key.Kind != yaml.ScalarNode {
			return d.src.errorAt(key.Line, path, "a key has to be a word, is %s", kindName(key))
		}
		if first, ok := seen[key.Value]; ok {
			return d.src.errorAt(key.Line, path, "key %s stands here again after line %d; remove one", keyName(key.Value), first)
		}
		seen[key.Value] = key.Line
		at := join(path, key.Value)
		d.src.lines[at] = key.Line
		if err := f(key, value, at); err != nil {
			return err
		}
	}
	return nil
}

func (d *decoder) structure(n *yaml.Node, v reflect.Value, path string) error {
	fields := map[string]reflect.Value{}
	var known []string
	for i := range v.NumField() {
		if key := v.Type().Field(i).Tag.Get("yaml"); key != "" {
			fields[key] = v.Field(i)
			known = append(known, key)
		}
	}
	return d.pairs(n, path, func(key, value *yaml.Node, at string) error {
		field, ok := fields[key.Value]
		if !ok {
			return d.src.errorAt(key.Line, path, "unknown key %s; known are %s", keyName(key.Value), strings.Join(known, ", "))
		}
		return d.value(value, field, at)
	})
}

func (d *decoder) table(n *yaml.Node, v reflect.Value, path string) error {
	m := reflect.MakeMap(v.Type())
	err := d.pairs(n, path, func(key, value *yaml.Node, at string) error {
		item := reflect.New(v.Type().Elem()).Elem()
		if isNull(value) {
			return d.src.errorf(at, "has no value; give a list, or [] for none, or leave the key out")
		}
		if err := d.value(value, item, at); err != nil {
			return err
		}
		m.SetMapIndex(reflect.ValueOf(key.Value), item)
		return nil
	})
	v.Set(m)
	return err
}

func (d *decoder) list(n *yaml.Node, v reflect.Value, path string) error {
	if n.Kind != yaml.SequenceNode {
		return d.src.errorf(path, "has to be a list, is %s; write it as [a, b] or one item a line behind a dash", kindName(n))
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
	for i, item := range n.Content {
		at := fmt.Sprintf("%s[%d]", path, i)
		d.src.lines[at] = item.Line
		if isNull(item) {
			return d.src.errorf(at, "has no value; fill it in or remove it")
		}
		if err := d.value(item, v.Index(i), at); err != nil {
			return err
		}
	}
	return nil
}

func (d *decoder) scalar(n *yaml.Node, v reflect.Value, path string) error {
	if n.Kind != yaml.ScalarNode {
		return d.src.errorf(path, "has to be a single value, is %s", kindName(n))
	}
	if err := d.expand(n, path); err != nil {
		return err
	}
	text := n.Value
	if v.Type() == reflect.TypeFor[Secret]() {
		d.src.hide(text)
	}
	if text == "" {
		return d.src.errorf(path, "is empty; give it a value or leave the key out")
	}
	set := d.number
	switch {
	case v.Type() == reflect.TypeFor[time.Duration]():
		set = d.duration
	case v.Kind() == reflect.String:
		v.SetString(text)
		return nil
	case v.Kind() == reflect.Bool:
		set = d.boolean
	}
	return set(text, v, path)
}

func (d *decoder) duration(text string, v reflect.Value, path string) error {
	t, ok := parseDuration(text)
	if !ok {
		return d.src.errorf(path, "%s is not a duration; write a number with its unit, such as 30s, 5m, 2h or 7d", quote(text))
	}
	v.SetInt(int64(t))
	return nil
}

func (d *decoder) boolean(text string, v reflect.Value, path string) error {
	b, ok := parseBool(text)
	if !ok {
		return d.src.errorf(path, "%s is neither true nor false", quote(text))
	}
	v.SetBool(b)
	return nil
}

func (d *decoder) number(text string, v reflect.Value, path string) error {
	if v.CanInt() {
		i, err := strconv.ParseInt(text, 10, v.Type().Bits())
		if err != nil {
			return d.src.errorf(path, "%s is not a whole number", quote(text))
		}
		v.SetInt(i)
		return nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return d.src.errorf(path, "%s is not a finite number", quote(text))
	}
	v.SetFloat(f)
	return nil
}

// parseDuration takes Prometheus's durations (7d) and Go's (1.5h).
func parseDuration(s string) (time.Duration, bool) {
	if d, err := model.ParseDuration(s); err == nil {
		return time.Duration(d), true
	}
	d, err := time.ParseDuration(s)
	return d, err == nil
}

func parseBool(s string) (value, ok bool) {
	switch strings.ToLower(s) {
	case "true", "yes", "on":
		return true, true
	case "false", "no", "off":
		return false, true
	}
	return false, false
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// join appends a key to a path. Text after a colon in the key is left out; keyName says why.
func join(path, key string) string {
	if name, _, ok := strings.Cut(key, ":"); ok {
		key = name + ":"
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

// keyName quotes an unknown key. In {api_secret:hunter2}, where a space is missing, the value is a part of the key.
func keyName(key string) string {
	if name, _, ok := strings.Cut(key, ":"); ok {
		return quote(name+":") + " (a space is missing behind the colon)"
	}
	return quote(key)
}

func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a block"
	case yaml.SequenceNode:
		return "a list"
	default:
		return "a single value"
	}
}

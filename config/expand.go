package config

import (
	"regexp"

	"go.yaml.in/yaml/v3"
)

var (
	variable     = regexp.MustCompile(`\$\$|\$\{[^{}]*\}`)
	variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	bareVariable = regexp.MustCompile(`^\$[A-Za-z_][A-Za-z0-9_]*$`)
)

// expand replaces ${NAME} in a value by the environment's, and $$ by $. It works on values that are parsed already, so
// what a variable holds can never be read as YAML.
func (d *decoder) expand(n *yaml.Node, path string) error {
	if d.lookupEnv == nil {
		return nil
	}
	if bareVariable.MatchString(n.Value) { // not repeated: it may be a secret that begins with a dollar sign
		return d.src.errorf(path, "a variable is written ${NAME}; write $$ for a dollar sign")
	}
	var failed error
	n.Value = variable.ReplaceAllStringFunc(n.Value, func(match string) string {
		if failed != nil {
			return ""
		}
		if match == "$$" {
			return "$"
		}
		name := match[len("${") : len(match)-len("}")]
		if !variableName.MatchString(name) {
			failed = d.src.errorf(path, "the name in ${} has to be of letters, digits and _; write $$ for a dollar sign")
			return ""
		}
		value, ok := d.lookupEnv(name)
		if !ok {
			failed = d.src.errorf(path, "environment variable %s is not set; set it, or write $$ for a dollar sign", name)
			return ""
		}
		d.src.hide(value)
		return value
	})
	return failed
}

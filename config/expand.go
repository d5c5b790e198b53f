package config

import (
	"regexp"

	"go.yaml.in/yaml/v3"
)

var (
	variable     = regexp.MustCompile(`\$\$|\$\{[^{}]*\}`)
	variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	leftOver     = regexp.MustCompile(`\$\{[A-Za-z_][A-Za-z0-9_]*\}`)
	bareVariable = regexp.MustCompile(`^\$[A-Za-z_][A-Za-z0-9_]*$`)
)

// expand replaces ${NAME} in a value by the environment variable, and $$ by $. It works on parsed values, so the text of a
// variable is never read as YAML.
func (d *decoder) expand(n *yaml.Node, path string) error {
	if d.lookupEnv == nil {
		return d.unexpanded(n, path)
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

// unexpanded refuses ${NAME} where variables are not replaced: the text itself is hardly ever meant. The name is repeated
// only where the value is nothing else, since it may be a part of a secret.
func (d *decoder) unexpanded(n *yaml.Node, path string) error {
	const fix = "is not replaced without --config.expand-environment-variables; give the flag or write the value"
	name := leftOver.FindString(n.Value)
	switch name {
	case "":
		return nil
	case n.Value:
		return d.src.errorf(path, "%s "+fix, name)
	}
	return d.src.errorf(path, "a variable in it "+fix)
}

package config

import (
	"regexp"
	"strings"
)

// unfilled are the ways in which examples, templates and other programs write a value that is still to come. No text that is
// sent can be one of them.
var unfilled = []placeholder{
	{regexp.MustCompile(`(?i)^(?:change|replace|fill|fix)[ _-]?(?:me|this|it)(?:[ _-]?(?:in|now|please))?!*$`), "is still the placeholder of the example"},
	{regexp.MustCompile(`(?i)^(?:(?:please|insert|enter|paste|put|add|use|your)[ _-]*)+(?:[a-z]+[ _-]*)*(?:key|secret|token|password|passwd|value|credentials?|id|user|name)(?:[ _-]*(?:goes[ _-]*)?here)?!*$`), "is a placeholder"},
	{regexp.MustCompile(`^<.*>$|^__?[A-Z][A-Z0-9_]*__?$|^@[A-Za-z_]+@$|^%[A-Za-z_]+%$`), "is a placeholder"},
	{regexp.MustCompile(`(?s)\{\{.*\}\}|<%.*%>|\$\{[A-Za-z_][^{}]*\}|\$\([A-Za-z_][A-Za-z0-9_]*\)|^\{[A-Za-z_]+\}$`), "a variable in it is not replaced"},
	{regexp.MustCompile(`^\$(?:[A-Z_][A-Z0-9_]*|[a-z][a-z0-9]*(?:_[a-z0-9]+)+)$`), "is a variable that is not replaced"},
	{regexp.MustCompile(`^ENC\[|^\$ANSIBLE_VAULT;|^-----BEGIN PGP |^(?:vault|op|awssm|gcpsm|secretref)://`), "is what a secret manager has in its place"},
}

// noSecret are further texts that are no secret, but may be the value of a header.
var noSecret = []placeholder{
	{regexp.MustCompile(`(?i)^(?:to[ _-]?do|tbd|placeholder|redacted|masked|hidden|dummy|none|null|nil|undefined)$`), "is a placeholder"},
	{regexp.MustCompile(`(?i)^(?:api|app|access|client)[ _-]?(?:key|secret|token)$`), "is a placeholder"},
	{regexp.MustCompile(`^(?:[xX]{3,}|\*{3,}|\.{3,}|…+|-{3,}|_{3,}|\?{3,}|#{3,}|•{3,}|●{3,}|0{3,})$`), "is a placeholder"},
	{regexp.MustCompile(`^\[[^\[\]]*\]$|^(?:vault|env|file):`), "is a placeholder"},
	{regexp.MustCompile(`^".*"$|^'.*'$|^“.*”$|^‘.*’$`), "stands in quotes that would be part of it"},
}

// placeholder is one way to write that a value is still to come, and what is wrong with a text that is written so.
type placeholder struct {
	pattern *regexp.Regexp
	problem string
}

// standsFor says why a text is no value but stands for one, without repeating it; "" if it is a value.
func standsFor(text string, kinds []placeholder) string {
	for _, k := range kinds {
		if k.pattern.MatchString(text) {
			return k.problem
		}
	}
	return ""
}

// secretProblem says why a text cannot be a secret, without repeating it; "" if it can.
func secretProblem(text string) string {
	problem := textProblem(text)
	if problem == "" {
		problem = withFix(standsFor(text, noSecret))
	}
	return problem
}

// textProblem says why a text cannot be one that is sent, without repeating it; "" if it can.
func textProblem(text string) string {
	switch problem := invisible(text); {
	case problem != "":
		return problem + "; write the bare value"
	case strings.Trim(text, " ") != text:
		return "begins or ends with a blank; write the bare value"
	case text == hidden:
		return withFix("is " + hidden + ", which programs print in place of a secret")
	}
	return withFix(standsFor(text, unfilled))
}

func withFix(problem string) string {
	if problem == "" {
		return ""
	}
	return problem + "; write the real value"
}

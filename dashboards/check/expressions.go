// Package check proves the dashboards and rules beside it: their expressions parse, name only what the metric model has, and do
// what they should on a real Prometheus and Alertmanager. Development only.
package check

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Expression is a PromQL expression and where it stands.
type Expression struct {
	Where    string
	Expr     string
	Instant  bool
	Interval string // the panel's least step, if it has one

	Annotation bool // marks that are mostly absent
}

// Rule is a recording or alerting rule.
type Rule struct {
	Record, Alert string
	Expr          string
	For           string
	Labels        map[string]string
	Annotations   map[string]string
}

// Rules reads every rule file, by group.
func Rules(dir string) (map[string][]Rule, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.yml"))
	if err != nil {
		return nil, err
	}
	byGroup := map[string][]Rule{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var parsed struct {
			Groups []struct {
				Name  string
				Rules []Rule
			}
		}
		if err := yaml.Unmarshal(text, &parsed); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		for _, g := range parsed.Groups {
			byGroup[g.Name] = append(byGroup[g.Name], g.Rules...)
		}
	}
	return byGroup, nil
}

type panel struct {
	Title       string
	Type        string
	Description string
	Interval    string
	Targets     []struct {
		Expr         string
		RefID        string `json:"refId"`
		LegendFormat string
		Instant      bool
	}
	FieldConfig struct {
		Defaults struct {
			NoValue    string
			Thresholds struct{ Steps []struct{ Value *float64 } }
		}
		Overrides []struct {
			Matcher struct {
				ID      string
				Options json.RawMessage
			}
			Properties []struct {
				ID    string
				Value json.RawMessage
			}
		}
	}
	Panels []panel
}

// Dashboard is as much of a dashboard as the checks look at.
type Dashboard struct {
	UID         string
	Title       string
	Panels      []panel
	Annotations struct {
		List []struct{ Name, Expr string }
	}
	Templating struct {
		List []struct {
			Name, Type string
			Definition string
			Current    struct{ Value any }
		}
	}
}

// Dashboards reads the dashboards of a folder, by file name.
func Dashboards(dir string) (map[string]Dashboard, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	all := map[string]Dashboard{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var d Dashboard
		if err := json.Unmarshal(text, &d); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if d.UID != "" { // not package.json and the like
			all[filepath.Base(file)] = d
		}
	}
	return all, nil
}

// Expressions are those of a dashboard's panels and annotations, with the variables as they stand.
func (d Dashboard) Expressions() []Expression {
	var all []Expression
	var walk func([]panel)
	walk = func(panels []panel) {
		for _, p := range panels {
			for _, t := range p.Targets {
				all = append(all, Expression{Where: d.Title + " / " + p.Title + " / " + t.RefID, Expr: t.Expr, Instant: t.Instant, Interval: p.Interval})
			}
			walk(p.Panels)
		}
	}
	walk(d.Panels)
	for _, a := range d.Annotations.List {
		all = append(all, Expression{Where: d.Title + " / annotation " + a.Name, Expr: a.Expr, Annotation: true})
	}
	return all
}

var variable = regexp.MustCompile(`\$\{?(\w+)\}?`)

// Fill replaces the variables: windows by name, bounds by what the thresholds are delivered with, every other by .*
func Fill(expr string, windows map[string]string) string {
	return variable.ReplaceAllStringFunc(expr, func(v string) string {
		switch name := strings.Trim(v, "${}"); {
		case windows[name] != "":
			return windows[name]
		case name == "answered_within":
			return "20"
		case name == "missed_within":
			return "5"
		}
		return ".*"
	})
}

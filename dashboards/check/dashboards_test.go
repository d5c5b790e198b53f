package check

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestLinksLeadSomewhere: a link to a dashboard names one of ours, and hands on only variables that the dashboard it stands on has
// and the other knows.
func TestLinksLeadSomewhere(t *testing.T) {
	variables := map[string]map[string]bool{} // by uid
	for _, d := range allDashboards(t) {
		variables[d.UID] = map[string]bool{}
		for _, v := range d.Templating.List {
			variables[d.UID][v.Name] = true
		}
	}
	links := 0
	link, handed, set := regexp.MustCompile(`"/d/([a-z-]+)\?[^"]*`), regexp.MustCompile(`\$\{(\w+):queryparam\}`), regexp.MustCompile(`&var-(\w+)=`)
	for file, d := range allDashboards(t) {
		text, err := os.ReadFile(filepath.Join("..", file))
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range link.FindAllStringSubmatch(string(text), -1) {
			links++
			there, ok := variables[l[1]]
			if !ok {
				t.Errorf("%s: no dashboard has the uid %s", file, l[1])
			}
			for _, v := range handed.FindAllStringSubmatch(l[0], -1) {
				if !variables[d.UID][v[1]] {
					t.Errorf("%s: a link hands on ${%s}, which the dashboard does not have", file, v[1])
				}
			}
			for _, v := range set.FindAllStringSubmatch(l[0], -1) {
				if !there[v[1]] {
					t.Errorf("%s: a link sets %s, which %s does not have", file, v[1], l[1])
				}
			}
		}
	}
	if links < 10 {
		t.Errorf("only %d links", links)
	}
}

// TestPanelsAreWhole: every panel says what it shows and what it means that it is empty, and "top ten" are the same ten at every point.
func TestPanelsAreWhole(t *testing.T) {
	for file, d := range allDashboards(t) {
		for _, p := range d.Panels {
			if p.Type == "row" || p.Type == "text" {
				continue
			}
			if !strings.HasSuffix(p.Description, ".") {
				t.Errorf("%s, %s: description %q", file, p.Title, p.Description)
			}
			if p.FieldConfig.Defaults.NoValue == "" {
				t.Errorf("%s, %s: nothing is said of an empty panel", file, p.Title)
			}
			for _, x := range p.Targets {
				if strings.Contains(x.Expr, "topk(") && !x.Instant && !strings.Contains(x.Expr, "@ end()") {
					t.Errorf("%s, %s: topk chooses anew at every point", file, p.Title)
				}
			}
		}
		if len(d.Annotations.List) != 2 {
			t.Errorf("%s has %d annotations", file, len(d.Annotations.List))
		}
	}
}

// TestColorsDiffer: nothing is green, which people with the most common colour vision deficiency take for red, and no two series of a panel are given one colour.
func TestColorsDiffer(t *testing.T) {
	green := regexp.MustCompile(`"(color|fixedColor)": "[a-z-]*green"`)
	for file, d := range allDashboards(t) {
		text, err := os.ReadFile(filepath.Join("..", file))
		if err != nil {
			t.Fatal(err)
		}
		if green.Match(text) {
			t.Errorf("%s uses green", file)
		}
		for _, p := range d.Panels {
			named := map[string]string{} // by colour
			for _, o := range p.FieldConfig.Overrides {
				for _, property := range o.Properties {
					var color struct{ FixedColor string }
					if p.Type != "timeseries" || o.Matcher.ID != "byName" || property.ID != "color" {
						continue
					}
					if err := json.Unmarshal(property.Value, &color); err != nil {
						t.Errorf("%s, %s: %v", file, p.Title, err)
					}
					if other, ok := named[color.FixedColor]; ok {
						t.Errorf("%s, %s: %s and %s are both %s", file, p.Title, other, o.Matcher.Options, color.FixedColor)
					}
					named[color.FixedColor] = string(o.Matcher.Options)
				}
			}
		}
	}
}

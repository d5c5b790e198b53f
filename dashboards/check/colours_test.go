package check

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// leastDifference is by how much any two colours of a panel differ at least, in CIEDE2000. Eyes see 1 to 2 where two patches touch. Here a patch
// of a legend, a thin line or a cell is compared with another some centimetres away, which takes about ten times as much: orange and red,
// 15 in deuteranopia, were taken for one colour.
const leastDifference = 16

// A theme of Grafana: what is behind a panel, and what it makes of the colours' names.
type theme struct {
	background color
	names      map[string]string
}

func themes() map[string]theme {
	return map[string]theme{
		"dark":  {mustHex("#181B1F"), map[string]string{"blue": "#5794F2", "purple": "#B877D9", "orange": "#FF9830", "red": "#F2495C"}},
		"light": {mustHex("#FFFFFF"), map[string]string{"blue": "#3274D9", "purple": "#A352CC", "orange": "#FF780A", "red": "#E02F44"}},
	}
}

// vision is how eyes see linear RGB: Machado, Oliveira and Fernandes (2009), severity 1.
type vision [3]color

func visions() map[string]vision {
	return map[string]vision{
		"normal sight": {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
		"deuteranopia": {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}},
	}
}

// TestColorsInDeuteranopia: any two colours of a panel, and each of them and the panel behind it, can be told apart, in both themes.
func TestColorsInDeuteranopia(t *testing.T) {
	for file, panels := range fieldConfigs(t) {
		for title, config := range panels {
			used := map[string]bool{}
			collectColors(config, used)
			for theme, look := range themes() {
				for sight, v := range visions() {
					report := func(difference float64, a, b string) {
						if difference < leastDifference {
							t.Errorf("%s, %s, %s theme, %s: %s and %s differ by %.1f, less than %d", file, title, theme, sight, a, b, difference, leastDifference)
						}
					}
					names := slices.Sorted(maps.Keys(used))
					for i, a := range names {
						seen := v.lab(look.color(t, a))
						if !strings.HasPrefix(a, "rgba") { // a tint says no more than that a value is judged
							report(seen.difference(v.lab(look.background)), a, "the background")
						}
						for _, b := range names[:i] {
							report(seen.difference(v.lab(look.color(t, b))), a, b)
						}
					}
				}
			}
		}
	}
}

// TestSeriesHaveColors: a time series leaves colours to Grafana only where there is one line, or one for each account or instance. The first three
// of Grafana's palette differ by 17 in deuteranopia; with more accounts or instances the tooltip has to say which is which.
func TestSeriesHaveColors(t *testing.T) {
	for file, d := range allDashboards(t) {
		configs := fieldConfigs(t)[file]
		for _, p := range d.Panels {
			used := map[string]bool{}
			collectColors(configs[p.Title], used)
			few := len(p.Targets) == 1
			for _, x := range p.Targets {
				if by := strings.Trim(strings.Split(x.LegendFormat, "}")[0], "{"); by == "account" || by == "instance" {
					few = true
				} else if strings.HasPrefix(x.LegendFormat, "{") {
					few = false
				}
			}
			if p.Type == "timeseries" && !few && len(used) == 0 {
				t.Errorf("%s, %s: its series have no colours of their own", file, p.Title)
			}
		}
	}
}

// TestDifference compares with pairs that Sharma, Wu and Dalal (2005) give for implementations of CIEDE2000.
func TestDifference(t *testing.T) {
	for _, c := range []struct {
		a, b lab
		want float64
	}{
		{lab{50, 2.6772, -79.7751}, lab{50, 0, -82.7485}, 2.0425},
		{lab{60.2574, -34.0099, 36.2677}, lab{60.4626, -34.1751, 39.4387}, 1.2644},
		{lab{22.7233, 20.0904, -46.6940}, lab{23.0331, 14.9730, -42.5619}, 2.0373},
		{lab{2.0776, 0.0795, -1.1350}, lab{0.9033, -0.0636, -0.5514}, 0.9082},
	} {
		if got := c.a.difference(c.b); math.Abs(got-c.want) > 1e-4 {
			t.Errorf("%v and %v differ by %.4f, want %.4f", c.a, c.b, got, c.want)
		}
	}
}

// fieldConfigs are the panels' field configurations by file and title.
func fieldConfigs(t *testing.T) map[string]map[string]any {
	t.Helper()
	all := map[string]map[string]any{}
	for file := range allDashboards(t) {
		text, err := os.ReadFile(filepath.Join("..", file))
		if err != nil {
			t.Fatal(err)
		}
		var d struct {
			Panels []struct {
				Title       string
				FieldConfig any
			}
		}
		if err := json.Unmarshal(text, &d); err != nil {
			t.Fatal(err)
		}
		all[file] = map[string]any{}
		for _, p := range d.Panels {
			all[file][p.Title] = p.FieldConfig
		}
	}
	return all
}

// collectColors adds every colour of a configuration, but for no colour and that of text.
func collectColors(config any, into map[string]bool) {
	switch config := config.(type) {
	case []any:
		for _, v := range config {
			collectColors(v, into)
		}
	case map[string]any:
		for key, v := range config {
			if name, ok := v.(string); ok && (key == "color" || key == "fixedColor") && name != "text" && name != "transparent" {
				into[name] = true
			}
			collectColors(v, into)
		}
	}
}

// color is red, green and blue from 0 to 1, linear but where said otherwise.
type color [3]float64

func mustHex(s string) color {
	var r, g, b uint8
	if _, err := fmt.Sscanf(s, "#%02X%02X%02X", &r, &g, &b); err != nil {
		panic(fmt.Sprintf("colour %q: %v", s, err))
	}
	return linear(float64(r), float64(g), float64(b))
}

// linear takes sRGB from 0 to 255.
func linear(srgb ...float64) color {
	var c color
	for i, v := range srgb {
		if v /= 255; v <= 0.04045 {
			c[i] = v / 12.92
		} else {
			c[i] = math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return c
}

// color is what a theme shows for a colour of a dashboard.
func (l theme) color(t *testing.T, name string) color {
	t.Helper()
	var r, g, b, alpha float64
	if _, err := fmt.Sscanf(name, "rgba(%g, %g, %g, %g)", &r, &g, &b, &alpha); err == nil {
		behind := map[bool]float64{true: 255, false: 27}[l.background[0] == 1]
		mix := func(v float64) float64 { return alpha*v + (1-alpha)*behind }
		return linear(mix(r), mix(g), mix(b))
	}
	if hex, ok := l.names[name]; ok {
		name = hex
	}
	if !strings.HasPrefix(name, "#") {
		t.Fatalf("what colour is %s? Use one of palette.ts, or add it to the names", name)
	}
	return mustHex(strings.ToUpper(name))
}

// lab is a colour in CIELAB, D65.
type lab [3]float64

func (v vision) lab(c color) lab {
	var rgb color
	for i, row := range v {
		rgb[i] = min(1, max(0, row[0]*c[0]+row[1]*c[1]+row[2]*c[2]))
	}
	f := func(x, y, z, white float64) float64 {
		w := (x*rgb[0] + y*rgb[1] + z*rgb[2]) / white
		if w > 216.0/24389 {
			return math.Cbrt(w)
		}
		return (24389.0/27*w + 16) / 116
	}
	x, y, z := f(0.4124564, 0.3575761, 0.1804375, 0.95047), f(0.2126729, 0.7151522, 0.0721750, 1), f(0.0193339, 0.1191920, 0.9503041, 1.08883)
	return lab{116*y - 16, 500 * (x - y), 200 * (y - z)}
}

// difference is CIEDE2000.
func (a lab) difference(b lab) float64 {
	const degree = math.Pi / 180
	pow7 := func(c float64) float64 { return math.Sqrt(math.Pow(c, 7) / (math.Pow(c, 7) + math.Pow(25, 7))) }
	stretch := 1.5 - 0.5*pow7((math.Hypot(a[1], a[2])+math.Hypot(b[1], b[2]))/2)
	polar := func(c lab) (chroma, hue float64) {
		return math.Hypot(c[1]*stretch, c[2]), math.Mod(math.Atan2(c[2], c[1]*stretch)/degree+360, 360)
	}
	c1, h1 := polar(a)
	c2, h2 := polar(b)
	turn := math.Mod(h2-h1+540, 360) - 180
	hue := h1 + turn/2
	if c1*c2 == 0 {
		turn, hue = 0, h1+h2
	}
	l, c := (a[0]+b[0])/2-50, (c1+c2)/2
	cos := func(times, plus float64) float64 { return math.Cos((times*hue + plus) * degree) }
	t := 1 - 0.17*cos(1, -30) + 0.24*cos(2, 0) + 0.32*cos(3, 6) - 0.20*cos(4, -63)
	dl := (b[0] - a[0]) / (1 + 0.015*l*l/math.Sqrt(20+l*l))
	dc := (c2 - c1) / (1 + 0.045*c)
	dh := 2 * math.Sqrt(c1*c2) * math.Sin(turn/2*degree) / (1 + 0.015*c*t)
	from275 := (math.Mod(hue+360, 360) - 275) / 25
	rotation := -2 * pow7(c) * math.Sin(60*math.Exp(-from275*from275)*degree)
	return math.Sqrt(dl*dl + dc*dc + dh*dh + rotation*dc*dh)
}

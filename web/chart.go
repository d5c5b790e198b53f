package web

import (
	"fmt"
	"strings"
)

const (
	barWidth    = 10 // of an hour, with the gap after it
	barGap      = 2
	chartHeight = 48
)

// chart is one bar an hour, of calls answered and others above them. Bars are paths: styles cannot be written into the page, whose
// policy forbids that.
type chart struct {
	Width, Height    int
	Answered, Others string // paths
	Most             int    // calls of the highest bar
	From, To         string // hours, UTC
}

func newChart(hours []hourDocument) chart {
	c := chart{Width: barWidth*len(hours) - barGap, Height: chartHeight}
	if len(hours) == 0 {
		return c
	}
	c.From, c.To = hours[0].Start.UTC().Format("15:04"), hours[len(hours)-1].Start.UTC().Format("15:04")
	for _, h := range hours {
		c.Most = max(c.Most, total(h.Calls))
	}
	if c.Most == 0 {
		return c
	}
	var answered, others strings.Builder
	for i, h := range hours {
		n, all := h.Calls["answered"], total(h.Calls)
		lower, upper := float64(n*chartHeight)/float64(c.Most), float64(all*chartHeight)/float64(c.Most)
		bar(&answered, i, 0, lower)
		bar(&others, i, lower, upper)
	}
	c.Answered, c.Others = answered.String(), others.String()
	return c
}

// bar draws a bar between two heights above the bottom.
func bar(b *strings.Builder, i int, from, to float64) {
	if to > from {
		fmt.Fprintf(b, "M%d %.1fh%dV%.1fh-%dz", i*barWidth, chartHeight-from, barWidth-barGap, chartHeight-to, barWidth-barGap)
	}
}

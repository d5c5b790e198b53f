package itnio

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json"
)

// Habits is what is known of a server where the vendor's page leaves open how it answers. A zero field is not known. The exporter finds
// out those that its own requests show, doctor all of them.
type Habits struct {
	TimeFormat string     `json:"time_format,omitzero"` // in which it reads the ends of a window: TimeISO8601 or TimeDatetime
	Totals     Totals     `json:"totals,omitzero"`
	TotalsOff  int        `json:"totals_off,omitzero"` // with TotalsOff: a total less the number of records
	TotalCap   int        `json:"total_cap,omitzero"`  // no total is higher
	Records    Limit      `json:"records,omitzero"`    // of a window
	PageSize   int        `json:"page_size,omitzero"`  // records on a full page where PageSize are asked for
	Order      Order      `json:"order,omitzero"`
	PastEnd    PastEnd    `json:"past_end,omitzero"`
	FilterTime FilterTime `json:"filter_time,omitzero"`
	Ends       Ends       `json:"ends,omitzero"`
	Width      Limit      `json:"width,omitzero"` // of a window, in seconds
	Future     Future     `json:"future,omitzero"`
	Retention  Retention  `json:"retention,omitzero"`
	Filters    Filters    `json:"filters,omitzero"`
}

// PageSize is the largest page that the API documents, in records.
const PageSize = maxPageSize

// Totals is what the total of an answer is worth.
type Totals string

// Kinds of totals.
const (
	TotalsExact    Totals = "exact"
	TotalsOff      Totals = "off" // always by Habits.TotalsOff
	TotalsChanging Totals = "changing"
	TotalsUntold   Totals = "untold"
)

// Order is the order of the records on pages: what they are sorted by, see OrderOf.
type Order string

// Orders that are none.
const (
	OrderNone     Order = "none"
	OrderUnsteady Order = "unsteady" // the same page has another content when it is asked for again
)

// PastEnd is what comes when a page past the last is asked for.
type PastEnd string

// Answers past the end.
const (
	PastEndEmpty   PastEnd = "empty"
	PastEndAgain   PastEnd = "again" // records that were on a page before
	PastEndRefused PastEnd = "refused"
)

// PastEndOf decides by the answer to a page past the last.
func PastEndOf(records int, err error) PastEnd {
	switch {
	case err != nil:
		return PastEndRefused
	case records > 0:
		return PastEndAgain
	}
	return PastEndEmpty
}

// FilterTime is which time of a record has to be in a window.
type FilterTime string

// Times that a window filters on.
const (
	FilterStart          FilterTime = "start"
	FilterHangup         FilterTime = "hangup"
	FilterCreate         FilterTime = "create"
	FilterHangupOrCreate FilterTime = "hangup_or_create" // these are equal
	FilterSeveral        FilterTime = "several"
	FilterNone           FilterTime = "none" // of these three
)

// FilterTimeOf decides by whether a record was found in the seconds around each of its times. apart says that its creation and its
// hang-up are far enough apart to tell.
func FilterTimeOf(start, hangup, create, apart bool) FilterTime {
	switch {
	case start && hangup:
		return FilterSeveral
	case start:
		return FilterStart
	case hangup && apart:
		return FilterHangup
	case hangup:
		return FilterHangupOrCreate
	case create:
		return FilterCreate
	}
	return FilterNone
}

// Ends says whether records exactly at the begin and at the end of a window are in it.
type Ends string

// Ends of a window.
const (
	EndsIn    Ends = "[]"
	EndsBegin Ends = "[)"
	EndsEnd   Ends = "(]"
	EndsOut   Ends = "()"
)

// EndsOf decides by whether a record at the begin, and one at the end, was found.
func EndsOf(begin, end bool) Ends {
	switch {
	case begin && end:
		return EndsIn
	case begin:
		return EndsBegin
	case end:
		return EndsEnd
	}
	return EndsOut
}

// Future is how a window is answered that ends ahead of the server's clock.
type Future string

// Answers to such a window.
const (
	FutureAnswered Future = "answered"
	FutureRefused  Future = "refused"
)

// FutureOf decides by the answer to such a window; "": it tells nothing.
func FutureOf(err error) Future {
	switch {
	case err == nil:
		return FutureAnswered
	case RefusalOf(err) == RefusalParameter:
		return FutureRefused
	}
	return ""
}

// Filters says whether the filters of a query are honoured.
type Filters string

// Whether they are.
const (
	FiltersHonoured Filters = "honoured"
	FiltersIgnored  Filters = "ignored"
)

// Limit is how much of something a server answers for.
type Limit struct {
	Answered int64 `json:"answered,omitzero"` // the most that was
	Refused  int64 `json:"refused,omitzero"`  // the least that was refused; 0: none was
}

// Answer notes that so much was answered. If that was refused before, it no longer is.
func (l *Limit) Answer(n int64) {
	l.Answered = max(l.Answered, n)
	if l.Refused <= n {
		l.Refused = 0
	}
}

// Refuse notes that so much was refused. If that was answered before, it no longer is.
func (l *Limit) Refuse(n int64) {
	if l.Refused == 0 || n < l.Refused {
		l.Refused = n
	}
	if l.Answered >= n {
		l.Answered = 0
	}
}

// Retention is how far back records go.
type Retention struct {
	Days  int  `json:"days,omitzero"`
	Least bool `json:"least,omitzero"` // it may be more: no further was looked
}

// Habit is one habit in words.
type Habit struct {
	ID   string // of doctor's check of it, which is a heading of docs/doctor.md, too
	Text string
}

// Known lists the habits that are known, in the order of doctor's checks.
func (h *Habits) Known() []Habit {
	return slices.DeleteFunc([]Habit{
		{"clock-format", h.timeFormat()},
		{"habit-total", h.totals()},
		{"habit-cap", h.caps()},
		{"habit-page-size", h.pageSize()},
		{"habit-order", h.Order.String()},
		{"habit-past-the-end", h.PastEnd.String()},
		{"habit-filter-time", h.FilterTime.String()},
		{"habit-ends", h.Ends.String()},
		{"habit-width", h.width()},
		{"habit-future", h.Future.String()},
		{"habit-retention", h.Retention.String()},
		{"habit-filters", h.Filters.String()},
	}, func(habit Habit) bool { return habit.Text == "" })
}

// Text is what is known of one habit, by the id that Known has; "": nothing.
func (h *Habits) Text(id string) string {
	for _, habit := range h.Known() {
		if habit.ID == id {
			return habit.Text
		}
	}
	return ""
}

func (h *Habits) timeFormat() string {
	switch h.TimeFormat {
	case TimeISO8601:
		return "times of requests are read as iso8601 (2025-01-08T00:00:00+08:00)"
	case TimeDatetime:
		return "times of requests are read as datetime (2025-01-08 00:00:00)"
	}
	return ""
}

func (h *Habits) totals() string {
	switch off := h.TotalsOff; {
	case h.Totals == TotalsOff && off > 0:
		return fmt.Sprintf("total is %d more than the number of different records", off)
	case h.Totals == TotalsOff && off < 0:
		return fmt.Sprintf("total is %d less than the number of different records", -off)
	}
	return map[Totals]string{
		TotalsExact:    "total is the number of records",
		TotalsChanging: "total changed though the records did not",
		TotalsUntold:   "answers have no total",
	}[h.Totals]
}

// caps is what becomes of windows with many records.
func (h *Habits) caps() string {
	switch capped, refused := h.TotalCap, h.Records.Refused; {
	case capped > 0 && refused > 0:
		return fmt.Sprintf("total is never above %d, and windows with %s are refused", capped, plural(refused, "record"))
	case capped > 0:
		return fmt.Sprintf("total is never above %d", capped)
	case refused > 0:
		return fmt.Sprintf("windows with %s are refused", plural(refused, "record"))
	}
	return ""
}

func (h *Habits) pageSize() string {
	switch n := h.PageSize; {
	case n <= 0:
		return ""
	case n == PageSize:
		return fmt.Sprintf("pages have up to %d records, as asked for", n)
	default:
		return fmt.Sprintf("pages have %d records where %d were asked for", n, PageSize)
	}
}

func (h *Habits) width() string {
	switch answered, refused := h.Width.Answered, h.Width.Refused; {
	case answered > 0 && refused > 0:
		return fmt.Sprintf("windows of %s are answered, of %s refused", lengthText(answered), lengthText(refused))
	case answered > 0:
		return fmt.Sprintf("windows of %s are answered", lengthText(answered))
	case refused > 0:
		return fmt.Sprintf("windows of %s are refused", lengthText(refused))
	}
	return ""
}

func (p PastEnd) String() string {
	return map[PastEnd]string{
		PastEndEmpty:   "a page past the last is empty",
		PastEndAgain:   "a page past the last has records again, which the exporter takes for the end",
		PastEndRefused: "a page past the last is refused",
	}[p]
}

func (f FilterTime) String() string {
	return map[FilterTime]string{
		FilterStart:          "it filters on the start: calls turn up behind the newest ones when they end, which costs about three times the requests of creation time",
		FilterHangup:         "it filters on the hang-up",
		FilterCreate:         "it filters on the creation",
		FilterHangupOrCreate: "it filters on the hang-up or the creation, which are equal here",
		FilterSeveral:        "a record is found around several of its times",
		FilterNone:           "a record is found around none of its start, hang-up and creation",
	}[f]
}

func (e Ends) String() string {
	return map[Ends]string{
		EndsIn:    "a record at the begin is included, one at the end is included",
		EndsBegin: "a record at the begin is included, one at the end is left out",
		EndsEnd:   "a record at the begin is left out, one at the end is included",
		EndsOut:   "a record at the begin is left out, one at the end is left out",
	}[e]
}

func (f Future) String() string {
	return map[Future]string{
		FutureAnswered: "windows that end ahead of the server's clock are answered",
		FutureRefused:  "windows that end ahead of the server's clock are refused",
	}[f]
}

func (f Filters) String() string {
	return map[Filters]string{FiltersHonoured: "filters are honoured", FiltersIgnored: "filters are not honoured"}[f]
}

func (r Retention) String() string {
	switch {
	case r.Days <= 0:
		return ""
	case r.Least:
		return "records go back at least " + plural(int64(r.Days), "day")
	}
	return fmt.Sprintf("nothing older than %s is shown", plural(int64(r.Days), "day"))
}

// lengthText says a number of seconds in its largest unit, to a tenth.
func lengthText(seconds int64) string {
	unit, n := "second", 1.0
	switch {
	case seconds >= 24*60*60:
		unit, n = "day", 24*60*60
	case seconds >= 60*60:
		unit, n = "hour", 60*60
	}
	text := strconv.FormatFloat(math.Round(10*float64(seconds)/n)/10, 'f', -1, 64) + " " + unit
	if text != "1 "+unit {
		text += "s"
	}
	return text
}

// plural says a number with its noun.
func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// habitsVersion rises when a field of Habits changes its meaning. New fields and values do not raise it.
const habitsVersion = 1

type storedHabits struct {
	Version int    `json:"version"`
	Habits  Habits `json:"habits"`
}

// Encode writes the habits as a text to be stored, the same for the same habits; "": nothing is known.
func (h *Habits) Encode() string {
	if *h == (Habits{}) {
		return ""
	}
	text, err := json.Marshal(storedHabits{habitsVersion, *h})
	if err != nil {
		return "" // a value that is not valid UTF-8, which none is
	}
	return string(text)
}

// DecodeHabits reads what Encode wrote. A text of another version or that cannot be read says nothing: habits are found out again.
func DecodeHabits(text string) Habits {
	var s storedHabits
	if err := json.Unmarshal([]byte(text), &s); err != nil || s.Version != habitsVersion {
		return Habits{}
	}
	return s.Habits
}

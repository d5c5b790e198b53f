package itnio

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// everyHabit has a value in each field.
func everyHabit() Habits {
	return Habits{
		TimeFormat: TimeDatetime, Totals: TotalsOff, TotalsOff: -2, TotalCap: 1000, Records: Limit{300, 500}, PageSize: 15, Order: "start_desc",
		PastEnd: PastEndAgain, FilterTime: FilterStart, Ends: EndsBegin, Width: Limit{7 * 86400, 31 * 86400}, Future: FutureRefused,
		Retention: Retention{31, true}, Filters: FiltersIgnored,
	}
}

func TestHabitsInWords(t *testing.T) {
	h := everyHabit()
	v := reflect.ValueOf(h)
	for i := range v.NumField() {
		require.False(t, v.Field(i).IsZero(), "everyHabit leaves %s out", v.Type().Field(i).Name)
	}
	require.Equal(t, []Habit{
		{"clock-format", "times of requests are read as datetime (2025-01-08 00:00:00)"},
		{"habit-total", "total is 2 less than the number of different records"},
		{"habit-cap", "total is never above 1000, and windows with 500 records are refused"},
		{"habit-page-size", "pages have 15 records where 100 were asked for"},
		{"habit-order", "records come newest start first"},
		{"habit-past-the-end", "a page past the last has records again, which the exporter takes for the end"},
		{"habit-filter-time", FilterStart.String()},
		{"habit-ends", "a record at the begin is included, one at the end is left out"},
		{"habit-width", "windows of 7 days are answered, of 31 days refused"},
		{"habit-future", "windows that end ahead of the server's clock are refused"},
		{"habit-retention", "records go back at least 31 days"},
		{"habit-filters", "filters are not honoured"},
	}, h.Known())
	require.Equal(t, "filters are not honoured", h.Text("habit-filters"))

	none := Habits{}
	require.Empty(t, none.Known())
	require.Empty(t, none.Text("habit-filters"))

	for text, h := range map[string]Habits{
		"total is 1 more than the number of different records": {Totals: TotalsOff, TotalsOff: 1},
		"pages have up to 100 records, as asked for":           {PageSize: 100},
		"windows with 1 record are refused":                    {Records: Limit{Refused: 1}},
		"total is never above 7":                               {TotalCap: 7},
		"windows of 1 day are answered":                        {Width: Limit{Answered: 86401}},
		"windows of 1.5 days are refused":                      {Width: Limit{Refused: 129600}},
		"windows of 2 hours are refused":                       {Width: Limit{Refused: 7200}},
		"windows of 1 second are refused":                      {Width: Limit{Refused: 1}},
		"nothing older than 1 day is shown":                    {Retention: Retention{Days: 1}},
	} {
		require.Equal(t, text, h.Known()[0].Text)
	}
}

// What was stored is read again; what cannot be read, or has another meaning, says nothing.
func TestHabitsAreStored(t *testing.T) {
	h := everyHabit()
	require.Equal(t, h, DecodeHabits(h.Encode()))
	require.Equal(t, h.Encode(), h.Encode())
	require.Less(t, len(h.Encode()), 500)
	none := Habits{}
	require.Empty(t, none.Encode())
	for _, text := range []string{"", "{", "null", `{"habits":{"page_size":15}}`, strings.Replace(h.Encode(), `"version":1`, `"version":2`, 1), `{"version":1,"habits":{"page_size":"x"}}`} {
		require.Equal(t, none, DecodeHabits(text), text)
	}
	newer := DecodeHabits(`{"version":1,"habits":{"page_size":15,"order":"remark_asc","totals":"guessed","later":{"a":1}},"more":true}`)
	require.Len(t, newer.Known(), 1, "of a newer release, what this one has words for")
}

func FuzzDecodeHabits(f *testing.F) {
	h := everyHabit()
	f.Add(h.Encode())
	f.Add(`{"version":1,"habits":{"records":{"refused":-1},"page_size":-5,"total_cap":-1,"retention":{"days":-1}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		h := DecodeHabits(text)
		for _, habit := range h.Known() {
			require.NotEmpty(t, habit.Text)
		}
	})
}

func TestLimit(t *testing.T) {
	var l Limit
	l.Answer(5)
	require.Equal(t, Limit{Answered: 5}, l)
	l.Refuse(9)
	l.Refuse(12)
	l.Answer(7)
	require.Equal(t, Limit{Answered: 7, Refused: 9}, l)
	l.Answer(9)
	require.Equal(t, Limit{Answered: 9}, l, "what was refused is answered now")
	l.Refuse(6)
	require.Equal(t, Limit{Refused: 6}, l, "what was answered is refused now")
}

func TestOrder(t *testing.T) {
	at := func(s int64) time.Time { return time.Unix(1736000000+s, 0) }
	records := make([]Record, 30)
	for i := range records {
		n := int64(i)
		records[i] = Record{KeyID: uint64(1 + 7*n%31), CallStart: at(n), Hangup: at(n + 11*n%17), Create: at(100 - n), Update: at(5)}
	}
	reversed := slices.Clone(records)
	slices.Reverse(reversed)
	require.Equal(t, Order("start_asc"), OrderOf(records))
	require.Equal(t, Order("start_desc"), OrderOf(reversed))
	require.Equal(t, "records come oldest start first", OrderOf(records).String())
	require.Equal(t, Order("create_desc"), Order("create_desc").Seen(records), "it may be that one still")
	require.Equal(t, Order("start_asc"), Order("create_asc").Seen(records))

	shuffled := slices.Clone(records)
	slices.SortFunc(shuffled, func(a, b Record) int { return int(a.KeyID*5%31) - int(b.KeyID*5%31) })
	require.Equal(t, OrderNone, OrderOf(shuffled), "all have the same update, which is no order")
	require.Equal(t, Order("id_asc"), Order("id_asc").Seen(shuffled[:9]), "too few to tell")
	for i := range shuffled {
		shuffled[i].KeyID = 0
	}
	require.Equal(t, Order("id_asc"), Order("id_asc").Seen(shuffled), "they may be sorted by an id that is not sent")
	require.Empty(t, OrderOf(nil))
}

func TestAnswersToProbes(t *testing.T) {
	require.Equal(t, PastEndEmpty, PastEndOf(0, nil))
	require.Equal(t, PastEndAgain, PastEndOf(3, nil))
	require.Equal(t, PastEndRefused, PastEndOf(0, errors.New("x")))
	require.Equal(t, []Ends{EndsIn, EndsBegin, EndsEnd, EndsOut}, []Ends{EndsOf(true, true), EndsOf(true, false), EndsOf(false, true), EndsOf(false, false)})
	require.True(t, WindowRead(Page{Total: 10}, Page{}))
	require.True(t, WindowRead(Page{Total: 10}, Page{Total: 5, Records: make([]Record, 1)}))
	require.False(t, WindowRead(Page{Total: 10}, Page{Total: 6, Records: make([]Record, 1)}))
	require.False(t, WindowRead(Page{Total: -1}, Page{Total: -1, Records: make([]Record, 1)}))
}

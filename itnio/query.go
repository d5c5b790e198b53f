package itnio

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// maxPageSize is the largest page the API documents.
const maxPageSize = 100

// request is the body of the record query.
type request struct {
	Current int    `json:"current"`
	Size    int    `json:"size"`
	Params  params `json:"params"`
}

// params are all the parameters of the vendor's page.
type params struct {
	StartTime        string   `json:"startTime"`
	EndTime          string   `json:"endTime"`
	VoiceGroupID     int64    `json:"voiceGroupId,omitzero"`
	SIPGroupName     string   `json:"sipGroupName,omitempty"`
	SeatIDs          []int64  `json:"seatId,omitempty"`
	SeatNames        []string `json:"seatNameList,omitempty"`
	CallTypes        []int64  `json:"callType,omitempty"`
	HangupReasons    []int64  `json:"hangupReason,omitempty"`
	CalledOrCaller   string   `json:"calledOrCaller,omitempty"`
	CCodes           []string `json:"ccode,omitempty"`
	HangingDirection []int64  `json:"hangingDirection,omitempty"`
	LabelNames       []string `json:"labelNames,omitempty"`
}

// names of the parameters that are set, to be told where the server finds fault with one.
func (p params) names() string {
	var names []string
	b, err := json.Marshal(p)
	if err != nil {
		return ""
	}
	in := newInput(b)
	_ = members(in, func(name []byte) error { names = append(names, string(name)); return in.SkipValue() }) // it is our own JSON
	return strings.Join(names, ", ")
}

func (q Query) validate() error {
	switch {
	case q.Page < 1:
		return fmt.Errorf("page %d: pages count from 1", q.Page)
	case q.Size < 1 || q.Size > maxPageSize:
		return fmt.Errorf("page size %d is not within 1 to %d", q.Size, maxPageSize)
	case q.From.IsZero() || q.To.IsZero():
		return errors.New("the window needs two ends")
	case q.To.Before(q.From):
		return errors.New("the window ends before it starts")
	}
	return nil
}

// LongAgo is the same question about a minute in which no call can have been, for one record.
func (q Query) LongAgo() Query {
	q.From = time.Date(1999, time.January, 1, 0, 0, 0, 0, time.UTC)
	q.To = q.From.Add(time.Minute)
	q.Page, q.Size = 1, 1
	return q
}

// fits reports whether any record of a page lies in the window with all its times, and not at an end: whatever the
// window filters on, it cannot be without that record.
func (q Query) fits(p Page) bool {
	return slices.ContainsFunc(p.Records, func(r Record) bool {
		known := false
		for _, t := range [...]time.Time{r.CallStart, r.Answer, r.Hangup, r.Create} {
			if t.IsZero() {
				continue
			}
			if known = true; !t.After(q.From) || !t.Before(q.To) {
				return false
			}
		}
		return known
	})
}

// params are the parameters of the query, with its window in the given time format. Whole seconds is all that the formats
// can say, so the window grows to them.
func (q Query) params(format string, loc *time.Location) params {
	layout := "2006-01-02T15:04:05-07:00"
	if format == TimeDatetime {
		layout = time.DateTime
	}
	from := q.From.Truncate(time.Second)
	to := q.To.Add(time.Second - time.Nanosecond).Truncate(time.Second)
	f := q.Filter
	return params{
		StartTime:        from.In(loc).Format(layout),
		EndTime:          to.In(loc).Format(layout),
		VoiceGroupID:     f.VoiceGroupID,
		SIPGroupName:     f.SIPGroupName,
		SeatIDs:          f.SeatIDs,
		SeatNames:        f.SeatNames,
		CallTypes:        f.CallTypes,
		HangupReasons:    f.HangupReasons,
		CalledOrCaller:   f.CalledOrCaller,
		CCodes:           f.CCodes,
		HangingDirection: f.HangingDirection,
		LabelNames:       f.LabelNames,
	}
}

// body writes the query.
func (q Query) body(format string, loc *time.Location) ([]byte, error) {
	b, err := json.Marshal(request{Current: q.Page, Size: q.Size, Params: q.params(format, loc)})
	if err != nil {
		return nil, errors.New("a filter value is not valid UTF-8") // the only way; the error would quote it
	}
	return b, nil
}

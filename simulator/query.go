package simulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"itnio_exporter/enum"
)

// query is the body of POST /v3/cc/record/query.
type query struct {
	Current *int         `json:"current"`
	Size    *int         `json:"size"`
	Params  *queryParams `json:"params"`
}

type queryParams struct {
	StartTime        string   `json:"startTime"`
	EndTime          string   `json:"endTime"`
	VoiceGroupID     *int64   `json:"voiceGroupId"`
	SIPGroupName     string   `json:"sipGroupName"`
	SeatID           []int64  `json:"seatId"`
	SeatNameList     []string `json:"seatNameList"`
	CallType         []int64  `json:"callType"`
	HangupReason     []int64  `json:"hangupReason"`
	CalledOrCaller   string   `json:"calledOrCaller"`
	CCode            []string `json:"ccode"`
	HangingDirection []int64  `json:"hangingDirection"`
	LabelNames       []string `json:"labelNames"`
}

// status is an answer of the API without a page: a failure.
type status struct {
	code   int
	reason string
}

const maxPageSize = 100

const (
	statusAuth      = -1
	statusIP        = -2
	statusFrequent  = -15
	statusTimestamp = -16
	statusSystem    = -18
	statusParameter = -22
	statusCap       = -23
	statusWindow    = -76
)

// reasons are the texts of the statuses, as on the vendor's English pages.
var reasons = map[int]string{
	statusAuth:      "Authentication error",
	statusIP:        "Authentication error", // the pages have the same text for both
	statusFrequent:  "Query too frequently",
	statusTimestamp: "Timestamp expires",
	statusSystem:    "Port program unusual",
	-20:             "Data existing",
	statusParameter: "Parameter exception",
	statusCap:       "Data caps",
	statusWindow:    "The search time interval cannot be greater than 93 days!",
}

func statusOf(code int) *status {
	reason, ok := reasons[code]
	if !ok {
		reason = "Other error"
	}
	return &status{code, reason}
}

// asked is a query that has been checked and decoded.
type asked struct {
	window  window
	current int
	size    int
	matcher matcher
	nothing bool // the time format was refused silently
}

// understand checks a query as the vendor's page says it; now is the server's clock.
func (s *Simulator) understand(body []byte, now time.Time) (asked, *status) {
	q, ok := parseQuery(body)
	if !ok {
		return asked{}, statusOf(statusParameter)
	}
	h := &s.o.Habits
	a := asked{current: *q.Current, size: *q.Size, matcher: s.matcher(q.Params)}
	if h.PageSize > 0 {
		a.size = h.PageSize
	}
	from, okFrom := h.parseTime(q.Params.StartTime, s.zone)
	to, okTo := h.parseTime(q.Params.EndTime, s.zone)
	switch verdict := max(okFrom, okTo); {
	case verdict == timeWrong:
		return asked{}, statusOf(statusParameter)
	case verdict == timeIgnored && h.IgnoreWindow:
		a.window = window{math.MinInt64 / 2, math.MaxInt64 / 2}
		return a, nil
	case verdict == timeIgnored:
		a.nothing = true
		return a, nil
	case h.RefuseFuture && to.After(now):
		return asked{}, statusOf(statusParameter)
	case to.Sub(from) > h.maxWindow():
		return asked{}, statusOf(statusWindow)
	}
	a.window = h.window(from, to)
	return a, nil
}

// parseQuery decodes a query; false if it lacks something or its page or size is out of range.
func parseQuery(body []byte) (query, bool) {
	var q query
	if err := json.NewDecoder(bytes.NewReader(body)).Decode(&q); err != nil {
		return q, false
	}
	present := q.Current != nil && q.Size != nil && q.Params != nil
	return q, present && *q.Current >= 1 && *q.Size >= 1 && *q.Size <= maxPageSize
}

// timeVerdict is what a server does with a time of a query, from good to bad.
type timeVerdict uint8

const (
	timeRight timeVerdict = iota
	timeIgnored
	timeWrong
)

// parseTime reads a time of a query in the formats that are accepted.
func (h *Habits) parseTime(text string, zone *time.Location) (time.Time, timeVerdict) {
	iso, isoErr := time.Parse(time.RFC3339, text)
	plain, plainErr := time.ParseInLocation(time.DateTime, text, zone)
	switch {
	case isoErr == nil && h.Accept != DatetimeOnly:
		return iso, timeRight
	case plainErr == nil && h.Accept != ISO8601Only:
		return plain, timeRight
	case (isoErr == nil || plainErr == nil) && (h.RefuseSilently || h.IgnoreWindow):
		return time.Time{}, timeIgnored
	}
	return time.Time{}, timeWrong
}

// window turns the times of a query into whole seconds of the rows, both ends included. Queries refer to the times that records show.
func (h *Habits) window(from, to time.Time) window {
	from, to = from.Add(-h.recordSkew()), to.Add(-h.recordSkew())
	w := window{from.Unix(), to.Unix()}
	if from.Nanosecond() > 0 || h.ExclusiveFrom {
		w.from++
	}
	if h.ExclusiveTo && to.Nanosecond() == 0 {
		w.to--
	}
	return w
}

// matcher tells which rows pass the filters of a query. match is nil if the query has no filter. The key identifies the filters.
type matcher struct {
	key   string
	match func(*row) bool
}

func (s *Simulator) matcher(p *queryParams) matcher {
	var all []func(*row) bool
	add := func(on bool, f func(*row) bool) {
		if on {
			all = append(all, f)
		}
	}
	text := func(n uint32) string { return s.texts.all[n] }
	add(p.VoiceGroupID != nil, func(r *row) bool { return int64(r.groupID) == *p.VoiceGroupID })
	add(p.SIPGroupName != "", func(r *row) bool { return text(r.group) == p.SIPGroupName })
	add(len(p.SeatID) > 0, func(r *row) bool { return r.seat != 0 && slices.Contains(p.SeatID, int64(r.seat)) })
	add(len(p.SeatNameList) > 0, func(r *row) bool { return r.agent != 0 && slices.Contains(p.SeatNameList, text(r.agent)) })
	add(len(p.CallType) > 0, func(r *row) bool { return slices.Contains(p.CallType, typeCode(r.typ)) })
	add(len(p.HangupReason) > 0, func(r *row) bool { return !r.is(incomplete) && slices.Contains(p.HangupReason, reasonCode(r.reason)) })
	add(p.CalledOrCaller != "", func(r *row) bool {
		return strconv.FormatUint(r.number, 10) == p.CalledOrCaller || s.line(r) == p.CalledOrCaller
	})
	add(len(p.CCode) > 0, func(r *row) bool {
		return !r.is(noCountry) && slices.Contains(p.CCode, s.o.Countries[r.country].CallingCode)
	})
	add(len(p.HangingDirection) > 0, func(r *row) bool {
		return !r.is(incomplete) && slices.Contains(p.HangingDirection, partyCode(r.party))
	})
	add(len(p.LabelNames) > 0, func(r *row) bool {
		return slices.ContainsFunc(s.tagsOf(r), func(t string) bool { return slices.Contains(p.LabelNames, t) })
	})
	if len(all) == 0 {
		return matcher{}
	}
	q := *p
	q.StartTime, q.EndTime = "", ""
	group := "any"
	if q.VoiceGroupID != nil {
		group = strconv.FormatInt(*q.VoiceGroupID, 10)
		q.VoiceGroupID = nil
	}
	return matcher{
		key:   fmt.Sprintf("%s %#v", group, q),
		match: func(r *row) bool { return !slices.ContainsFunc(all, func(f func(*row) bool) bool { return !f(r) }) },
	}
}

// tagsOf are the current tags of a record.
func (s *Simulator) tagsOf(r *row) []string {
	var tags []string
	if r.tags != 0 {
		tags = strings.Split(s.texts.all[r.tags], tagSep)
	}
	if r.is(isEdited) && r.editTag != 0 {
		tags = append(tags, s.texts.all[r.editTag])
	}
	return tags
}

// line is the call centre's own number in a call: one of the customer's country in outgoing calls, one in Singapore in incoming calls.
func (s *Simulator) line(r *row) string {
	if r.typ == enum.Incoming {
		return "656123" + strconv.Itoa(4000+int(r.groupID)%1000)
	}
	c := &s.o.Countries[r.country]
	return c.CallingCode + c.Prefix + strings.Repeat("3", c.Digits)
}

// Codes that the vendor's page does not have.
const (
	unknownType   = 9
	unknownReason = 42
	unknownParty  = 2
)

func typeCode(t enum.CallType) int64 {
	if t == enum.TypeUnknown {
		return unknownType
	}
	return t.Code()
}

func reasonCode(r enum.Reason) int64 {
	if r == enum.ReasonUnknown {
		return unknownReason
	}
	return r.Code()
}

func partyCode(p enum.Party) int64 {
	if p == enum.PartyUnknown {
		return unknownParty
	}
	return p.Code()
}

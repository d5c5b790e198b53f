package simulator

import "time"

// Habits are the behaviour that the vendor's page does not define and in which servers differ. Every combination is valid.
// The zero value is a plain server: filter on the start time, both ends inclusive, newest id first, either time format, UTC+8.
type Habits struct {
	Name string // for test names

	FilterOn      Field
	ExclusiveFrom bool // a record exactly at startTime is left out
	ExclusiveTo   bool // a record exactly at endTime is left out
	Order         Order
	UnstableTies  bool // records of the same second come in another order in every answer

	Accept         TimeFormat
	RefuseSilently bool // the other time format is answered with total 0 instead of -22
	IgnoreWindow   bool // the other time format is answered as if there were no window
	RefuseFuture   bool // an endTime after the server's now is answered with -22

	PageSize          int           // used whatever the request asks for; 0: as asked
	OverflowFirstPage bool          // a page past the last is answered with the first again
	MaxWindow         time.Duration // beyond it -76; 0: 93 days
	MaxTotal          int           // beyond it -23; 0: none

	Location     *time.Location // zone of the times in records and of times without one in queries; nil: UTC+8
	ClockSkew    time.Duration  // of the server's clock (Date header, timestamp check, future check) against Options.Now
	SkewRecords  bool           // the times in records come from the server's clock too
	BackdateLate bool           // a late record's createTime is its hang-up, not when it appeared

	StatusAsText     bool // "status": "0"
	NumbersAsText    bool // every number in records is text
	OmitSize         bool // data has no size
	OmitVoiceGroupID bool // records have no voiceGroupId
	EncryptNumbers   bool // called is null and encryptCalled has the number, as in the vendor's sample
	Region           bool // region names the country, beside ccode or alone; else it is null, as in the sample
	SIPHangupCode    bool // hangupCode is the SIP code, as documented; else it is 1 or 0, as in the sample
}

// Field is the time that a query's window filters on.
type Field uint8

// Times a window may filter on. A record without a hang-up time is not found by it.
const (
	ByStart Field = iota
	ByCreate
	ByHangup
)

// Order is the sort order of the records. Ties are broken by id unless Habits.UnstableTies says otherwise.
type Order uint8

// Sort orders.
const (
	IDDesc Order = iota
	IDAsc
	StartDesc
	StartAsc
	CreateDesc
	CreateAsc
	UpdateDesc // an edit moves the record
)

// TimeFormat is how startTime and endTime have to be written.
type TimeFormat uint8

// Time formats.
const (
	AnyTime      TimeFormat = iota
	ISO8601Only             // 2022-01-01T00:00:00+08:00
	DatetimeOnly            // 2025-01-08 00:00:00
)

func (h *Habits) zone() *time.Location {
	if h.Location != nil {
		return h.Location
	}
	return time.FixedZone("UTC+8", 8*3600)
}

func (h *Habits) maxWindow() time.Duration {
	if h.MaxWindow > 0 {
		return h.MaxWindow
	}
	return 93 * 24 * time.Hour
}

// recordSkew is by how much the times in records are wrong.
func (h *Habits) recordSkew() time.Duration {
	if h.SkewRecords {
		return h.ClockSkew
	}
	return 0
}

// habitFactor is one habit with its alternatives.
type habitFactor []struct {
	name string // "" for the plain one
	set  func(*Habits)
}

// habitFactors are all habits but Location, which a client has to be configured for.
var habitFactors = [...]habitFactor{
	{{"", func(*Habits) {}}, {"by create", func(h *Habits) { h.FilterOn = ByCreate }}, {"by hangup", func(h *Habits) { h.FilterOn = ByHangup }}},
	{
		{"", func(*Habits) {}},
		{"id asc", func(h *Habits) { h.Order = IDAsc }},
		{"start desc", func(h *Habits) { h.Order = StartDesc }},
		{"start asc", func(h *Habits) { h.Order = StartAsc }},
		{"create desc", func(h *Habits) { h.Order = CreateDesc }},
		{"create asc", func(h *Habits) { h.Order = CreateAsc }},
		{"update desc", func(h *Habits) { h.Order = UpdateDesc }},
	},
	{
		{"", func(*Habits) {}},
		{"(]", func(h *Habits) { h.ExclusiveFrom = true }},
		{"[)", func(h *Habits) { h.ExclusiveTo = true }},
		{"()", func(h *Habits) { h.ExclusiveFrom, h.ExclusiveTo = true, true }},
	},
	{
		{"", func(*Habits) {}},
		{"iso", func(h *Habits) { h.Accept = ISO8601Only }},
		{"datetime", func(h *Habits) { h.Accept = DatetimeOnly }},
		{"iso or nothing", func(h *Habits) { h.Accept, h.RefuseSilently = ISO8601Only, true }},
		{"datetime or nothing", func(h *Habits) { h.Accept, h.RefuseSilently = DatetimeOnly, true }},
		{"datetime or everything", func(h *Habits) { h.Accept, h.IgnoreWindow = DatetimeOnly, true }},
	},
	{{"", func(*Habits) {}}, {"pages of 50", func(h *Habits) { h.PageSize = 50 }}, {"pages of 15", func(h *Habits) { h.PageSize = 15 }}},
	{
		{"", func(*Habits) {}},
		{"clock +90s", func(h *Habits) { h.ClockSkew = 90 * time.Second }},
		{"clock -40m", func(h *Habits) { h.ClockSkew, h.SkewRecords = -40*time.Minute, true }},
		{"clock +3h", func(h *Habits) { h.ClockSkew, h.SkewRecords = 3*time.Hour, true }},
	},
	{{"", func(*Habits) {}}, {"at most 1d", func(h *Habits) { h.MaxWindow = 24 * time.Hour }}},
	{{"", func(*Habits) {}}, {"at most 500", func(h *Habits) { h.MaxTotal = 500 }}},
	{{"", func(*Habits) {}}, {"first page again", func(h *Habits) { h.OverflowFirstPage = true }}},
	{{"", func(*Habits) {}}, {"no future", func(h *Habits) { h.RefuseFuture = true }}},
	{{"", func(*Habits) {}}, {"unstable", func(h *Habits) { h.UnstableTies = true }}},
	{{"", func(*Habits) {}}, {"text status", func(h *Habits) { h.StatusAsText = true }}},
	{{"", func(*Habits) {}}, {"text numbers", func(h *Habits) { h.NumbersAsText = true }}},
	{{"", func(*Habits) {}}, {"no size", func(h *Habits) { h.OmitSize = true }}},
	{{"", func(*Habits) {}}, {"no group id", func(h *Habits) { h.OmitVoiceGroupID = true }}},
	{{"", func(*Habits) {}}, {"encrypted", func(h *Habits) { h.EncryptNumbers = true }}},
	{{"", func(*Habits) {}}, {"regions", func(h *Habits) { h.Region = true }}},
	{{"", func(*Habits) {}}, {"sip codes", func(h *Habits) { h.SIPHangupCode = true }}},
	{{"", func(*Habits) {}}, {"backdated", func(h *Habits) { h.BackdateLate = true }}},
}

// AllHabits are named habits in which every pair of alternatives of two habits occurs at least once. The first is the plain
// server.
func AllHabits() []Habits {
	sizes := make([]int, len(habitFactors))
	for i, f := range habitFactors {
		sizes[i] = len(f)
	}
	var all []Habits
	for _, row := range pairwise(sizes) {
		var h Habits
		for i, f := range habitFactors {
			f[row[i]].set(&h)
			if n := f[row[i]].name; n != "" {
				if h.Name != "" {
					h.Name += ", "
				}
				h.Name += n
			}
		}
		if h.Name == "" {
			h.Name = "plain"
		}
		all = append(all, h)
	}
	return all
}

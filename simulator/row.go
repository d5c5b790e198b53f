package simulator

import "itnio_exporter/enum"

// row is a call and its record in memory: small and without pointers.
// Times called unix are seconds, the others nanoseconds, of Options.Now; 0 is none.
type row struct {
	id      uint64 // keyId, given when the record appears
	session uint64 // callSessionId
	number  uint64 // the customer's, with calling code

	start, answer, end, create int64 // unix; the real times, also where the record shows others
	visible, completed, edited int64 // nanoseconds
	deleted                    int64

	talk, ring int32
	group      uint32 // text
	groupID    int32
	agent      uint32 // text
	seat       int32
	tags       uint32 // text, tags joined by tagSep
	editTag    uint32 // text, the tag that the edit adds
	media      uint32 // text

	country uint16 // index
	sip     uint16 // 0: none
	typ     enum.CallType
	reason  enum.Reason
	party   enum.Party
	wrong   wrongTime
	state   rowState
}

// rowState is a set of facts.
type rowState uint16

const (
	cancelled     rowState = 1 << iota // traffic was stopped before it began
	added                              // by Add
	appeared                           // its record has come to exist
	incomplete                         // its record has no hang-up, for now or for good
	neverComplete                      // for good
	keyless                            // its record has no keyId
	keySometimes                       // in some answers
	gone                               // deleted
	isEdited
	noRing
	noCountry
	rawRemark // the remark is written without escapes
)

func (r *row) is(s rowState) bool { return r.state&s != 0 }

// wrongTime says which time of a record is wrong, and how.
type wrongTime uint8

const (
	noWrong wrongTime = iota
	noStart
	start1970
	start2099
	end1970
	end2099
	startAhead
)

const (
	tagSep   = "\x00"
	year2099 = 4073_000_000 // Unix time of a second in January 2099
	year1970 = 86_400       // Unix time of a second in January 1970
)

// shownStart, shownAnswer and shownEnd are the times in the record; 0 is null. The skew is not in them.
func (r *row) shownStart() int64 {
	switch r.wrong {
	case noStart:
		return 0
	case start1970:
		return year1970 + r.start%86400
	case start2099:
		return year2099 + r.start%86400
	case startAhead:
		return r.start + r.ahead()
	}
	return r.start
}

// ahead is how far ahead a wrong start is: one minute to twenty hours.
func (r *row) ahead() int64 { return 60 + int64(mix(r.session, 9)%72000) }

func (r *row) shownAnswer() int64 {
	if r.is(incomplete) {
		return 0
	}
	return r.answer
}

func (r *row) shownEnd() int64 {
	switch {
	case r.is(incomplete):
		return 0
	case r.wrong == end1970:
		return year1970 + r.end%86400
	case r.wrong == end2099:
		return year2099 + r.end%86400
	}
	return r.end
}

// update is the record's updateTime, unix.
func (r *row) update() int64 {
	switch {
	case r.is(isEdited):
		return r.edited / 1e9
	case r.completed > 0 && !r.is(incomplete):
		return r.completed / 1e9
	}
	return r.create
}

// filterTime is the time that windows filter on; false: no window finds the record.
func (r *row) filterTime(f Field) (int64, bool) {
	switch f {
	case ByCreate:
		return r.create, true
	case ByHangup:
		return r.end, !r.is(incomplete)
	}
	if r.wrong == startAhead {
		return r.shownStart(), true
	}
	return r.start, true
}

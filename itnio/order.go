package itnio

import (
	"cmp"
	"slices"
)

// sortKey is something that records may be sorted by.
type sortKey struct {
	key  string
	text string
	by   func(*Record) int64
}

var sortKeys = []sortKey{
	{"id", "id", func(r *Record) int64 { return int64(r.KeyID) }},
	{"start", "start", func(r *Record) int64 { return r.CallStart.Unix() }},
	{"create", "creation", func(r *Record) int64 { return r.Create.Unix() }},
	{"hangup", "hang-up", func(r *Record) int64 { return r.Hangup.Unix() }},
	{"update", "update", func(r *Record) int64 { return r.Update.Unix() }},
}

const (
	ascending  = "_asc"
	descending = "_desc"
)

// orderTells is how many records show their order: fewer may be in one by chance.
const orderTells = 10

// OrderOf is the order of records as they came: OrderNone, or what they are sorted by and which way, such as id_desc. "" if they are
// too few to tell.
func OrderOf(records []Record) Order { return Order("").Seen(records) }

// Seen is the order after a page with these records: the one before as long as they are in it.
func (o Order) Seen(records []Record) Order {
	if len(records) < orderTells {
		return o
	}
	found := OrderNone
	for i := range sortKeys {
		k := &sortKeys[i]
		way := k.way(records)
		switch is := Order(k.key + way); {
		case way == "":
		case is == o:
			return o
		case found == OrderNone:
			found = is
		}
	}
	if found == OrderNone && records[0].KeyID == 0 {
		return o // they may be sorted by an id that is not sent
	}
	return found
}

// way is ascending, descending, or "" where the records are not sorted by the key or all have the same.
func (k *sortKey) way(records []Record) string {
	rising := func(a, b Record) int { return cmp.Compare(k.by(&a), k.by(&b)) }
	switch first, last := &records[0], &records[len(records)-1]; {
	case k.by(first) < k.by(last) && slices.IsSortedFunc(records, rising):
		return ascending
	case k.by(first) > k.by(last) && slices.IsSortedFunc(records, func(a, b Record) int { return rising(b, a) }):
		return descending
	}
	return ""
}

func (o Order) String() string {
	switch o {
	case OrderNone:
		return "the records are in no order that can be seen"
	case OrderUnsteady:
		return "the first page had another content when it was asked for again"
	}
	for _, k := range sortKeys {
		switch o {
		case Order(k.key + ascending):
			return "records come oldest " + k.text + " first"
		case Order(k.key + descending):
			return "records come newest " + k.text + " first"
		}
	}
	return ""
}

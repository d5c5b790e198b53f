package account

import "time"

// maxRemembered bounds each part of a memory. One that is full starts over: some records are then waited for longer, or their
// anomalies counted again.
const maxRemembered = 10000

// memory knows the records that have no place in the ledger, by identity.
type memory struct {
	pending map[uint64]time.Time // incomplete calls: server's time of their first reading
	odd     map[uint64]struct{}  // records that are not counted, or not yet, and whose anomalies were
}

func newMemory() memory {
	return memory{pending: map[uint64]time.Time{}, odd: map[uint64]struct{}{}}
}

// pendingSince is when an incomplete call was first read.
func (m *memory) pendingSince(id uint64, server time.Time) time.Time {
	since, ok := m.pending[id]
	if !ok {
		if len(m.pending) >= maxRemembered {
			clear(m.pending)
		}
		since = server
		m.pending[id] = since
	}
	return since
}

// counted forgets a call that has found its place in the ledger, and reports whether its anomalies were counted before.
func (m *memory) counted(id uint64) (told bool) {
	_, told = m.odd[id]
	delete(m.pending, id)
	delete(m.odd, id)
	return told
}

// firstOdd reports whether a record that is not counted is seen for the first time.
func (m *memory) firstOdd(id uint64) bool {
	if _, known := m.odd[id]; known {
		return false
	}
	if len(m.odd) >= maxRemembered {
		clear(m.odd)
	}
	m.odd[id] = struct{}{}
	return true
}

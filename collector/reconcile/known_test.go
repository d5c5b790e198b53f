package reconcile

import (
	"testing"

	"github.com/stretchr/testify/require"

	"itnio_exporter/collector/idset"
)

// TestInspect: each kind of cell is told apart, and a damaged one is left out.
func TestInspect(t *testing.T) {
	ids := idset.Pack([]uint64{3, 7})
	var stored []Cell
	for i, kind := range []cellKind{cellRead, cellOpen, cellCounted, cellGap} {
		c := cell{Window: Window{int64(i), int64(i) + 1}, kind: kind, ids: ids, total: 2, readAt: 9}
		stored = append(stored, c.encode())
	}
	stored = append(stored, Cell{From: 4, To: 5, Data: []byte{99}})
	require.Equal(t, []Known{
		{Window{0, 1}, ids, true, 9}, {Window{1, 2}, ids, true, 9}, {Window{2, 3}, ids, false, 9}, {Window{3, 4}, ids, false, 9},
	}, Inspect(stored))
}

package cli

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"itnio_exporter/history/backfill"
)

// TestBackfillTable: a name has one row, whatever is in it, and no terminal obeys it.
func TestBackfillTable(t *testing.T) {
	var out bytes.Buffer
	table(&backfillReport{e: Environment{Stdout: &out}}, "agent group", []backfill.Total{{Name: "line1\nline2\x1b[31m\a", Calls: 7}, {Name: "客服", Calls: 5}})
	require.Equal(t, "\nCalls by agent group:\n         7  line1\\nline2\\x1b[31m\\a\n         5  客服\n", out.String())
}

package history

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPrintable: a name cannot break the row of a table or move a terminal's cursor, and letters of all languages stay.
func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"":                     "",
		`Vertrieb "Süd" \ 1`:   `Vertrieb "Süd" \ 1`,
		"客服　一组":                "客服　一组",
		"line1\nline2\r\tend":  `line1\nline2\r\tend`,
		"\x1b[31mred\x1b[0m\a": `\x1b[31mred\x1b[0m\a`,
		"a\u2028b\u202ec":      `a\u2028b\u202ec`,
		"\u009b1m":             `\u009b1m`,
	} {
		require.Equal(t, want, Printable(text), "%q", text)
	}
}

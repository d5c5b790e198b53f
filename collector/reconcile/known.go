package reconcile

import "itnio_exporter/collector/idset"

// Known is what a stored cell tells of its window.
type Known struct {
	Window
	IDs  idset.Packed
	Read bool  // IDs are those of the window; else only their number is known, or the server refuses the window
	At   int64 // server's time of the last full reading or refusal, Unix seconds
}

// Inspect tells what stored cells know, in their order. Damaged ones are left out: nothing is known of their windows.
func Inspect(stored []Cell) []Known {
	var out []Known
	for _, s := range stored {
		if c, ok := decode(s); ok {
			out = append(out, Known{Window: c.Window, IDs: c.ids, Read: c.kind == cellRead || c.kind == cellOpen, At: c.readAt})
		}
	}
	return out
}

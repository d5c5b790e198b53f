package reconcile

const (
	hour = 3600
	day  = 86400
)

// Window is [From, To) in Unix seconds of the server's clock. The request for it goes from a second before From up to To:
// adjoining windows overlap, so it does not matter whether a server includes the ends of a window.
type Window struct{ From, To int64 }

func (w Window) width() int64 { return w.To - w.From }

// holds reports whether o lies within w.
func (w Window) holds(o Window) bool { return w.From <= o.From && o.To <= w.To }

// alignment is the power of two to which the bounds of windows of about this width are rounded.
func alignment(width int64) int64 {
	g := int64(1)
	for g*8 <= width {
		g *= 2
	}
	return g
}

func alignDown(t, g int64) int64 { return t - ((t%g)+g)%g }

// maxParts is the largest number of parts of one cut. Parts that are still too large are cut again.
const maxParts = 1024

// cut divides a window at aligned bounds into about k parts, at least two if it is wider than a second. The parts are in
// order of time.
func cut(w Window, k int) []Window {
	if w.width() < 2 {
		return []Window{w}
	}
	k = max(2, min(k, int(min(w.width(), maxParts))))
	step := max(1, (w.width()+int64(k)-1)/int64(k))
	g := alignment(step)
	out := make([]Window, 0, k+1)
	at := w.From
	for at < w.To {
		next := alignDown(at+step+g/2, g)
		if next <= at {
			next = at + step
		}
		if next >= w.To || w.To-next < g/2 {
			next = w.To
		}
		out = append(out, Window{at, next})
		at = next
	}
	if len(out) == 1 {
		mid := w.From + w.width()/2
		out = []Window{{w.From, mid}, {mid, w.To}}
	}
	return out
}

// chunks cuts a window at multiples of width. The parts are in order of time.
func chunks(w Window, width int64) []Window {
	var out []Window
	for at := w.From; at < w.To; {
		next := min(alignDown(at, width)+width, w.To)
		out = append(out, Window{at, next})
		at = next
	}
	return out
}

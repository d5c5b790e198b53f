package web

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// prefersJSON reports whether a client would rather have JSON than HTML. Where it does not care, HTML is for people.
func prefersJSON(h http.Header) bool {
	accept := strings.Join(h.Values("Accept"), ",")
	json, named := quality(accept, "application/json")
	html, htmlNamed := quality(accept, "text/html")
	return json > html || json > 0 && json == html && named && !htmlNamed
}

// quality is how much a client wants a media type, 0 to 1, by the entry of its Accept that fits best, and whether that names it.
func quality(accept, media string) (q float64, named bool) {
	major, _, _ := strings.Cut(media, "/")
	fit := -1
	for entry := range strings.SplitSeq(accept, ",") {
		name, parameters, err := mime.ParseMediaType(entry)
		this := map[string]int{"*/*": 0, major + "/*": 1, media: 2}
		rank, fits := this[name]
		if err != nil || !fits || rank <= fit {
			continue
		}
		fit, q = rank, 1
		if text, ok := parameters["q"]; ok {
			if q, err = strconv.ParseFloat(text, 64); err != nil || !(q >= 0 && q <= 1) {
				q = 0
			}
		}
	}
	return q, fit == 2
}

// Package exposition serves metric families to scrapers: pages by client_golang's encoders, rendered at most once for each state
// of the families, and compressed at most once.
package exposition

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"itnio_exporter/collector/series"
)

// Source is where the call families come from.
type Source interface {
	// Exposition returns the families of the last committed state, each name once, and the state's generation, which
	// changes exactly when they do. It is called on each scrape and must neither block nor take long.
	Exposition() (families []*series.Family, generation uint64)
}

// Options are a Handler's; all may be left out.
type Options struct {
	// ErrorLog is told, once for each scrape, what could not be gathered or rendered.
	ErrorLog log.Logger
	// Registerer takes promhttp_metric_handler_errors_total, the counter that promhttp has for the same errors.
	Registerer prometheus.Registerer
	// OnServed is called after a complete page was written without an error, with the generation that it showed; not for
	// HEAD, nor for a page filtered by name[]. It is called in the request's goroutine and must not block.
	OnServed func(r *http.Request, generation uint64)
	// Now is the clock by which unused pages are dropped; time.Now by default.
	Now func() time.Time
}

// Handler serves /metrics: the call families, rendered and compressed at most once for each generation, and after them
// the live metrics, gathered for each scrape. Formats and encodings are negotiated, and names filtered by name[],
// as by promhttp with OpenMetrics enabled.
type Handler struct {
	cache    cache
	live     prometheus.Gatherer
	log      log.Logger
	onServed func(*http.Request, uint64)
	accepted []expfmt.Format

	gathering, encoding prometheus.Counter

	deflaters sync.Pool // of *flate.Writer, for live parts
	zstd      func() (*zstd.Encoder, error)
}

// NewHandler makes a Handler; live may be nil. A live family of the same name as one of the source's is left out and
// reported as an error: a page contains each family once. It fails if the error counter cannot be registered.
func NewHandler(source Source, live prometheus.Gatherer, opts Options) (*Handler, error) {
	errs := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "promhttp_metric_handler_errors_total",
		Help: "Total number of internal errors encountered by the promhttp metric handler.",
	}, []string{"cause"})
	h := &Handler{
		cache:     cache{source: source, now: opts.Now, slots: map[expfmt.Format]*slot{}},
		live:      live,
		log:       opts.ErrorLog,
		onServed:  opts.OnServed,
		accepted:  expfmt.DefaultOpenMetricsAcceptedFormats(),
		gathering: errs.WithLabelValues("gathering"),
		encoding:  errs.WithLabelValues("encoding"),
		zstd: sync.OnceValues(func() (*zstd.Encoder, error) {
			return zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(liveWindow))
		}),
	}
	if opts.Registerer != nil {
		if err := opts.Registerer.Register(errs); err != nil {
			return nil, fmt.Errorf("register the scrape error counter: %w", err)
		}
	}
	if h.cache.now == nil {
		h.cache.now = time.Now
	}
	if h.live == nil {
		h.live = prometheus.Gatherers(nil)
	}
	if h.log == nil {
		h.log = log.NewNopLogger()
	}
	return h, nil
}

// ServeHTTP answers a scrape.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var (
		contentType = expfmt.NegotiateAccept(r.Header, h.accepted...)
		coding      = negotiateEncoding(r.Header)
		names       = r.URL.Query()["name[]"]
	)
	h.cache.sweep()
	// Everything that can fail comes before the first byte: an answer is complete or it is an error.
	body, generation, err := h.body(contentType, coding, names)
	if err != nil {
		_ = level.Error(h.log).Log("msg", "Serving metrics failed", "err", err)
		http.Error(w, "An error has occurred while serving metrics: "+oneLine(err), http.StatusInternalServerError)
		return
	}
	size := 0
	for _, b := range body {
		size += len(b)
	}
	header := w.Header()
	header.Add("Vary", "Accept")
	header.Add("Vary", "Accept-Encoding")
	header.Set("Content-Type", string(contentType))
	header.Set("Content-Length", strconv.Itoa(size))
	if coding != identity {
		header.Set("Content-Encoding", string(coding))
	}
	if r.Method == http.MethodHead {
		return
	}
	for _, b := range body {
		if _, err := w.Write(b); err != nil {
			return // the scraper has gone; it will say so itself
		}
	}
	// The last bytes are still in the server's buffers: only sending them shows whether the scraper is still there.
	if err := http.NewResponseController(w).Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return
	}
	if h.onServed != nil && len(names) == 0 && r.Context().Err() == nil {
		h.onServed(r, generation)
	}
}

// body returns an answer's body in pieces and the generation that it shows.
func (h *Handler) body(contentType expfmt.Format, coding encoding, names []string) ([][]byte, uint64, error) {
	p, err := h.cache.get(contentType)
	if err != nil {
		h.encoding.Inc()
		return nil, 0, err
	}
	generation := p.generation
	live, err := h.livePart(contentType, p, names)
	if err != nil {
		return nil, 0, err
	}
	if len(names) > 0 {
		p = p.filtered(names)
	}
	switch coding {
	case gzipCoding:
		d := p.gzip()
		w, ok := h.deflaters.Get().(*flate.Writer)
		if !ok {
			w, _ = flate.NewWriter(nil, gzipLevel)
		}
		defer h.deflaters.Put(w)
		return [][]byte{[]byte(gzipHeader), d.blocks, d.end(w, live)}, generation, nil
	case zstdCoding:
		frame, err := p.zstd()
		if err != nil {
			return nil, 0, err
		}
		enc, err := h.zstd()
		if err != nil {
			return nil, 0, fmt.Errorf("zstd: %w", err)
		}
		return [][]byte{frame, enc.EncodeAll(live, nil)}, generation, nil
	}
	return append(p.chunks(), live), generation, nil
}

// livePart gathers the live metrics and renders them, with what ends a page of the format. It serves what it can and reports the
// rest; an error means that there is nothing to serve at all.
func (h *Handler) livePart(contentType expfmt.Format, p *page, names []string) ([]byte, error) {
	gathered, err := h.live.Gather()
	if err != nil {
		err = fmt.Errorf("gather: %w", err)
		h.gathering.Inc()
		if len(gathered) == 0 && len(p.segments) == 0 {
			return nil, err
		}
	}
	var (
		b    bytes.Buffer
		errs = []error{err}
		enc  = expfmt.NewEncoder(&b, contentType)
	)
	for _, f := range gathered {
		if len(names) > 0 && !slices.Contains(names, f.GetName()) {
			continue
		}
		if _, taken := p.segment(f.GetName()); taken {
			h.gathering.Inc()
			errs = append(errs, fmt.Errorf("gather: metric family %s is one of the call families", f.GetName()))
			continue
		}
		whole := b.Len()
		if err := enc.Encode(f); err != nil {
			b.Truncate(whole)
			h.encoding.Inc()
			errs = append(errs, fmt.Errorf("encode: %w", err))
		}
	}
	if c, ok := enc.(expfmt.Closer); ok {
		if err := c.Close(); err != nil { // OpenMetrics' EOF
			return nil, fmt.Errorf("encode: %w", err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		_ = level.Error(h.log).Log("msg", "Some of the exporter's own metrics are missing from a scrape", "err", oneLine(err))
	}
	return b.Bytes(), nil
}

// oneLine flattens joined errors.
func oneLine(err error) string {
	return strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}

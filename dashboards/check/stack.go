package check

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/common/model"
)

var duration = regexp.MustCompile(`(^|[\[ :(])((?:[0-9]+[smhdw])+)\b`)

// Hasten divides every duration of a rule file or an Alertmanager configuration, at least a second remaining: the same rules, in a
// shorter time. Durations within names (increase5m) stay.
func Hasten(text string, factor int) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		lines[i] = duration.ReplaceAllStringFunc(line, func(m string) string {
			sub := duration.FindStringSubmatch(m)
			d, err := model.ParseDuration(sub[2])
			if err != nil || d == 0 {
				return m
			}
			return sub[1] + model.Duration(max(time.Second, (time.Duration(d)/time.Duration(factor)).Truncate(time.Second))).String()
		})
	}
	return strings.Join(lines, "\n")
}

// SetThreshold gives a threshold another value for every account.
func SetThreshold(text, name string, value float64) (string, error) {
	at := regexp.MustCompile(`(record: account:itnio_threshold:` + name + `\n\s+expr: )[0-9.]+`)
	if !at.MatchString(text) {
		return "", fmt.Errorf("there is no threshold %s", name)
	}
	return at.ReplaceAllString(text, "${1}"+strconv.FormatFloat(value, 'f', -1, 64)), nil
}

// Prometheus asks a server.
type Prometheus string

// Sample is one series of an answer: its last value.
type Sample struct {
	Labels map[string]string
	Value  float64
}

// Query evaluates an expression now, or over a range if step is positive; of a range each series' last value is given.
func (p Prometheus) Query(ctx context.Context, expr string, from, to time.Time, step time.Duration) ([]Sample, error) {
	form, path := url.Values{"query": {expr}}, "/api/v1/query"
	if step > 0 {
		path += "_range"
		form.Set("start", strconv.FormatInt(from.Unix(), 10))
		form.Set("end", strconv.FormatInt(to.Unix(), 10))
		form.Set("step", step.String())
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, string(p)+path, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }() // it was read
	var answer struct {
		Status, Error string
		Data          struct {
			Result []struct {
				Metric map[string]string
				Value  [2]any
				Values [][2]any
			}
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return nil, fmt.Errorf("answer to %s: %w", expr, err)
	}
	if answer.Status != "success" {
		return nil, fmt.Errorf("%s: %s", expr, answer.Error)
	}
	var samples []Sample
	for _, r := range answer.Data.Result {
		v := r.Value
		if len(r.Values) > 0 {
			v = r.Values[len(r.Values)-1]
		}
		text, _ := v[1].(string)
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, fmt.Errorf("%s: value %q: %w", expr, text, err)
		}
		samples = append(samples, Sample{r.Metric, f})
	}
	return samples, nil
}

// Hook takes what Alertmanager sends, at any path, and remembers who was told what.
type Hook struct {
	mu   sync.Mutex
	seen map[string]string // "receiver status alertname" -> description
}

func (h *Hook) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	var m struct {
		Receiver string
		Alerts   []struct {
			Status              string
			Labels, Annotations map[string]string
		}
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || json.Unmarshal(body, &m) != nil {
		return // Alertmanager tries again
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.seen == nil {
		h.seen = map[string]string{}
	}
	for _, a := range m.Alerts {
		h.seen[m.Receiver+" "+a.Status+" "+a.Labels["alertname"]] = a.Annotations["description"]
	}
}

// Got says whether a receiver was told, and what.
func (h *Hook) Got(receiver, status, alert string) (string, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	text, ok := h.seen[receiver+" "+status+" "+alert]
	return text, ok
}

// Forget forgets what was told.
func (h *Hook) Forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.seen = nil
}

// FreePort is a port of 127.0.0.1 that nobody listens on. It is below those that systems give to outgoing connections,
// which would take it before the server that is told to listen there.
func FreePort() (int, error) {
	var errs error
	for range 100 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(12000)))
		if err != nil {
			errs = errors.Join(errs, err)
			continue
		}
		return l.Addr().(*net.TCPAddr).Port, l.Close()
	}
	return 0, errs
}

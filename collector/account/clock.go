package account

import (
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"itnio_exporter/collector/call"
)

// maxDrift is by how much server and local clock may drift apart between two answers.
const maxDrift = 2 * time.Minute

// clock says what time it is at the server, and watches that time against the local clock. Nothing else in this package reads
// the server's time.
type clock struct {
	server interface {
		ServerNow() time.Time
		Skew() (time.Duration, bool)
	}
	metrics Metrics
	logger  log.Logger

	skew  time.Duration // server's clock less the local one, at the last answer
	known bool          // an answer has told the server's time
}

// now is the server's time, by the local clock until an answer has told it.
func (c *clock) now() time.Time { return c.server.ServerNow() }

func (c *clock) unix() int64 { return c.now().Unix() }

// of is the server's time at an answer with this Date, which may be missing.
func (c *clock) of(date time.Time) time.Time {
	if date.IsZero() {
		return c.now()
	}
	return date
}

// answered compares the clocks after a request.
func (c *clock) answered() {
	skew, ok := c.server.Skew()
	if !ok {
		return
	}
	c.metrics.Skew.WithLabelValues().Set(skew.Seconds())
	if c.known && (skew-c.skew).Abs() > maxDrift {
		c.metrics.anomaly(call.AnomalyClockJump, 1)
		level.Warn(c.logger).Log("msg", "the server's clock or the local one was set", "skew_before", c.skew.Round(time.Second), "skew", skew.Round(time.Second))
	}
	c.skew, c.known = skew, true
}

package diagnose

import (
	"context"
	"net/http"
	"time"

	"itnio_exporter/config"
)

// Prometheus is a server that scrapes the exporter.
type Prometheus struct{}

// NewPrometheus makes one.
func NewPrometheus(string, *http.Client) (*Prometheus, error) { return nil, nil }

func (*Prometheus) sections(context.Context, time.Time, *config.Validated) []Section { return nil }

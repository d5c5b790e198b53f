module itnio_exporter/dashboards/check

go 1.26.0

require (
	github.com/prometheus/prometheus v0.315.0
	itnio_exporter v0.0.0
)

replace itnio_exporter => ../..

package exposition

import (
	"bytes"
	"fmt"

	"github.com/prometheus/common/expfmt"

	"itnio_exporter/collector/series"
)

// format is one that a page can be in. What else a scraper may negotiate, the version of OpenMetrics and the escaping
// of names, does not change a byte of it: see checkFamily.
type format uint8

const (
	text format = iota
	openMetrics
	protoDelimited
	protoText
	protoCompact
	formats // how many there are
)

// formatOf gives the format of a negotiated content type.
func formatOf(contentType expfmt.Format) format {
	switch contentType.FormatType() {
	case expfmt.TypeOpenMetrics:
		return openMetrics
	case expfmt.TypeProtoDelim:
		return protoDelimited
	case expfmt.TypeProtoText:
		return protoText
	case expfmt.TypeProtoCompact:
		return protoCompact
	}
	return text
}

// familyEncoder writes one family. A metric's bytes depend only on the metric and on the family's name, type, labels
// and bounds, so that they can be used again in the next page.
type familyEncoder interface {
	// appendHeader appends what stands before the metrics, which take bodySize bytes.
	appendHeader(b []byte, bodySize int) []byte
	appendMetric(b []byte, m *series.Metric) []byte
}

// encoder returns the encoder of a family; nil where expfmt is good enough: nobody but a human asks for protobuf as text.
func (t format) encoder(f *series.Family) familyEncoder {
	switch t {
	case text:
		return newTextEncoder(f)
	case openMetrics:
		return newOpenMetricsEncoder(f)
	case protoDelimited:
		return newProtoEncoder(f)
	}
	return nil
}

// encodeWhole writes a family with expfmt.
func (t format) encodeWhole(f *series.Family) ([]byte, error) {
	contentType := expfmt.FmtProtoText
	if t == protoCompact {
		contentType = expfmt.FmtProtoCompact
	}
	var b bytes.Buffer
	if err := expfmt.NewEncoder(&b, contentType).Encode(familyModel(f)); err != nil {
		return nil, fmt.Errorf("metric family %s: %w", f.Name, err)
	}
	return b.Bytes(), nil
}

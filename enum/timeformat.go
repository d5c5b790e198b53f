package enum

// TimeFormat is how the ends of a query's window are written. The values are those of the configuration.
type TimeFormat string

// Time formats. The vendor's text names the first and its sample has the second; a server may read only one of them.
const (
	TimeAuto     TimeFormat = "auto"     // the exporter finds out which one the server reads
	TimeISO8601  TimeFormat = "iso8601"  // 2022-01-01T00:00:00+08:00
	TimeDatetime TimeFormat = "datetime" // 2025-01-08 00:00:00, in the account's zone
)

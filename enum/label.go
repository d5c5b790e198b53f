package enum

import "slices"

// Reserved label values. Names from the API and from the configuration never take them.
const (
	None    = "none"    // the record has no such value
	Unknown = "unknown" // the record's value is missing where there has to be one, or cannot be read
	Other   = "other"   // all values above a limit
)

// MaxLabelBytes is the longest free text that becomes a label value, in bytes.
const MaxLabelBytes = 128

// reserved lists the reserved label values.
var reserved = [...]string{Other, None, Unknown}

// IsReserved reports whether a label value is reserved.
func IsReserved(value string) bool { return slices.Contains(reserved[:], value) }

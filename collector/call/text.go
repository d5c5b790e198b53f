package call

import (
	"slices"
	"strings"
	"unicode/utf8"

	"itnio_exporter/enum"
)

// Reserved label values.
const (
	None    = enum.None
	Unknown = enum.Unknown
	Other   = enum.Other
)

// valid trims text and makes it valid UTF-8. It returns false if the text was not valid, or has U+FFFD in it: then the server
// or the client has already replaced invalid bytes.
func valid(text string) (string, bool) {
	if utf8.ValidString(text) {
		return strings.TrimSpace(text), !strings.ContainsRune(text, utf8.RuneError)
	}
	return strings.TrimSpace(strings.ToValidUTF8(text, string(utf8.RuneError))), false
}

// cut shortens valid UTF-8 to enum.MaxLabelBytes bytes, between two runes. It returns false if the text was longer.
func cut(text string) (string, bool) {
	if len(text) <= enum.MaxLabelBytes {
		return text, true
	}
	end := enum.MaxLabelBytes
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return strings.TrimSpace(text[:end]), false
}

// escape keeps a name that comes from the API apart from the reserved values: a reserved word, followed by any number of
// underscores, gets one more. "other" becomes "other_" and "other_" becomes "other__", so different names stay different.
func escape(name string) string {
	if enum.IsReserved(strings.TrimRight(name, "_")) {
		return name + "_"
	}
	return name
}

// text cleans free text and notes what was wrong with it. A text that contains the customer's phone number is left out.
func (b *builder) text(s string) string {
	if b.customer.in(s) {
		b.note(AnomalyNumberInText)
		return ""
	}
	s, ok := valid(s)
	if !ok {
		b.note(AnomalyInvalidText)
	}
	s, ok = cut(s)
	if !ok {
		b.note(AnomalyTextCut)
	}
	return s
}

// label is the label value of a text: cleaned and kept apart from the reserved values, or missing if nothing is left of it.
func (b *builder) label(s, missing string) string {
	if s = b.text(s); s == "" {
		return missing
	}
	return escape(s)
}

// tags cleans a call's tags, sorts them and removes repetitions.
func (b *builder) tags(labels []string) []string {
	if len(labels) == 0 {
		return nil
	}
	tags := make([]string, 0, len(labels))
	for _, l := range labels {
		if tag := b.label(l, ""); tag != "" {
			tags = append(tags, tag)
		}
	}
	slices.Sort(tags)
	return slices.Compact(tags)
}

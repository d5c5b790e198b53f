package config

import (
	"fmt"
	"unicode"
	"unicode/utf8"
)

// invisibleNames are the Unicode names of the invisible characters that get into secrets by copying.
var invisibleNames = map[rune]string{
	0x0000: "NULL",
	0x0009: "TAB",
	0x000A: "LINE FEED",
	0x000D: "CARRIAGE RETURN",
	0x001B: "ESCAPE",
	0x007F: "DELETE",
	0x0085: "NEXT LINE",
	0x00A0: "NO-BREAK SPACE",
	0x00AD: "SOFT HYPHEN",
	0x034F: "COMBINING GRAPHEME JOINER",
	0x061C: "ARABIC LETTER MARK",
	0x115F: "HANGUL CHOSEONG FILLER",
	0x1160: "HANGUL JUNGSEONG FILLER",
	0x180E: "MONGOLIAN VOWEL SEPARATOR",
	0x2002: "EN SPACE",
	0x2003: "EM SPACE",
	0x2007: "FIGURE SPACE",
	0x2009: "THIN SPACE",
	0x200A: "HAIR SPACE",
	0x200B: "ZERO WIDTH SPACE",
	0x200C: "ZERO WIDTH NON-JOINER",
	0x200D: "ZERO WIDTH JOINER",
	0x200E: "LEFT-TO-RIGHT MARK",
	0x200F: "RIGHT-TO-LEFT MARK",
	0x2028: "LINE SEPARATOR",
	0x2029: "PARAGRAPH SEPARATOR",
	0x202A: "LEFT-TO-RIGHT EMBEDDING",
	0x202B: "RIGHT-TO-LEFT EMBEDDING",
	0x202C: "POP DIRECTIONAL FORMATTING",
	0x202D: "LEFT-TO-RIGHT OVERRIDE",
	0x202E: "RIGHT-TO-LEFT OVERRIDE",
	0x202F: "NARROW NO-BREAK SPACE",
	0x205F: "MEDIUM MATHEMATICAL SPACE",
	0x2060: "WORD JOINER",
	0x2061: "FUNCTION APPLICATION",
	0x2062: "INVISIBLE TIMES",
	0x2063: "INVISIBLE SEPARATOR",
	0x2064: "INVISIBLE PLUS",
	0x2066: "LEFT-TO-RIGHT ISOLATE",
	0x2067: "RIGHT-TO-LEFT ISOLATE",
	0x2068: "FIRST STRONG ISOLATE",
	0x2069: "POP DIRECTIONAL ISOLATE",
	0x2800: "BRAILLE PATTERN BLANK",
	0x3000: "IDEOGRAPHIC SPACE",
	0x3164: "HANGUL FILLER",
	0xFE0F: "VARIATION SELECTOR-16",
	0xFEFF: "ZERO WIDTH NO-BREAK SPACE (byte-order mark)",
	0xFFA0: "HALFWIDTH HANGUL FILLER",
	0xFFFD: "REPLACEMENT CHARACTER",
}

// invisible says which invisible character a text contains, by its name and its position, counted from 1; "" if there is
// none. It does not repeat the text. An ordinary space is allowed.
func invisible(text string) string {
	if !utf8.ValidString(text) {
		return "is not valid UTF-8"
	}
	position := 0
	for _, r := range text {
		position++
		if isInvisible(r) {
			return fmt.Sprintf("contains U+%04X %s at position %d", r, invisibleName(r), position)
		}
	}
	return ""
}

func isInvisible(r rune) bool {
	switch r {
	case ' ':
		return false
	case 0x2800, utf8.RuneError: // a pattern without dots; the mark of a lost character
		return true
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Z,
		unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector, unicode.Noncharacter_Code_Point)
}

// invisibleName is a character's name, or its kind where invisibleNames does not have it.
func invisibleName(r rune) string {
	switch name := invisibleNames[r]; {
	case name != "":
		return name
	case unicode.IsControl(r):
		return "(a control character)"
	case unicode.IsSpace(r):
		return "(a space)"
	default:
		return "(an invisible character)"
	}
}

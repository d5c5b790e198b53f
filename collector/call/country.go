package call

import (
	"slices"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers/v2"

	"itnio_exporter/itnio"
)

// International is the country value of satellite and other networks that belong to no country (UN M49 code of the world).
const International = "001"

const (
	maxTexts     = 4096    // country texts kept in the cache
	maxTextBytes = 128     // longer country texts are not read
	maxPrefixes  = 1 << 17 // number prefixes kept in the cache
	maxArea      = 5       // digits of an area code behind a shared calling code in a country text
	maxNumber    = 17      // digits; longer numbers are not looked at
)

// atlas finds countries by calling code, name and number.
type atlas struct {
	codes    map[string]string // calling code -> main country
	shared   map[string]bool   // calling codes that several countries share
	callings map[string]string // country -> its calling code
	symbols  map[string]string // alpha-2 and alpha-3 -> country
	names    map[string]string // folded name -> country
	fold     *strings.Replacer

	texts    *memo[string, reading]
	prefixes *memo[uint64, string]
}

// reading is what a country text such as "86(China)" says.
type reading struct {
	code  string // calling code; "" if there is none, or it is not in use
	named string // the country that the text names; "" if it has another calling code than the text
	main  string // the country by calling code and area code alone; "" without a code
}

func newAtlas() *atlas {
	a := &atlas{
		codes:    map[string]string{},
		shared:   map[string]bool{},
		callings: map[string]string{},
		symbols:  map[string]string{"UK": "GB"},
		names:    map[string]string{},
		fold:     folder(),
		texts:    newMemo[string, reading](maxTexts),
		prefixes: newMemo[uint64, string](maxPrefixes),
	}
	for _, c := range countries() {
		a.callings[c.alpha2] = c.code
		a.symbols[c.alpha2], a.symbols[c.alpha3] = c.alpha2, c.alpha2
		a.names[a.folded(c.name)] = c.alpha2
		for _, alias := range c.aliases {
			a.names[a.folded(alias)] = c.alpha2
		}
	}
	for _, name := range [...]string{"International", "International networks", "Satellite", "Inmarsat", "Iridium", "Thuraya", "Globalstar"} {
		a.names[a.folded(name)] = International
	}
	for code := range phonenumbers.GetSupportedCallingCodes() {
		s := strconv.Itoa(code)
		a.codes[s] = iso(phonenumbers.GetRegionCodeForCountryCode(code))
		for _, region := range phonenumbers.GetRegionCodesForCountryCode(code) {
			if iso(region) != a.codes[s] {
				a.shared[s] = true
			}
		}
	}
	for code := range phonenumbers.GetSupportedGlobalNetworkCallingCodes() {
		a.codes[strconv.Itoa(code)] = International
	}
	for _, code := range [...]string{"871", "872", "873", "874"} { // Inmarsat's former codes, one for each ocean
		a.codes[code] = International
	}
	a.codes["379"], a.codes["997"] = "VA", "KZ" // assigned, not in use yet
	return a
}

// iso is the ISO 3166-1 code of a region of the phone number library. Ascension and Tristan da Cunha are parts of SH.
func iso(region string) string {
	if region == "AC" || region == "TA" {
		return "SH"
	}
	return region
}

// locate finds a call's country and its calling code. The country text decides. Where countries share its calling code, a
// number that begins with the code tells them apart. Without a readable country text the region's name decides.
func (a *atlas) locate(ccode, region string, number itnio.Number) (country, code string) {
	t := a.read(ccode)
	switch {
	case t.code == "" && t.named == "":
		t = reading{named: a.read(region).named}
	case a.shared[t.code] && t.main == a.codes[t.code]:
		if c := a.refine(t.code, number); c != "" {
			t.named = c
		}
	}
	country = t.named
	if country == "" {
		country = t.main
	}
	switch country {
	case "":
		return Unknown, ""
	case International:
		return country, t.code
	}
	return country, a.callings[country]
}

// read parses a country text. It caches the result unless the text is long enough to contain a phone number.
func (a *atlas) read(s string) reading {
	if s == "" || len(s) > maxTextBytes {
		return reading{}
	}
	if t, ok := a.texts.get(s); ok {
		return t
	}
	t := a.parse(s)
	if countDigits(s) < 7 {
		a.texts.put(strings.Clone(s), t)
	}
	return t
}

// parse reads country texts such as "86(China)", "86", "+86", "0086", "China", "CN", "CHN" and "1-242(Bahamas)".
func (a *atlas) parse(s string) reading {
	digits, name := split(s)
	named := a.name(name)
	code, main := a.code(digits)
	if code == "" {
		return reading{named: named}
	}
	if named != "" && a.callings[named] != a.callings[main] { // the code decides
		named = ""
	}
	return reading{code: code, named: named, main: main}
}

// split separates a country text into its digits, without the international prefix, and its name. If anything but blanks, dashes
// and brackets stands between digits, they are no calling code, and digits is "".
func split(s string) (digits, name string) {
	isDigit := func(r rune) bool { return r >= '0' && r <= '9' }
	first := strings.IndexFunc(s, isDigit)
	if first < 0 {
		return "", s
	}
	last := strings.LastIndexFunc(s, isDigit) + 1
	name = strings.Trim(s[:first]+" "+s[last:], " \t\r\n()+-_:,;/[]（）")
	for _, r := range s[first:last] {
		switch {
		case isDigit(r):
			digits += string(r)
		case !strings.ContainsRune(" -()", r):
			return "", name
		}
	}
	return strings.TrimLeft(digits, "0"), name
}

// code finds the calling code at the start of digits, and its country. More digits may only follow a shared calling code, as an
// area code: "1242" is the Bahamas.
func (a *atlas) code(digits string) (code, country string) {
	for n := 1; n <= min(3, len(digits)); n++ {
		country = a.codes[digits[:n]]
		if country == "" {
			continue
		}
		code, area := digits[:n], digits[n:]
		if area == "" {
			return code, country
		}
		if !a.shared[code] || len(area) > maxArea {
			return "", ""
		}
		if country = a.area(code, area); country == "" {
			return "", ""
		}
		return code, country
	}
	return "", ""
}

// name finds the country of a name, an alpha-2 or an alpha-3 code.
func (a *atlas) name(name string) string {
	name = strings.TrimSpace(name)
	if c := a.symbols[strings.ToUpper(name)]; c != "" {
		return c
	}
	return a.names[a.folded(name)]
}

// refine finds the country of a number with a shared calling code; "" if the number does not begin with the code or is
// not valid. It looks at the length and the first digits only, so that the cache contains no phone numbers.
func (a *atlas) refine(code string, number itnio.Number) string {
	digits := international(string(number))
	national, ok := strings.CutPrefix(digits, code)
	if !ok || len(digits) > maxNumber {
		return ""
	}
	kept := len(code) + min(decisive(code), len(national)-3)
	if kept <= len(code) {
		return "" // no number is that short
	}
	n, _ := strconv.ParseUint(digits[:kept], 10, 64) // at most ten digits
	key := n*100 + uint64(len(digits))
	if c, ok := a.prefixes.get(key); ok {
		return c
	}
	c := a.region(digits[:kept] + strings.Repeat("0", len(digits)-kept))
	a.prefixes.put(key, c)
	return c
}

// decisive is how many leading digits of a national number determine its country and whether it is valid. Numbers of +1 and +44 need
// one more than the others.
func decisive(code string) int {
	if code == "1" || code == "44" {
		return 7
	}
	return 6
}

// region is the country of a valid number in international form, digits only; "" if it is not valid.
func (a *atlas) region(digits string) string {
	n, err := phonenumbers.Parse("+"+digits, "ZZ")
	if err != nil || !phonenumbers.IsValidNumber(n) {
		return ""
	}
	return a.known(phonenumbers.GetRegionCodeForNumber(n))
}

// area is the country of an area code of a shared calling code; "" if there is no such area. It looks up a made-up number
// of ten digits in that area: the calling codes that are written with area codes (+1, +7 and +44) have numbers of ten digits.
func (a *atlas) area(code, area string) string {
	n, err := phonenumbers.Parse("+"+code+(area + "2345678999")[:10], "ZZ")
	if err != nil {
		return ""
	}
	return a.known(phonenumbers.GetRegionCodeForNumber(n))
}

// known is the country of a region of the phone number library; "" if countryTable does not have it.
func (a *atlas) known(region string) string {
	if c := iso(region); a.callings[c] != "" {
		return c
	}
	return ""
}

// international is a number's digits without its international prefix; "" if the text contains anything but digits and
// the usual separators.
func international(number string) string {
	if !isDigits(number) {
		number = strings.Map(func(r rune) rune {
			if strings.ContainsRune(" -().+", r) {
				return -1
			}
			return r
		}, number)
		if !isDigits(number) {
			return ""
		}
	}
	return strings.TrimPrefix(number, "00")
}

// folded is a name in the form in which names are compared: lower case, without accents, blanks and punctuation, without "and",
// "the" and "of", and with "saint" as "st".
func (a *atlas) folded(name string) string {
	words := strings.FieldsFunc(a.fold.Replace(strings.ToLower(name)), func(r rune) bool {
		return r < 128 && (r < 'a' || r > 'z')
	})
	words = slices.DeleteFunc(words, func(w string) bool { return w == "and" || w == "the" || w == "of" })
	for i, w := range words {
		if w == "saint" {
			words[i] = "st"
		}
	}
	return strings.Join(words, "")
}

// folder replaces accented letters of country names by plain ones.
func folder() *strings.Replacer {
	return strings.NewReplacer("å", "a", "ã", "a", "á", "a", "ç", "c", "é", "e", "è", "e", "í", "i", "ô", "o", "ó", "o", "ü", "u", "’", "'")
}

func countDigits(s string) int {
	n := 0
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			n++
		}
	}
	return n
}

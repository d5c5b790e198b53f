package call

import (
	"maps"
	"math/rand"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"itnio_exporter/itnio"
)

func TestLocate(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 10_000)
	tests := []struct {
		ccode, region string
		number        itnio.Number
		country, code string
	}{
		// plain codes, in the forms they are written in
		{"86(China)", "", "8613242926514", "CN", "86"},
		{"86(China)", "", "13242926514", "CN", "86"}, // parses as a valid US number
		{"86", "", "", "CN", "86"},
		{"+86", "", "", "CN", "86"},
		{"0086", "", "", "CN", "86"},
		{"086", "", "", "CN", "86"},
		{" 86 ", "", "", "CN", "86"},
		{"\t86\n", "", "", "CN", "86"},
		{"+86 (China)", "", "", "CN", "86"},
		{"86 China", "", "", "CN", "86"},
		{"86-China", "", "", "CN", "86"},
		{"(86)China", "", "", "CN", "86"},
		{"China(86)", "", "", "CN", "86"},
		{"China (+86)", "", "", "CN", "86"},
		{"CN86", "", "", "CN", "86"},
		{"86(中国)", "", "", "CN", "86"},
		{"86（中国）", "", "", "CN", "86"},
		{"86(", "", "", "CN", "86"},
		{"86()", "", "", "CN", "86"},
		{"86(Japan)", "", "", "CN", "86"}, // the code decides
		{"81(Japan)", "Germany", "", "JP", "81"},
		{"852(Hong Kong)", "", "", "HK", "852"},
		{"853(Macao, China)", "", "", "MO", "853"},
		{"886(Taiwan, China)", "", "", "TW", "886"},
		{"383(Kosovo)", "", "", "XK", "383"},
		{"247(Ascension)", "", "", "SH", "290"},
		{"290", "", "2908123", "SH", "290"},
		{"379(Vatican)", "", "", "VA", "39"},
		{"672(Antarctica)", "", "", "AQ", "672"},

		// names only
		{"China", "", "", "CN", "86"},
		{"CN", "", "", "CN", "86"},
		{"cn", "", "", "CN", "86"},
		{"CHN", "", "", "CN", "86"},
		{"(China)", "", "", "CN", "86"},
		{"UK", "", "", "GB", "44"},
		{"U.S.A.", "", "", "US", "1"},
		{"the united states of america", "", "14165550123", "US", "1"},
		{"Côte d’Ivoire", "", "", "CI", "225"},
		{"COTE D'IVOIRE", "", "", "CI", "225"},
		{"Bosnia & Herzegovina", "", "", "BA", "387"},
		{"St. Lucia", "", "", "LC", "1"},
		{"Korea, Republic of", "", "", "KR", "82"},
		{"Korea, Democratic People's Republic of", "", "", "KP", "850"},
		{"Viet Nam", "", "", "VN", "84"},
		{"Congo, The Democratic Republic of the", "", "", "CD", "243"},
		{"Türkiye", "", "", "TR", "90"},

		// shared codes: the main country, unless the number, an area or the name says otherwise
		{"1", "", "", "US", "1"},
		{"1(USA/Canada)", "", "", "US", "1"},
		{"1", "", "12125550123", "US", "1"},
		{"1(United States)", "", "14165550123", "CA", "1"},
		{"1", "", "+1 (416) 555-0123", "CA", "1"},
		{"1", "", "0014165550123", "CA", "1"},
		{"1", "", "4165550123", "US", "1"},         // without the code the number says nothing
		{"1(Canada)", "", "4165550123", "CA", "1"}, // but the name does
		{"1(Canada)", "", "12125550123", "US", "1"},
		{"1", "", "1416555", "US", "1"},     // not valid
		{"1", "", "12465211234", "BB", "1"}, // the seventh digit decides
		{"1", "", "12465212234", "US", "1"}, // not valid
		{"1", "", "1416****123", "US", "1"},
		{"1", "", "14165550123x5", "US", "1"},
		{"1", "", "8613242926514", "US", "1"},
		{"1", "", "12423221234", "BS", "1"},
		{"1242", "", "", "BS", "1"},
		{"1-242(Bahamas)", "", "", "BS", "1"},
		{"+1 (242)", "", "", "BS", "1"},
		{"1416", "", "", "CA", "1"},
		{"7", "", "79161234567", "RU", "7"},
		{"7(Russia)", "", "77012345678", "KZ", "7"},
		{"7(Kazakhstan)", "", "", "KZ", "7"},
		{"7701", "", "", "KZ", "7"},
		{"997(Kazakhstan)", "", "", "KZ", "7"},
		{"44", "", "442071234567", "GB", "44"},
		{"44", "", "447781123456", "GG", "44"},
		{"44(Jersey)", "", "", "JE", "44"},
		{"441481", "", "", "GG", "44"},
		{"39", "", "390612345678", "IT", "39"},
		{"39", "", "390669812345", "VA", "39"},
		{"212", "", "212650123456", "MA", "212"},
		{"212", "", "212528812345", "MA", "212"}, // valid in both MA and EH: the main country of the code
		{"212(Western Sahara)", "", "", "EH", "212"},
		{"262", "", "262262161234", "RE", "262"},
		{"262", "", "262639012345", "YT", "262"},
		{"358", "", "358412345678", "FI", "358"},
		{"358", "", "358181234567", "AX", "358"},
		{"599", "", "59995181234", "CW", "599"},
		{"599", "", "5997151234", "BQ", "599"},
		{"61", "", "61412345678", "AU", "61"},
		{"61", "", "61891641234", "CX", "61"},
		{"61", "", "61891621234", "CC", "61"},
		{"47", "", "4740612345", "NO", "47"},
		{"47", "", "4779123456", "SJ", "47"},
		{"590", "", "590690001234", "GP", "590"},
		{"590", "", "590590271234", "BL", "590"},

		// networks of no country
		{"870", "", "", "001", "870"},
		{"870(Inmarsat)", "China", "870773111632", "001", "870"},
		{"871", "", "", "001", "871"},
		{"881", "", "", "001", "881"},
		{"882", "", "", "001", "882"},
		{"883(International networks)", "", "", "001", "883"},
		{"979", "", "", "001", "979"},
		{"800", "", "", "001", "800"},
		{"808", "", "", "001", "808"},
		{"888", "", "", "001", "888"},
		{"Satellite", "", "", "001", ""},

		// the region, if ccode is not readable
		{"", "China", "", "CN", "86"},
		{"", "US", "", "US", "1"},
		{"", "Canada", "12125550123", "CA", "1"},
		{"999", "Germany", "", "DE", "49"},
		{"null", "86(China)", "", "CN", "86"},
		{"1(", "Canada", "", "US", "1"},

		// unreadable
		{"", "", "8613242926514", "unknown", ""},
		{"", "", "14165550123", "unknown", ""},
		{"", "Guangdong", "", "unknown", ""},
		{"", "86", "", "unknown", ""}, // a region is a name
		{"0", "", "", "unknown", ""},
		{"000", "", "", "unknown", ""},
		{"+", "", "", "unknown", ""},
		{"-", "", "", "unknown", ""},
		{"()", "", "", "unknown", ""},
		{"null", "", "", "unknown", ""},
		{"N/A", "", "", "unknown", ""},
		{"none", "", "", "unknown", ""},
		{"other", "", "", "unknown", ""},
		{"999", "", "", "unknown", ""},
		{"210", "", "", "unknown", ""},
		{"860", "", "", "unknown", ""},
		{"86,852", "", "", "unknown", ""},
		{"8613242926514", "", "", "unknown", ""},
		{"1242242242", "", "", "unknown", ""},
		{"99999999999999999999999", "", "", "unknown", ""},
		{"\xff\xfe", "", "", "unknown", ""},
		{long, long, itnio.Number(long), "unknown", ""},
		{strings.Repeat("9", 10_000), "", "", "unknown", ""},
		{"1", "", itnio.Number(strings.Repeat("1", 10_000)), "US", "1"},
	}
	a := newAtlas()
	for _, tt := range tests {
		for range 2 { // read, and remembered
			country, code := a.locate(tt.ccode, tt.region, tt.number)
			assert.Equal(t, tt.country+" "+tt.code, country+" "+code, "%.40q %.40q %.40q", tt.ccode, tt.region, string(tt.number))
		}
	}
}

// Every calling code in use is readable, alone and with the name of its country, and so is every country's name and code.
func TestLocateEveryCode(t *testing.T) {
	t.Parallel()
	a := newAtlas()
	for code := range phonenumbers.GetSupportedCallingCodes() {
		want := iso(phonenumbers.GetRegionCodeForCountryCode(code))
		got, _ := a.locate(strconv.Itoa(code), "", "")
		assert.Equal(t, want, got, code)
	}
	for _, c := range countries() {
		for _, s := range append([]string{c.alpha2, c.alpha3, c.name, c.code + "(" + c.name + ")"}, c.aliases...) {
			got, code := a.locate(s, "", "")
			assert.Equal(t, c.alpha2+" "+c.code, got+" "+code, s)
		}
		assert.Equal(t, c.name, CountryName(c.alpha2))
	}
}

// The table knows each region of the numbering plans, with its calling code.
func TestCountriesAreComplete(t *testing.T) {
	t.Parallel()
	a := newAtlas()
	for region := range phonenumbers.GetSupportedRegions() {
		if iso(region) == region {
			assert.Equal(t, strconv.Itoa(phonenumbers.GetCountryCodeForRegion(region)), a.callings[region], region)
		}
	}
	seen := map[string]string{}
	for _, c := range countries() {
		require.Len(t, c.alpha2, 2)
		require.Len(t, c.alpha3, 3)
		for _, name := range append([]string{c.name}, c.aliases...) {
			f := a.folded(name)
			if other, dup := seen[f]; dup && other != c.alpha2 {
				t.Errorf("%q is both %s and %s", name, other, c.alpha2)
			}
			seen[f] = c.alpha2
		}
	}
}

func TestCountryName(t *testing.T) {
	t.Parallel()
	for country, want := range map[string]string{
		"CN": "China", "001": "International networks", "unknown": "", "": "", "ZZ": "", "CN|CHN": "", "cn": "", "\n": "",
	} {
		assert.Equal(t, want, CountryName(country), country)
	}
}

// The first digits and the length of a number, which are cached, give the same country as the whole number.
func TestRefineNeedsNoWholeNumber(t *testing.T) {
	t.Parallel()
	a := newAtlas()
	rnd := rand.New(rand.NewSource(7))
	for _, code := range slices.Sorted(maps.Keys(a.shared)) {
		n, err := strconv.Atoi(code)
		require.NoError(t, err)
		for _, region := range phonenumbers.GetRegionCodesForCountryCode(n) {
			example := phonenumbers.GetNationalSignificantNumber(phonenumbers.GetExampleNumber(region))
			for range 60 {
				number := []byte(example)
				for i := rnd.Intn(len(number)); i < len(number); i++ {
					number[i] = byte('0' + rnd.Intn(10))
				}
				whole := code + string(number)
				assert.Equal(t, a.region(whole), a.refine(code, itnio.Number(whole)), whole)
			}
		}
	}
	for key := range a.prefixes.m {
		assert.Less(t, key/100, uint64(1e9), "more than seven digits and a code of two are kept")
	}
}

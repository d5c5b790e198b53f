package simulator

import (
	"math"
	"strconv"
)

// Country is a destination, with enough of its numbering plan to make up valid mobile numbers.
type Country struct {
	Code        string  // ISO 3166-1 alpha-2; 001 for international and satellite codes
	CallingCode string  // digits
	Name        string  // in the brackets of ccode; countries that share a calling code share it
	Prefix      string  // first digits of the national number
	Digits      int     // random digits after them
	Weight      float64 // share of the calls; 0: none
	Answer      float64 // share of answered calls relative to the mean; 0 means 1
}

// regionsOf gives the text of the field region for each country: its name, or its code where countries share the name.
func regionsOf(countries []Country) []string {
	uses := map[string]int{}
	for _, c := range countries {
		uses[c.Name]++
	}
	regions := make([]string, len(countries))
	for i, c := range countries {
		if regions[i] = c.Name; uses[c.Name] > 1 {
			regions[i] = c.Code
		}
	}
	return regions
}

// number makes up a number of calling code, prefix and random digits.
func (c *Country) number(random uint64) uint64 {
	head, err := strconv.ParseUint(c.CallingCode+c.Prefix, 10, 64)
	if err != nil {
		return 0
	}
	span := uint64(math.Pow10(c.Digits))
	return head*span + random%span
}

// DefaultCountries are about forty countries, among them several for each of +1, +7 and +44. The last ones have no weight: they are called in
// scenarios only.
func DefaultCountries() []Country {
	return []Country{
		{"CN", "86", "China", "138", 8, 20, 1.1},
		{"US", "1", "United States/Canada", "2126", 6, 13, 0.9},
		{"CA", "1", "United States/Canada", "4166", 6, 5, 0.95},
		{"DO", "1", "United States/Canada", "8092", 6, 0.5, 0.8},
		{"IN", "91", "India", "9876", 6, 10, 1},
		{"ID", "62", "Indonesia", "8123", 6, 9, 0.95},
		{"GB", "44", "United Kingdom", "7400", 6, 6, 1},
		{"JE", "44", "United Kingdom", "7797", 6, 0.3, 1},
		{"GG", "44", "United Kingdom", "7781", 6, 0.2, 1},
		{"BR", "55", "Brazil", "1196", 7, 5, 0.85},
		{"MX", "52", "Mexico", "5512", 6, 4.5, 0.9},
		{"VN", "84", "Vietnam", "912", 6, 4, 1},
		{"PH", "63", "Philippines", "917", 7, 4, 0.9},
		{"TH", "66", "Thailand", "81", 7, 3, 1},
		{"MY", "60", "Malaysia", "12", 7, 2.5, 1},
		{"RU", "7", "Russia/Kazakhstan", "912", 7, 2.5, 0.95},
		{"KZ", "7", "Russia/Kazakhstan", "701", 7, 1.5, 0.95},
		{"SG", "65", "Singapore", "8123", 4, 2, 1.15},
		{"DE", "49", "Germany", "1512", 7, 2, 1.1},
		{"FR", "33", "France", "612", 6, 1.5, 1.05},
		{"JP", "81", "Japan", "901", 7, 1.5, 1.15},
		{"NG", "234", "Nigeria", "802", 7, 1.5, 0.7},
		{"AE", "971", "United Arab Emirates", "50", 7, 1.2, 1},
		{"ZA", "27", "South Africa", "71", 7, 1, 0.9},
		{"TR", "90", "Turkey", "501", 7, 1, 0.95},
		{"AU", "61", "Australia", "412", 6, 0.8, 1.1},
		{"IT", "39", "Italy", "312", 7, 0.7, 1},
		{"ES", "34", "Spain", "612", 6, 0.7, 1},
		{"001", "870", "Inmarsat", "773", 6, 0.1, 0.6},

		{"CU", "53", "Cuba", "5123", 4, 0, 0},
		{"SO", "252", "Somalia", "71", 6, 0, 0},
		{"LV", "371", "Latvia", "21", 6, 0, 0},
		{"SL", "232", "Sierra Leone", "25", 6, 0, 0},
		{"MA", "212", "Morocco", "650", 6, 0, 0},
		{"EG", "20", "Egypt", "100", 7, 0, 0},
		{"KE", "254", "Kenya", "712", 6, 0, 0},
		{"PK", "92", "Pakistan", "301", 7, 0, 0},
		{"BD", "880", "Bangladesh", "1812", 6, 0, 0},
		{"CO", "57", "Colombia", "321", 7, 0, 0},
	}
}

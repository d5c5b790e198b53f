package call

import "strings"

// countryTable has one line for each country that can be called: ISO 3166-1 alpha-2 and alpha-3 code, calling code, English
// short name (from CLDR), other names in use. Ascension and Tristan da Cunha are SH, as in ISO 3166-1.
const countryTable = `
AD|AND|376|Andorra|
AE|ARE|971|United Arab Emirates|UAE;Emirates
AF|AFG|93|Afghanistan|
AG|ATG|1|Antigua and Barbuda|Antigua
AI|AIA|1|Anguilla|
AL|ALB|355|Albania|
AM|ARM|374|Armenia|
AO|AGO|244|Angola|
AQ|ATA|672|Antarctica|
AR|ARG|54|Argentina|
AS|ASM|1|American Samoa|
AT|AUT|43|Austria|
AU|AUS|61|Australia|
AW|ABW|297|Aruba|
AX|ALA|358|Åland Islands|Aland
AZ|AZE|994|Azerbaijan|
BA|BIH|387|Bosnia and Herzegovina|Bosnia
BB|BRB|1|Barbados|
BD|BGD|880|Bangladesh|
BE|BEL|32|Belgium|
BF|BFA|226|Burkina Faso|
BG|BGR|359|Bulgaria|
BH|BHR|973|Bahrain|
BI|BDI|257|Burundi|
BJ|BEN|229|Benin|
BL|BLM|590|Saint Barthélemy|Saint Barts
BM|BMU|1|Bermuda|
BN|BRN|673|Brunei|Brunei Darussalam
BO|BOL|591|Bolivia|Bolivia, Plurinational State of;Plurinational State of Bolivia
BQ|BES|599|Caribbean Netherlands|Bonaire;Bonaire, Sint Eustatius and Saba;Bonaire, Saint Eustatius and Saba
BR|BRA|55|Brazil|
BS|BHS|1|Bahamas|The Bahamas
BT|BTN|975|Bhutan|
BV|BVT|47|Bouvet Island|
BW|BWA|267|Botswana|
BY|BLR|375|Belarus|
BZ|BLZ|501|Belize|
CA|CAN|1|Canada|
CC|CCK|61|Cocos (Keeling) Islands|Cocos Islands;Keeling Islands
CD|COD|243|Democratic Republic of the Congo|Congo - Kinshasa;Congo (Kinshasa);DR Congo;DRC;Congo DR;Congo, Democratic Republic of the;Congo, Democratic Republic of;Congo, The Democratic Republic of the;Democratic Republic of Congo;Zaire
CF|CAF|236|Central African Republic|Central Africa
CG|COG|242|Republic of the Congo|Congo;Congo - Brazzaville;Congo (Brazzaville);Congo, Republic of the;Congo Republic;Republic of Congo
CH|CHE|41|Switzerland|
CI|CIV|225|Côte d'Ivoire|Ivory Coast;Cote d Ivoire
CK|COK|682|Cook Islands|
CL|CHL|56|Chile|
CM|CMR|237|Cameroon|
CN|CHN|86|China|People's Republic of China;PRC;Mainland China;China Mainland;中国;中国大陆
CO|COL|57|Colombia|
CR|CRI|506|Costa Rica|
CU|CUB|53|Cuba|
CV|CPV|238|Cabo Verde|Cape Verde;Cape Verde Islands
CW|CUW|599|Curaçao|Netherlands Antilles
CX|CXR|61|Christmas Island|
CY|CYP|357|Cyprus|
CZ|CZE|420|Czechia|Czech Republic;Czech
DE|DEU|49|Germany|
DJ|DJI|253|Djibouti|
DK|DNK|45|Denmark|
DM|DMA|1|Dominica|
DO|DOM|1|Dominican Republic|
DZ|DZA|213|Algeria|
EC|ECU|593|Ecuador|
EE|EST|372|Estonia|
EG|EGY|20|Egypt|
EH|ESH|212|Western Sahara|Sahara
ER|ERI|291|Eritrea|
ES|ESP|34|Spain|
ET|ETH|251|Ethiopia|
FI|FIN|358|Finland|
FJ|FJI|679|Fiji|
FK|FLK|500|Falkland Islands|Falkland Islands (Malvinas);Falklands;Malvinas
FM|FSM|691|Micronesia|Micronesia, Federated States of;Federated States of Micronesia
FO|FRO|298|Faroe Islands|Faeroe Islands
FR|FRA|33|France|
GA|GAB|241|Gabon|
GB|GBR|44|United Kingdom|UK;Great Britain;Britain;England;Scotland;Wales;Northern Ireland;United Kingdom of Great Britain and Northern Ireland
GD|GRD|1|Grenada|
GE|GEO|995|Georgia|Republic of Georgia
GF|GUF|594|French Guiana|French Guyana
GG|GGY|44|Guernsey|
GH|GHA|233|Ghana|
GI|GIB|350|Gibraltar|
GL|GRL|299|Greenland|
GM|GMB|220|Gambia|The Gambia
GN|GIN|224|Guinea|
GP|GLP|590|Guadeloupe|
GQ|GNQ|240|Equatorial Guinea|
GR|GRC|30|Greece|
GS|SGS|500|South Georgia and South Sandwich Islands|South Georgia
GT|GTM|502|Guatemala|
GU|GUM|1|Guam|
GW|GNB|245|Guinea-Bissau|Guinea Bissau
GY|GUY|592|Guyana|
HK|HKG|852|Hong Kong|Hong Kong SAR;Hong Kong SAR China;Hong Kong, China;China Hong Kong;香港;中国香港
HM|HMD|672|Heard and McDonald Islands|Heard Island and McDonald Islands
HN|HND|504|Honduras|
HR|HRV|385|Croatia|
HT|HTI|509|Haiti|
HU|HUN|36|Hungary|
ID|IDN|62|Indonesia|
IE|IRL|353|Ireland|Republic of Ireland
IL|ISR|972|Israel|
IM|IMN|44|Isle of Man|
IN|IND|91|India|
IO|IOT|246|British Indian Ocean Territory|Diego Garcia
IQ|IRQ|964|Iraq|
IR|IRN|98|Iran|Iran, Islamic Republic of;Islamic Republic of Iran
IS|ISL|354|Iceland|
IT|ITA|39|Italy|
JE|JEY|44|Jersey|
JM|JAM|1|Jamaica|
JO|JOR|962|Jordan|
JP|JPN|81|Japan|
KE|KEN|254|Kenya|
KG|KGZ|996|Kyrgyzstan|Kyrgyz Republic;Kirghizia
KH|KHM|855|Cambodia|
KI|KIR|686|Kiribati|
KM|COM|269|Comoros|Comoro Islands
KN|KNA|1|Saint Kitts and Nevis|Saint Kitts
KP|PRK|850|North Korea|Democratic People's Republic of Korea;Korea, Democratic People's Republic of;Korea North;DPRK
KR|KOR|82|South Korea|Korea;Republic of Korea;Korea, Republic of;Korea South;Korea (South);KOR
KW|KWT|965|Kuwait|
KY|CYM|1|Cayman Islands|
KZ|KAZ|7|Kazakhstan|Kazakstan
LA|LAO|856|Laos|Lao;Lao People's Democratic Republic;Lao PDR
LB|LBN|961|Lebanon|
LC|LCA|1|Saint Lucia|
LI|LIE|423|Liechtenstein|
LK|LKA|94|Sri Lanka|
LR|LBR|231|Liberia|
LS|LSO|266|Lesotho|
LT|LTU|370|Lithuania|
LU|LUX|352|Luxembourg|
LV|LVA|371|Latvia|
LY|LBY|218|Libya|Libyan Arab Jamahiriya
MA|MAR|212|Morocco|
MC|MCO|377|Monaco|
MD|MDA|373|Moldova|Moldova, Republic of;Republic of Moldova
ME|MNE|382|Montenegro|
MF|MAF|590|Saint Martin|Saint Martin (French part)
MG|MDG|261|Madagascar|
MH|MHL|692|Marshall Islands|
MK|MKD|389|North Macedonia|Macedonia;FYROM;Macedonia, the former Yugoslav Republic of;Republic of North Macedonia
ML|MLI|223|Mali|
MM|MMR|95|Myanmar|Myanmar (Burma);Burma
MN|MNG|976|Mongolia|
MO|MAC|853|Macao|Macau;Macau SAR;Macao SAR;Macau SAR China;Macao, China;Macau, China;China Macao;China Macau;澳门;中国澳门
MP|MNP|1|Northern Mariana Islands|
MQ|MTQ|596|Martinique|
MR|MRT|222|Mauritania|
MS|MSR|1|Montserrat|
MT|MLT|356|Malta|
MU|MUS|230|Mauritius|
MV|MDV|960|Maldives|Maldive Islands
MW|MWI|265|Malawi|
MX|MEX|52|Mexico|
MY|MYS|60|Malaysia|
MZ|MOZ|258|Mozambique|
NA|NAM|264|Namibia|
NC|NCL|687|New Caledonia|
NE|NER|227|Niger|
NF|NFK|672|Norfolk Island|
NG|NGA|234|Nigeria|
NI|NIC|505|Nicaragua|
NL|NLD|31|Netherlands|Holland
NO|NOR|47|Norway|
NP|NPL|977|Nepal|
NR|NRU|674|Nauru|
NU|NIU|683|Niue|
NZ|NZL|64|New Zealand|
OM|OMN|968|Oman|
PA|PAN|507|Panama|
PE|PER|51|Peru|
PF|PYF|689|French Polynesia|Tahiti
PG|PNG|675|Papua New Guinea|
PH|PHL|63|Philippines|The Philippines
PK|PAK|92|Pakistan|
PL|POL|48|Poland|
PM|SPM|508|Saint Pierre and Miquelon|
PN|PCN|64|Pitcairn Islands|Pitcairn
PR|PRI|1|Puerto Rico|
PS|PSE|970|Palestine|Palestinian Territories;Palestinian Territory;Palestinian Territory, Occupied;State of Palestine;Palestine, State of
PT|PRT|351|Portugal|
PW|PLW|680|Palau|Republic of Palau
PY|PRY|595|Paraguay|
QA|QAT|974|Qatar|
RE|REU|262|Réunion|Reunion Island
RO|ROU|40|Romania|
RS|SRB|381|Serbia|
RU|RUS|7|Russia|Russian Federation
RW|RWA|250|Rwanda|
SA|SAU|966|Saudi Arabia|KSA
SB|SLB|677|Solomon Islands|
SC|SYC|248|Seychelles|
SD|SDN|249|Sudan|
SE|SWE|46|Sweden|
SG|SGP|65|Singapore|
SH|SHN|290|Saint Helena|Ascension;Ascension Island;Tristan da Cunha;Saint Helena, Ascension and Tristan da Cunha
SI|SVN|386|Slovenia|
SJ|SJM|47|Svalbard and Jan Mayen|Svalbard
SK|SVK|421|Slovakia|Slovak Republic
SL|SLE|232|Sierra Leone|
SM|SMR|378|San Marino|
SN|SEN|221|Senegal|
SO|SOM|252|Somalia|
SR|SUR|597|Suriname|
SS|SSD|211|South Sudan|Republic of South Sudan
ST|STP|239|São Tomé and Príncipe|Sao Tome
SV|SLV|503|El Salvador|
SX|SXM|1|Sint Maarten|Sint Maarten (Dutch part);Saint Maarten
SY|SYR|963|Syria|Syrian Arab Republic
SZ|SWZ|268|Eswatini|Swaziland
TC|TCA|1|Turks and Caicos Islands|Turks and Caicos
TD|TCD|235|Chad|
TF|ATF|262|French Southern Territories|French Southern and Antarctic Lands
TG|TGO|228|Togo|
TH|THA|66|Thailand|
TJ|TJK|992|Tajikistan|
TK|TKL|690|Tokelau|
TL|TLS|670|Timor-Leste|East Timor
TM|TKM|993|Turkmenistan|
TN|TUN|216|Tunisia|
TO|TON|676|Tonga|
TR|TUR|90|Türkiye|Turkey
TT|TTO|1|Trinidad and Tobago|Trinidad
TV|TUV|688|Tuvalu|
TW|TWN|886|Taiwan|Taiwan, China;China Taiwan;Taiwan, Province of China;台湾;中国台湾
TZ|TZA|255|Tanzania|Tanzania, United Republic of;United Republic of Tanzania
UA|UKR|380|Ukraine|
UG|UGA|256|Uganda|
UM|UMI|1|U.S. Outlying Islands|United States Minor Outlying Islands;US Minor Outlying Islands
US|USA|1|United States|USA;United States of America;America
UY|URY|598|Uruguay|
UZ|UZB|998|Uzbekistan|
VA|VAT|39|Vatican City|Vatican;Holy See;Holy See (Vatican City State);Vatican City State
VC|VCT|1|Saint Vincent and Grenadines|
VE|VEN|58|Venezuela|Venezuela, Bolivarian Republic of;Bolivarian Republic of Venezuela
VG|VGB|1|British Virgin Islands|Virgin Islands, British;British Virgin Is.;Virgin Islands (British);BVI
VI|VIR|1|U.S. Virgin Islands|Virgin Islands, U.S.;Virgin Islands, US;US Virgin Islands;United States Virgin Islands;Virgin Islands;Virgin Islands (US)
VN|VNM|84|Vietnam|Viet Nam
VU|VUT|678|Vanuatu|
WF|WLF|681|Wallis and Futuna|Wallis and Futuna Islands
WS|WSM|685|Samoa|Western Samoa
XK|XKK|383|Kosovo|Kosova
YE|YEM|967|Yemen|
YT|MYT|262|Mayotte|
ZA|ZAF|27|South Africa|
ZM|ZMB|260|Zambia|
ZW|ZWE|263|Zimbabwe|
`

// country is one line of countryTable.
type country struct {
	alpha2, alpha3, code, name string
	aliases                    []string
}

// countries reads countryTable.
func countries() []country {
	lines := strings.Split(strings.TrimSpace(countryTable), "\n")
	all := make([]country, 0, len(lines))
	for _, line := range lines {
		f := strings.Split(line, "|")
		c := country{alpha2: f[0], alpha3: f[1], code: f[2], name: f[3]}
		if f[4] != "" {
			c.aliases = strings.Split(f[4], ";")
		}
		all = append(all, c)
	}
	return all
}

// CountryName is the English short name of a country, given by the value of Call.Country: "International networks" for
// International, and "" for Unknown and for every text that is not a country of the table.
func CountryName(country string) string {
	if country == International {
		return "International networks"
	}
	_, line, found := strings.Cut(countryTable, "\n"+country+"|")
	if len(country) != 2 || !found {
		return ""
	}
	line, _, _ = strings.Cut(line, "\n")
	return strings.Split(line, "|")[2]
}

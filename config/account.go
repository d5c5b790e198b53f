package config

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"itnio_exporter/enum"
)

const (
	defaultOffset    = "+08:00"
	defaultRateLimit = 5
	minRateLimit     = 0.01
	defaultTimeout   = 30 * time.Second
	minTimeout       = time.Second
	maxTimeout       = 5 * time.Minute
)

func (c *Config) accounts(s *source) ([]Account, error) {
	if len(c.Accounts) == 0 {
		return nil, s.errorf("accounts", "no account is configured; list at least one with name, api_key and api_secret")
	}
	var accounts []Account
	for i, a := range c.Accounts {
		v, err := c.account(s, a, fmt.Sprintf("accounts[%d]", i))
		if err != nil {
			return nil, err
		}
		for j, other := range accounts {
			if other.Name == v.Name {
				return nil, s.errorf(fmt.Sprintf("accounts[%d].name", i), "is the name of accounts[%d] already; give each account its own", j)
			}
		}
		accounts = append(accounts, v)
	}
	return accounts, nil
}

func (c *Config) account(s *source, a AccountConfig, path string) (v Account, err error) {
	v.Name, v.APIKeyFile, v.APISecretFile = a.Name, a.APIKeyFile, a.APISecretFile
	if problem := checkName(a.Name); problem != "" {
		return v, s.errorf(path+".name", "%s", problem)
	}
	if v.BaseURL, err = baseURL(s, a.BaseURL, path+".base_url"); err != nil {
		return v, err
	}
	if a.MovedFrom != "" {
		if v.MovedFrom, err = baseURL(s, a.MovedFrom, path+".moved_from"); err != nil {
			return v, err
		}
	}
	if v.APIKey, err = c.secret(s, a.APIKey, a.APIKeyFile, path, "api_key"); err != nil {
		return v, err
	}
	if v.APISecret, err = c.secret(s, a.APISecret, a.APISecretFile, path, "api_secret"); err != nil {
		return v, err
	}
	if v.Location, err = location(s, a.UTCOffset, path+".utc_offset"); err != nil {
		return v, err
	}
	if v.TimeFormat, err = timeFormat(s, a.TimeFormat, path+".time_format"); err != nil {
		return v, err
	}
	v.RateLimit = or(a.RateLimit, defaultRateLimit)
	if !(v.RateLimit >= minRateLimit) || math.IsInf(v.RateLimit, 0) {
		return v, s.errorf(path+".rate_limit", "%g is not a rate; it has to be at least %g requests a second", v.RateLimit, minRateLimit)
	}
	v.Timeout = or(a.Timeout, defaultTimeout)
	if v.Timeout < minTimeout || v.Timeout > maxTimeout {
		return v, s.errorf(path+".timeout", "%s is not a timeout; it has to be from %s to %s", show(v.Timeout), show(minTimeout), show(maxTimeout))
	}
	if v.Filter, err = a.Filter.validate(s, path+".filter"); err != nil {
		return v, err
	}
	v.HTTPClient, err = c.checkHTTPClient(s, a.HTTPClient, path+".http_client")
	return v, err
}

func timeFormat(s *source, text, path string) (TimeFormat, error) {
	switch f := TimeFormat(text); f {
	case "":
		return TimeAuto, nil
	case TimeAuto, TimeISO8601, TimeDatetime:
		return f, nil
	}
	return "", s.errorf(path, "%s is not a format; it is auto, iso8601 or datetime", quote(text))
}

// checkName says what is wrong with an account's name, which is a label value and the account's key in the ledger.
func checkName(name string) string {
	switch {
	case strings.TrimSpace(name) == "":
		return "is missing; give the account a name, it becomes the label account"
	case !utf8.ValidString(name):
		return "is not valid UTF-8; write it in UTF-8"
	case len(name) > enum.MaxLabelBytes:
		return fmt.Sprintf("has %d bytes; shorten it to at most %d", len(name), enum.MaxLabelBytes)
	case strings.TrimSpace(name) != name:
		return "begins or ends with a blank; remove it"
	case !printable(name):
		return "holds a control character; remove it"
	case enum.IsReserved(name):
		return "is a reserved label value; choose another than other, none and unknown"
	}
	return ""
}

func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || r == utf8.RuneError })
}

var offset = regexp.MustCompile(`^([+-])(\d\d):([0-5]\d)$`)

// location is the time zone of the times in requests and records.
func location(s *source, text, path string) (*time.Location, error) {
	if text == "" {
		text = defaultOffset
	}
	if text == "Z" {
		text = "+00:00"
	}
	m := offset.FindStringSubmatch(text)
	if m == nil {
		return nil, s.errorf(path, `%s is not an offset; write it in quotes as "+08:00", "-03:30" or "Z"`, quote(text))
	}
	hours, _ := strconv.Atoi(m[2])
	minutes, _ := strconv.Atoi(m[3])
	minutes += 60 * hours
	if m[1] == "-" {
		minutes = -minutes
	}
	if minutes < -12*60 || minutes > 14*60 {
		return nil, s.errorf(path, "%s is no offset on earth; it has to be from -12:00 to +14:00", quote(text))
	}
	return time.FixedZone("UTC"+text, 60*minutes), nil
}

func (a Account) clone() Account {
	a.Filter = a.Filter.clone()
	a.HTTPClient = cloneHTTPClient(a.HTTPClient)
	return a
}

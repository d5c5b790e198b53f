package config

import (
	"fmt"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	defaultBaseURL   = "https://api.itniotech.com"
	defaultOffset    = "+08:00"
	defaultRateLimit = 5
	minRateLimit     = 0.01
	maxName          = 128 // bytes, as of every label value
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
	v.Name = a.Name
	if problem := checkName(a.Name); problem != "" {
		return v, s.errorf(path+".name", "%s", problem)
	}
	if v.BaseURL, err = baseURL(s, a.BaseURL, path+".base_url"); err != nil {
		return v, err
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
	switch v.TimeFormat = TimeFormat(a.TimeFormat); v.TimeFormat {
	case "":
		v.TimeFormat = TimeAuto
	case TimeAuto, TimeISO8601, TimeDatetime:
	default:
		return v, s.errorf(path+".time_format", "%s is not a format; it is auto, iso8601 or datetime", quote(a.TimeFormat))
	}
	v.RateLimit = or(a.RateLimit, defaultRateLimit)
	if !(v.RateLimit >= minRateLimit) || math.IsInf(v.RateLimit, 0) {
		return v, s.errorf(path+".rate_limit", "%g is not a rate; it has to be at least %g requests a second", v.RateLimit, minRateLimit)
	}
	if v.Filter, err = a.Filter.validate(s, path+".filter"); err != nil {
		return v, err
	}
	v.HTTPClient, err = c.checkHTTPClient(s, a.HTTPClient, path+".http_client")
	return v, err
}

// checkName says what is wrong with an account's name, a label value and the key of what the ledger knows.
func checkName(name string) string {
	switch {
	case strings.TrimSpace(name) == "":
		return "is missing; give the account a name, it becomes the label account"
	case !utf8.ValidString(name):
		return "is not valid UTF-8; write it in UTF-8"
	case len(name) > maxName:
		return fmt.Sprintf("has %d bytes; shorten it to at most %d", len(name), maxName)
	case strings.TrimSpace(name) != name:
		return "begins or ends with a blank; remove it"
	case !printable(name):
		return "holds a control character; remove it"
	case slices.Contains([]string{"other", "none", "unknown"}, name):
		return "is a reserved label value; choose another than other, none and unknown"
	}
	return ""
}

func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || r == utf8.RuneError })
}

// baseURL normalizes the API's address: the ledger compares it. The address is never repeated, it may hold a password.
func baseURL(s *source, text, path string) (string, error) {
	if text == "" {
		return defaultBaseURL, nil
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return "", s.errorf(path, "is not an absolute http or https URL; write it as %s", defaultBaseURL)
	case u.User != nil:
		return "", s.errorf(path, "holds a user or password; remove it, requests are signed with api_key and api_secret")
	case u.RawQuery != "" || u.ForceQuery || strings.Contains(text, "#"):
		return "", s.errorf(path, "holds a query or fragment; end it at the path")
	}
	u.Host = strings.ToLower(u.Host)
	return strings.TrimRight(u.String(), "/"), nil
}

var offset = regexp.MustCompile(`^([+-])(\d\d):([0-5]\d)$`)

// location makes the zone of the times in requests and records.
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

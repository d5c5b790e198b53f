package config

import (
	"net/url"
	"strconv"
	"strings"
)

const defaultBaseURL = "https://api.itniotech.com"

// apiPaths are the ends of a base_url that belong to the API's own path, the longest first. The vendor's pages show
// addresses with them.
var apiPaths = [...]string{"/v3/cc/record/query", "/v3/cc/record", "/v3/cc", "/v3"}

// defaultPorts are the ports of the schemes that a base_url may have.
var defaultPorts = map[string]string{"http": ":80", "https": ":443"}

// baseURL checks the API's address and brings it to its canonical form. Errors do not repeat it: it may contain a
// password.
func baseURL(s *source, text, path string) (string, error) {
	if text == "" {
		return defaultBaseURL, nil
	}
	if problem := invisible(text); problem != "" {
		return "", s.errorf(path, "%s; write it as %s", problem, defaultBaseURL)
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || !isHTTP(u):
		return "", s.errorf(path, "is not an absolute http or https URL; write it as %s", defaultBaseURL)
	case u.User != nil:
		return "", s.errorf(path, "holds a user or password; remove it, requests are signed with api_key and api_secret")
	case strings.EqualFold(u.Host, placeholder):
		return "", s.errorf(path, "is still the placeholder of the example; write it as %s", defaultBaseURL)
	case u.RawQuery != "" || u.ForceQuery || strings.Contains(text, "#"):
		return "", s.errorf(path, "holds a query or fragment; end it at the path")
	}
	return canonical(u), nil
}

func isHTTP(u *url.URL) bool {
	return (u.Scheme == "http" || u.Scheme == "https") && hasHost(u)
}

// hasHost reports whether a URL names a host, and a port that exists if it has a colon for one: https://https://host has
// none behind it.
func hasHost(u *url.URL) bool {
	port := u.Port()
	if port == "" {
		return u.Hostname() != "" && !strings.HasSuffix(u.Host, ":")
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return u.Hostname() != "" && err == nil && n > 0
}

// CanonicalURL is the one form of an address that can be written in several ways: https://HOST:443/v3/ is https://host.
// Two accounts are on the same system if the canonical forms of their addresses are equal. What does not parse stays as
// it is.
func CanonicalURL(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return text
	}
	return canonical(u)
}

// canonical writes the host in lower case, and leaves out a default port, a slash at the end and the API's own path.
func canonical(u *url.URL) string {
	c := *u
	c.Host = strings.TrimSuffix(strings.ToLower(c.Host), defaultPorts[c.Scheme])
	c.Path, c.RawPath = withoutAPIPath(c.Path), withoutAPIPath(c.RawPath)
	return c.String()
}

func withoutAPIPath(path string) string {
	path = strings.TrimRight(path, "/")
	for _, end := range apiPaths {
		if rest, ok := strings.CutSuffix(path, end); ok {
			return strings.TrimRight(rest, "/")
		}
	}
	return path
}

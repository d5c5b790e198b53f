package config

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode"
)

const defaultBaseURL = "https://api.itniotech.com"

// apiPaths are the ends of a base_url that belong to the API's own path, the longest first. The vendor's pages show
// addresses with them.
var apiPaths = [...]string{"/v3/cc/record/query", "/v3/cc/record", "/v3/cc", "/v3"}

// defaultPorts are the ports of the schemes that a base_url may have.
var defaultPorts = map[string]string{"http": "80", "https": "443"}

// baseURL checks the API's address and brings it to its canonical form. Errors do not repeat it: it may contain a
// password.
func baseURL(s *source, text, path string) (string, error) {
	if text == "" {
		return defaultBaseURL, nil
	}
	u, problem := parseURL(text)
	switch {
	case problem != "":
	case u.User != nil:
		problem = "holds a user or password; remove it, requests are signed with api_key and api_secret"
	case u.RawQuery != "" || u.ForceQuery || strings.Contains(text, "#"):
		problem = "holds a query or fragment; end it at the path"
	case pathProblem(u.Path) != "":
		problem = pathProblem(u.Path)
	}
	if problem != "" {
		return "", s.errorf(path, "%s", problem)
	}
	return canonical(u), nil
}

// parseURL parses the address of an HTTP server, or says why it is none.
func parseURL(text string) (u *url.URL, problem string) {
	const fix = "; write it as " + defaultBaseURL
	if problem := invisible(text); problem != "" {
		return nil, problem + fix
	}
	if problem := standsFor(text, unfilled); problem != "" {
		return nil, problem + fix
	}
	u, err := url.Parse(text)
	if err == nil && standsFor(u.Host, unfilled) != "" {
		return nil, standsFor(u.Host, unfilled) + fix
	}
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || strings.HasSuffix(u.Host, ":"):
		return nil, "is not an absolute http or https URL" + fix
	case !validPort(u):
		return nil, "has a port that does not exist" + fix
	case !validHost(u.Hostname()):
		return nil, "has a host name with a character that no host name can have" + fix
	}
	return u, ""
}

func isHTTP(text string) bool {
	_, problem := parseURL(text)
	return problem == ""
}

// validPort reports whether the port of a URL exists, if it has a colon for one.
func validPort(u *url.URL) bool {
	n, err := strconv.ParseUint(u.Port(), 10, 16)
	return u.Port() == "" && !strings.HasSuffix(u.Host, ":") || err == nil && n > 0
}

func validHost(name string) bool {
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	return name != "" && !strings.HasPrefix(name, ".") && !strings.Contains(name, "..") && !strings.ContainsFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-._", r)
	})
}

// pathProblem says why a path cannot stand before the API's own; "" if it can.
func pathProblem(path string) string {
	for part := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
		if part == "" && strings.Trim(path, "/") != "" || part == "." || part == ".." {
			return "has a path with an empty part, . or ..; write the path that the server has"
		}
	}
	if rest := withoutAPIPath(path); strings.Contains(strings.ToLower(rest)+"/", apiPaths[2]+"/") {
		return "holds the API's path " + apiPaths[2] + " and more behind it; end it before " + apiPaths[3]
	}
	return ""
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

// canonical writes the host in lower case and a port without zeros before it, and leaves out a default port, a slash at the
// end and the API's own path.
func canonical(u *url.URL) string {
	c := *u
	c.Host = canonicalHost(c.Hostname())
	if port := strings.TrimLeft(u.Port(), "0"); port != "" && port != defaultPorts[c.Scheme] {
		c.Host += ":" + port
	}
	c.Path, c.RawPath = withoutAPIPath(c.Path), withoutAPIPath(c.RawPath)
	return c.String()
}

// canonicalHost writes an IPv6 address in brackets and in its shortest form, and leaves out the dot at the end of a name.
func canonicalHost(name string) string {
	address, err := netip.ParseAddr(name)
	switch {
	case err == nil && address.Is6():
		return "[" + address.String() + "]"
	case strings.Contains(name, ":"):
		return "[" + name + "]"
	}
	return strings.TrimSuffix(strings.ToLower(name), ".")
}

func withoutAPIPath(path string) string {
	path = strings.TrimRight(path, "/")
	for _, end := range apiPaths {
		if at := len(path) - len(end); at >= 0 && strings.EqualFold(path[at:], end) {
			return strings.TrimRight(path[:at], "/")
		}
	}
	return path
}

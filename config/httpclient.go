package config

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	promconfig "github.com/prometheus/common/config"
	"go.yaml.in/yaml/v3"
)

// defaultHTTPClient is Prometheus's default without redirects: those would carry an account's signed headers, which are
// valid for half an hour, to another server.
func defaultHTTPClient() promconfig.HTTPClientConfig {
	c := promconfig.DefaultHTTPClientConfig
	c.FollowRedirects = false
	return c
}

// httpClient decodes a block with Prometheus's own decoder, in strict mode.
func (d *decoder) httpClient(n *yaml.Node, out **promconfig.HTTPClientConfig, path string) error {
	if n.Kind != yaml.MappingNode {
		return d.src.errorf(path, "has to be a block of keys and values, is %s", kindName(n))
	}
	if err := d.prepare(n, path); err != nil {
		return err
	}
	text, err := yaml.Marshal(n)
	if err != nil {
		return d.src.errorf(path, "cannot be read; write it in plain YAML")
	}
	strict := yaml.NewDecoder(bytes.NewReader(text))
	strict.KnownFields(true)
	c := &promconfig.HTTPClientConfig{}
	if err := strict.Decode(c); err != nil {
		return d.src.httpClientError(err, path)
	}
	if lookup(n, "follow_redirects") == nil {
		c.FollowRedirects = defaultHTTPClient().FollowRedirects
	}
	*out = c
	return nil
}

// prepare checks and expands a block that is decoded elsewhere, and notes where its keys stand.
func (d *decoder) prepare(n *yaml.Node, path string) error {
	if err := d.plain(n, path); err != nil {
		return err
	}
	n.HeadComment, n.LineComment, n.FootComment = "", "", ""
	switch n.Kind {
	case yaml.MappingNode:
		return d.pairs(n, path, func(_, value *yaml.Node, at string) error { return d.prepare(value, at) })
	case yaml.SequenceNode:
		for i, item := range n.Content {
			if err := d.prepare(item, fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return err
			}
		}
		return nil
	}
	written := n.Value
	if err := d.expand(n, path); err != nil {
		return err
	}
	if _, isBool := parseBool(n.Value); n.Value != written && !isBool {
		n.Style, n.Tag = yaml.DoubleQuotedStyle, "!!str"
	} else if n.Value != written {
		n.Tag = "!!bool"
	}
	return nil
}

const seePrometheus = "see Prometheus's documentation of its HTTP client options"

var unknownField = regexp.MustCompile(`^line \d+: field (.*) not found in type `)

// httpClientError turns an error of Prometheus's decoder, which repeats passwords, into one without values.
func (s *source) httpClientError(err error, path string) error {
	if types, ok := errors.AsType[*yaml.TypeError](err); ok {
		for _, text := range types.Errors {
			if m := unknownField.FindStringSubmatch(text); m != nil {
				line, block := s.find(path, m[1])
				return s.errorAt(line, block, "unknown key %s; "+seePrometheus, keyName(m[1]))
			}
		}
		return s.errorf(path, "a value is of the wrong kind; "+seePrometheus)
	}
	if _, ok := errors.AsType[*url.Error](err); ok {
		return s.errorf(path, "a URL in it cannot be parsed; write it as http://proxy.example:3128")
	}
	return s.errorf(path, "%w; "+seePrometheus, err)
}

// cloneHTTPClient copies a client's settings with everything that they point to.
func cloneHTTPClient(c promconfig.HTTPClientConfig) promconfig.HTTPClientConfig {
	c.BasicAuth = clonePointer(c.BasicAuth)
	c.Authorization = clonePointer(c.Authorization)
	c.ProxyConfig = cloneProxy(c.ProxyConfig)
	if c.OAuth2 = clonePointer(c.OAuth2); c.OAuth2 != nil {
		c.OAuth2.Claims = maps.Clone(c.OAuth2.Claims)
		c.OAuth2.Scopes = slices.Clone(c.OAuth2.Scopes)
		c.OAuth2.EndpointParams = maps.Clone(c.OAuth2.EndpointParams)
		c.OAuth2.ProxyConfig = cloneProxy(c.OAuth2.ProxyConfig)
	}
	if c.HTTPHeaders = clonePointer(c.HTTPHeaders); c.HTTPHeaders != nil {
		c.HTTPHeaders.Headers = maps.Clone(c.HTTPHeaders.Headers)
		for name, h := range c.HTTPHeaders.Headers {
			c.HTTPHeaders.Headers[name] = promconfig.Header{
				Values: slices.Clone(h.Values), Secrets: slices.Clone(h.Secrets), Files: slices.Clone(h.Files),
			}
		}
	}
	return c
}

func cloneProxy(p promconfig.ProxyConfig) promconfig.ProxyConfig {
	p.ProxyURL.URL = clonePointer(p.ProxyURL.URL)
	p.ProxyConnectHeader = maps.Clone(p.ProxyConnectHeader)
	for name, values := range p.ProxyConnectHeader {
		p.ProxyConnectHeader[name] = slices.Clone(values)
	}
	return p
}

func clonePointer[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}

// find returns the line of a key below a block, and the block that directly contains it.
func (s *source) find(block, key string) (line int, around string) {
	var found []string
	for path := range s.lines {
		if rest, ok := strings.CutPrefix(path, block); ok && strings.HasSuffix(rest, join(".", key)[1:]) {
			found = append(found, path)
		}
	}
	if len(found) == 0 {
		return s.line(block), block
	}
	path := slices.Min(found)
	return s.lines[path], path[:strings.LastIndexByte(path, '.')]
}

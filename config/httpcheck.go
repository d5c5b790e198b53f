package config

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	promconfig "github.com/prometheus/common/config"
)

// clientCheck validates the settings of one HTTP client, so that what can never work is refused at start and not at the
// first request. It changes no setting: the client reads the files again itself.
type clientCheck struct {
	config *Config
	source *source
	path   string // of the block http_client
}

// checkHTTPClient validates a client's settings, its files included, and returns a copy.
func (c *Config) checkHTTPClient(s *source, in *promconfig.HTTPClientConfig, path string) (promconfig.HTTPClientConfig, error) {
	if in == nil {
		return defaultHTTPClient(), nil
	}
	out := cloneHTTPClient(*in)
	if err := out.Validate(); err != nil {
		return out, s.errorf(path, "%w; "+seePrometheus, err)
	}
	k := clientCheck{config: c, source: s, path: path}
	for _, check := range []func(*promconfig.HTTPClientConfig) error{k.basicAuth, k.authorization, k.oauth2, k.headers} {
		if err := check(&out); err != nil {
			return out, err
		}
	}
	if err := k.proxy(out.ProxyConfig, ""); err != nil {
		return out, err
	}
	return out, k.tls(out.TLSConfig, ".tls_config")
}

// refuse is an error at a key below http_client.
func (k clientCheck) refuse(key, format string, args ...any) error {
	return k.source.errorf(k.path+key, format, args...)
}

func (k clientCheck) basicAuth(c *promconfig.HTTPClientConfig) error {
	a := c.BasicAuth
	switch {
	case a == nil:
		return nil
	case a.Username == "" && a.UsernameFile == "" && a.UsernameRef == "":
		return k.refuse(".basic_auth", "has no user; set username or username_file")
	case strings.Contains(a.Username, ":"):
		return k.refuse(".basic_auth.username", "contains a colon, which basic authentication cannot carry; write the bare name")
	}
	return k.all(
		func() error { return k.noReference(".basic_auth.username", a.UsernameRef) },
		func() error { return k.noReference(".basic_auth.password", a.PasswordRef) },
		func() error { return k.text(".basic_auth.username", a.Username) },
		func() error { return k.secret(".basic_auth.password", string(a.Password)) },
		func() error { return k.file(".basic_auth.username_file", a.UsernameFile) },
		func() error { return k.file(".basic_auth.password_file", a.PasswordFile) },
	)
}

func (k clientCheck) authorization(c *promconfig.HTTPClientConfig) error {
	a := c.Authorization
	if a == nil {
		return nil
	}
	inline, file := ".authorization.credentials", ".authorization.credentials_file"
	if _, ok := k.source.lines[k.path+".bearer_token"]; ok {
		inline = ".bearer_token" // Prometheus's decoder has turned it into an authorization
	}
	if _, ok := k.source.lines[k.path+".bearer_token_file"]; ok {
		file = ".bearer_token_file"
	}
	if kind, _, two := strings.Cut(string(a.Credentials), " "); two && strings.EqualFold(kind, cmp.Or(a.Type, "Bearer")) {
		return k.refuse(inline, "begins with the type of authorization, which is sent before it; write the bare value")
	}
	return k.all(
		func() error { return k.noReference(inline, a.CredentialsRef) },
		func() error { return k.headerName(".authorization.type", a.Type) },
		func() error { return k.secret(inline, string(a.Credentials)) },
		func() error { return k.file(file, a.CredentialsFile) },
	)
}

func (k clientCheck) oauth2(c *promconfig.HTTPClientConfig) error {
	o := c.OAuth2
	if o == nil {
		return nil
	}
	if !isHTTP(o.TokenURL) {
		return k.refuse(".oauth2.token_url", "is not an absolute http or https URL; write it as https://login.example/token")
	}
	return k.all(
		func() error { return k.noReference(".oauth2.client_secret", o.ClientSecretRef) },
		func() error { return k.noReference(".oauth2.client_certificate_key", o.ClientCertificateKeyRef) },
		func() error { return k.text(".oauth2.client_id", o.ClientID) },
		func() error { return k.secret(".oauth2.client_secret", string(o.ClientSecret)) },
		func() error { return k.file(".oauth2.client_secret_file", o.ClientSecretFile) },
		func() error {
			_, err := k.readable(".oauth2.client_certificate_key_file", o.ClientCertificateKeyFile)
			return err
		},
		func() error { return k.proxy(o.ProxyConfig, ".oauth2") },
		func() error { return k.tls(o.TLSConfig, ".oauth2.tls_config") },
	)
}

// signingHeaders are set by the exporter itself and cannot be configured.
var signingHeaders = [...]string{"Api-Key", "Timestamp", "Sign"}

// wireHeaders say how a message is sent or answered. A request that has another one than HTTP itself chooses cannot be read, is
// not answered in full, or the header has no effect. Prometheus refuses some more, such as Host, for requests to the API.
var wireHeaders = [...]string{
	"Accept", "Connection", "Content-Encoding", "Content-Length", "Content-Range", "Content-Type", "Expect", "Host", "Http2-Settings", "If-Match",
	"If-Modified-Since", "If-None-Match", "If-Range", "If-Unmodified-Since", "Keep-Alive", "Range", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

// proxyConnection is one of the wireHeaders towards the API; some old proxies want it.
const proxyConnection = "Proxy-Connection"

func (k clientCheck) headers(c *promconfig.HTTPClientConfig) error {
	if c.HTTPHeaders == nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(c.HTTPHeaders.Headers)) {
		switch canonical := http.CanonicalHeaderKey(name); {
		case slices.Contains(signingHeaders[:], canonical):
			return k.refuse(".http_headers", "%s is set by the exporter, to sign each request; remove it", quote(name))
		case slices.Contains(wireHeaders[:], canonical), canonical == proxyConnection:
			return k.refuse(".http_headers", "%s would break requests or their answers; remove it", quote(name))
		}
		if err := k.headerName(".http_headers", name); err != nil {
			return err
		}
		if err := k.header(".http_headers."+name, c.HTTPHeaders.Headers[name]); err != nil {
			return err
		}
	}
	return nil
}

func (k clientCheck) header(key string, h promconfig.Header) error {
	for i, v := range h.Values {
		if err := k.text(fmt.Sprintf("%s.values[%d]", key, i), v); err != nil {
			return err
		}
	}
	for i, v := range h.Secrets {
		if err := k.secret(fmt.Sprintf("%s.secrets[%d]", key, i), string(v)); err != nil {
			return err
		}
	}
	for i, f := range h.Files {
		if err := k.file(fmt.Sprintf("%s.files[%d]", key, i), f); err != nil {
			return err
		}
	}
	return nil
}

// proxySchemes are those that Go's HTTP client can speak.
var proxySchemes = [...]string{"http", "https", "socks5", "socks5h"}

func (k clientCheck) proxy(p promconfig.ProxyConfig, block string) error {
	if u := p.ProxyURL.URL; u != nil && u.String() != "" && (!slices.Contains(proxySchemes[:], u.Scheme) || !validPort(u) || !validHost(u.Hostname())) {
		return k.refuse(block+".proxy_url", "is not the URL of a proxy; write it as http://proxy.example:3128, with %s", strings.Join(proxySchemes[:], ", "))
	}
	for _, name := range slices.Sorted(maps.Keys(p.ProxyConnectHeader)) {
		if err := k.headerName(block+".proxy_connect_header", name); err != nil {
			return err
		}
		if slices.Contains(wireHeaders[:], http.CanonicalHeaderKey(name)) {
			return k.refuse(block+".proxy_connect_header", "%s would break the connection; remove it", quote(name))
		}
		for i, v := range p.ProxyConnectHeader[name] {
			if err := k.text(fmt.Sprintf("%s.proxy_connect_header.%s[%d]", block, name, i), string(v)); err != nil {
				return err
			}
		}
	}
	return nil
}

// tls loads certificates and keys as the client will. t is a copy: the files are read here, in bounds, and handed over as
// texts.
func (k clientCheck) tls(t promconfig.TLSConfig, block string) error {
	for _, f := range []struct {
		key, reference string
		file           *string
		put            func(string)
	}{
		{".ca_file", t.CARef, &t.CAFile, func(v string) { t.CA = v }},
		{".cert_file", t.CertRef, &t.CertFile, func(v string) { t.Cert = v }},
		{".key_file", t.KeyRef, &t.KeyFile, func(v string) { t.Key = promconfig.Secret(v) }},
	} {
		if err := k.noReference(block+f.key, f.reference); err != nil {
			return err
		}
		if *f.file == "" {
			continue
		}
		data, err := k.readable(block+f.key, *f.file)
		if err != nil {
			return err
		}
		*f.file = ""
		f.put(string(data))
	}
	if t.ServerName != "" && !validHost(t.ServerName) {
		return k.refuse(block+".server_name", "has a character that no host name can have; write the bare name")
	}
	if _, err := promconfig.NewTLSConfig(&t); err != nil {
		text := strings.TrimSuffix(err.Error(), " inline") // they are inline here only
		return k.refuse(block, "%s; write certificates and keys as PEM", text)
	}
	return nil
}

// all runs checks up to the first that fails.
func (k clientCheck) all(checks ...func() error) error {
	for _, check := range checks {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// noReference refuses the name of a secret in a secret manager.
func (k clientCheck) noReference(key, name string) error {
	if name == "" {
		return nil
	}
	return k.refuse(key, "there is no secret manager to take it from; write the value or name a file")
}

// text checks a text that is sent with requests. An empty one is not sent, so it is not checked.
func (k clientCheck) text(key, text string) error {
	if problem := textProblem(text); text != "" && problem != "" {
		return k.refuse(key, "%s", problem)
	}
	return nil
}

// secret is text for a password, key or token.
func (k clientCheck) secret(key, text string) error {
	if problem := secretProblem(text); text != "" && problem != "" {
		return k.refuse(key, "%s", problem)
	}
	return nil
}

// file checks a file whose text is sent with requests. The client reads it again for each, without blanks around it.
func (k clientCheck) file(key, file string) error {
	data, err := k.readable(key, file)
	if err != nil || file == "" {
		return err
	}
	text := strings.TrimSpace(string(data))
	if text == "" {
		return k.refuse(key, "the file is empty; write the value into it")
	}
	k.source.hide(text)
	return k.secret(key, text)
}

// readable reads a file; "" is none.
func (k clientCheck) readable(key, file string) ([]byte, error) {
	if file == "" {
		return nil, nil
	}
	return k.config.readAt(k.source, file, k.path+key)
}

// headerName checks the name of a header, or another HTTP token. The name is not repeated: it may be a secret in the wrong
// place.
func (k clientCheck) headerName(key, name string) error {
	if name == "" || strings.ContainsFunc(name, notToken) {
		return k.refuse(key, "a name in it has a character that HTTP does not allow there; use letters, digits and dashes")
	}
	return nil
}

// notToken reports whether a character cannot be in an HTTP token (RFC 9110, section 5.6.2).
func notToken(r rune) bool {
	alphanumeric := r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
	return !alphanumeric && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
}

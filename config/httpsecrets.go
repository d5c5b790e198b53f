package config

import (
	"net/url"
	"strings"

	promconfig "github.com/prometheus/common/config"
)

// HTTPSecrets are the secrets of the account's http_client, for the redactor: no log or page may show them if a server repeats them.
// For each user and password there is "user:password" as well, because that is sent in base64. Files are read with read. A file that
// cannot be read is left out: the client reports it.
func (a Account) HTTPSecrets(read func(path string) ([]byte, error)) []string {
	s := secrets{read: read}
	c := a.HTTPClient
	if b := c.BasicAuth; b != nil {
		users := append([]string{b.Username}, s.file(b.UsernameFile)...)
		for _, password := range append(s.file(b.PasswordFile), string(b.Password)) {
			for _, user := range users {
				s.pair(user, password)
			}
		}
	}
	if h := c.Authorization; h != nil {
		s.add(string(h.Credentials))
		s.add(s.file(h.CredentialsFile)...)
	}
	s.add(string(c.BearerToken))
	s.add(s.file(c.BearerTokenFile)...)
	s.proxy(c.ProxyConfig)
	if o := c.OAuth2; o != nil {
		for _, secret := range append(s.file(o.ClientSecretFile), string(o.ClientSecret)) {
			s.pair(o.ClientID, secret)
		}
		for _, value := range o.EndpointParams { // such as the password of the password grant
			s.add(value)
		}
		s.address(o.TokenURL)
		s.proxy(o.ProxyConfig)
	}
	if c.HTTPHeaders != nil {
		for _, h := range c.HTTPHeaders.Headers {
			for _, value := range h.Secrets {
				s.add(string(value))
			}
			for _, path := range h.Files {
				s.add(s.file(path)...)
			}
		}
	}
	return s.found
}

// secrets collects secrets, each of them once it is not empty.
type secrets struct {
	read  func(path string) ([]byte, error)
	found []string
}

func (s *secrets) add(values ...string) {
	for _, v := range values {
		if v != "" {
			s.found = append(s.found, v)
		}
	}
}

func (s *secrets) pair(user, password string) {
	if password != "" {
		s.add(password, user+":"+password)
	}
}

// file is what a file holds, without blanks around it; nothing if there is no file.
func (s *secrets) file(path string) []string {
	if path == "" {
		return nil
	}
	data, err := s.read(path)
	if err != nil {
		return nil
	}
	return []string{strings.TrimSpace(string(data))}
}

// address adds user and password of a URL.
func (s *secrets) address(raw string) {
	if u, err := url.Parse(raw); err == nil && u.User != nil {
		password, _ := u.User.Password()
		s.pair(u.User.Username(), password)
	}
}

func (s *secrets) proxy(p promconfig.ProxyConfig) {
	if p.ProxyURL.URL != nil {
		password, _ := p.ProxyURL.User.Password()
		s.pair(p.ProxyURL.User.Username(), password)
	}
	for _, values := range p.ProxyConnectHeader {
		for _, value := range values {
			s.add(string(value))
		}
	}
}

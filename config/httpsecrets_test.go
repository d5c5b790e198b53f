package config

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	promconfig "github.com/prometheus/common/config"
	"github.com/stretchr/testify/require"
)

// TestHTTPSecrets: wherever http_client has a secret, it is found, and what is none is not.
func TestHTTPSecrets(t *testing.T) {
	proxy, err := url.Parse("http://proxyuser:proxysecret@proxy.example:3128")
	require.NoError(t, err)
	a := Account{HTTPClient: promconfig.HTTPClientConfig{
		BasicAuth:       &promconfig.BasicAuth{Username: "user", Password: "basicsecret", PasswordFile: "basic"},
		Authorization:   &promconfig.Authorization{Credentials: "authsecret", CredentialsFile: "auth"},
		BearerToken:     "bearersecret",
		BearerTokenFile: "bearer",
		ProxyConfig: promconfig.ProxyConfig{
			ProxyURL:           promconfig.URL{URL: proxy},
			ProxyConnectHeader: promconfig.ProxyHeader{"X-Key": {"connectsecret"}},
		},
		OAuth2: &promconfig.OAuth2{
			ClientID: "id", ClientSecret: "clientsecret", ClientSecretFile: "client", TokenURL: "https://me:tokensecret@token.example",
			EndpointParams: map[string]string{"password": "paramsecret"},
		},
		HTTPHeaders: &promconfig.Headers{Headers: map[string]promconfig.Header{
			"X-Plain": {Values: []string{"plain"}}, "X-Secret": {Secrets: []promconfig.Secret{"headersecret"}, Files: []string{"header", "missing"}},
		}},
	}}
	found := a.HTTPSecrets(func(path string) ([]byte, error) {
		if path == "missing" {
			return nil, errors.New("no such file")
		}
		return []byte(path + "filesecret\n"), nil
	})
	require.ElementsMatch(t, []string{
		"basicsecret", "user:basicsecret", "basicfilesecret", "user:basicfilesecret", "authsecret", "authfilesecret",
		"bearersecret", "bearerfilesecret", "proxysecret", "proxyuser:proxysecret", "connectsecret",
		"clientsecret", "id:clientsecret", "clientfilesecret", "id:clientfilesecret", "me:tokensecret", "tokensecret", "paramsecret",
		"headersecret", "headerfilesecret",
	}, found)
	user := Account{HTTPClient: promconfig.HTTPClientConfig{
		BasicAuth: &promconfig.BasicAuth{UsernameFile: "name", Password: "basicsecret"},
		OAuth2:    &promconfig.OAuth2{ProxyConfig: promconfig.ProxyConfig{ProxyURL: promconfig.URL{URL: proxy}}},
	}}
	found = user.HTTPSecrets(func(string) ([]byte, error) { return []byte("user of a file\n"), nil })
	require.Subset(t, found, []string{"user of a file:basicsecret", "proxysecret", "proxyuser:proxysecret"})
	require.Empty(t, Account{}.HTTPSecrets(nil))
	require.NotContains(t, strings.Join(found, " "), "plain")
}

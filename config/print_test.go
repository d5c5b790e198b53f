package config

import (
	"net/url"
	"os"
	"reflect"
	"strings"
	"testing"

	promconfig "github.com/prometheus/common/config"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// TestYAML: every key of the file is shown with its value in force, but for what is withheld and the names of files with secrets.
func TestYAML(t *testing.T) {
	c, err := Load("testdata/full.good.yml", Options{})
	require.NoError(t, err)
	c.Accounts[0].MovedFrom = "https://old.example"
	v, err := c.Validate()
	require.NoError(t, err)
	text := v.YAML()
	for _, want := range []string{
		"poll_mode: scrape", "audit_interval: 1h30m", "base_url: https://api.onbuka.com\n", "moved_from: https://old.example", "api_key: <secret>", "api_secret: <secret>",
		"utc_offset: \"+00:00\"", "agent_group: sales", "call_types: [incoming, outgoing]", "hangup_parties: [customer, none]", "number: '<withheld: 1>'", "agents: '<withheld: 2>'", "tags: '<withheld: 1>'",
		"proxy_url: http://proxy.example:3128", "follow_redirects: false", "duration_buckets: [6, 60]", "itnio_call_duration_seconds: []", "retire_after: 0s", "agent_group: 1\n",
	} {
		require.Contains(t, text, want)
	}
	for _, secret := range []string{"hunter2", "85200000000", "ann", "bob", "vip", " me:"} {
		require.NotContains(t, text, secret)
	}
	for _, key := range keysOf(reflect.TypeFor[Config]()) {
		if !strings.HasSuffix(key, "_file") {
			require.Contains(t, text, key+":", "a key of the file")
		}
	}
	require.NoError(t, yaml.Unmarshal([]byte(text), &map[string]any{}))
}

// The example is shown as it is, comments and names of files aside.
func TestYAMLOfTheDefaults(t *testing.T) {
	v, err := Default(AccountConfig{Name: "main", APIKey: "k", APISecret: "s"}).Validate()
	require.NoError(t, err)
	example, err := os.ReadFile("../config.yml.example")
	require.NoError(t, err)
	var want, have map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(strings.ReplaceAll(string(example), "CHANGE_ME", hidden)), &want))
	require.NoError(t, yaml.Unmarshal([]byte(v.YAML()), &have))
	for _, m := range []map[string]any{want, have} { // what is empty, in either way, and false, which Prometheus leaves out
		account := m["accounts"].([]any)[0].(map[string]any)
		delete(account, "filter")
		delete(account["http_client"].(map[string]any), "tls_config")
		delete(account["http_client"].(map[string]any), "proxy_from_environment")
		delete(m["metrics"].(map[string]any), "labels")
		delete(m["global"].(map[string]any), "horizon") // 168h is 1w
		delete(m["metrics"].(map[string]any), "retire_after")
	}
	require.Equal(t, want, have)
}

// TestYAMLOfHTTPClients: whatever is set, no secret is shown.
func TestYAMLOfHTTPClients(t *testing.T) {
	proxy, err := url.Parse("http://SECRET1:SECRET2@proxy.example:3128/?SECRET3")
	require.NoError(t, err)
	node := printHTTPClient(&promconfig.HTTPClientConfig{
		BasicAuth:     &promconfig.BasicAuth{Username: "SECRET4", Password: "SECRET5", PasswordFile: "/p/basic"},
		Authorization: &promconfig.Authorization{Type: "Bearer", Credentials: "SECRET6"},
		BearerToken:   "SECRET7",
		TLSConfig:     promconfig.TLSConfig{Key: "SECRET8", CA: "SECRET9", CAFile: "/p/ca"},
		ProxyConfig:   promconfig.ProxyConfig{ProxyURL: promconfig.URL{URL: proxy}, ProxyConnectHeader: promconfig.ProxyHeader{"type": {"SECRET10"}}},
		OAuth2: &promconfig.OAuth2{
			ClientID: "SECRET11", ClientSecret: "SECRET12", TokenURL: "https://SECRET13:SECRET14@token.example/SECRET15", Scopes: []string{"SECRET16"},
			EndpointParams: map[string]string{"type": "SECRET17", "password": "SECRET18"}, Claims: map[string]any{"files": []string{"SECRET19"}, "type": map[string]any{"type": "SECRET20"}},
		},
		HTTPHeaders: &promconfig.Headers{Headers: map[string]promconfig.Header{"Type": {Values: []string{"SECRET21"}, Secrets: []promconfig.Secret{"SECRET22"}, Files: []string{"/p/header"}}}},
	})
	text, err := yaml.Marshal(&node)
	require.NoError(t, err)
	require.NotContains(t, string(text), "SECRET")
	for _, want := range []string{"proxy_url: http://proxy.example:3128\n", "token_url: https://token.example\n", "type: Bearer", "/p/basic", "/p/ca", "/p/header", "password: <secret>"} {
		require.Contains(t, string(text), want)
	}
}

// keysOf are the keys of a block and of the blocks in it, without http_client's.
func keysOf(block reflect.Type) (keys []string) {
	for block.Kind() == reflect.Pointer || block.Kind() == reflect.Slice {
		block = block.Elem()
	}
	if block.Kind() != reflect.Struct || block.PkgPath() != reflect.TypeFor[Config]().PkgPath() {
		return nil
	}
	for i := range block.NumField() {
		if key := block.Field(i).Tag.Get("yaml"); key != "" {
			keys = append(append(keys, key), keysOf(block.Field(i).Type)...)
		}
	}
	return keys
}

package config

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// loadHTTPClient loads a configuration of one account with such an http_client. Each file that it names has the given text;
// "missing" does not exist.
func loadHTTPClient(block, text string) error {
	c, err := Load("config.yml", Options{ReadFile: func(path string) ([]byte, error) {
		switch path {
		case "config.yml":
			return []byte("accounts: [{name: main, api_key: hunter2-key, api_secret: hunter2-secret, http_client: " + block + "}]\n"), nil
		case "missing":
			return nil, os.ErrNotExist
		}
		return []byte(text), nil
	}})
	if err == nil {
		_, err = c.Validate()
	}
	return err
}

// What can never work is refused, with the key at which it stands.
func TestHTTPClientThatCannotWork(t *testing.T) {
	for block, want := range map[string]string{
		"{http_headers: {proxy-connection: {values: [close]}}}": `http_headers: "proxy-connection" would break requests or their answers; remove it`,
		"{proxy_url: 'http://:3128'}":                           `proxy_url: is not the URL of a proxy`,
		"{oauth2: {client_id: a, grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', client_certificate_key_file: missing, token_url: https://login.example}}": `oauth2.client_certificate_key_file: cannot be read`,
	} {
		require.ErrorContains(t, loadHTTPClient(block, "hunter2"), `accounts[0] "main": http_client.`+want, block)
	}
}

// A placeholder in a file is none the better for it, wherever the file is named.
func TestPlaceholdersInFiles(t *testing.T) {
	for key, block := range map[string]string{
		"basic_auth.username_file":       "{basic_auth: {username_file: x, password: hunter2}}",
		"basic_auth.password_file":       "{basic_auth: {username: me, password_file: x}}",
		"authorization.credentials_file": "{authorization: {credentials_file: x}}",
		"bearer_token_file":              "{bearer_token_file: x}",
		"oauth2.client_secret_file":      "{oauth2: {client_id: a, client_secret_file: x, token_url: https://login.example}}",
		"http_headers.X-Key.files[0]":    "{http_headers: {X-Key: {files: [x]}}}",
	} {
		require.NoError(t, loadHTTPClient(block, "hunter2\n"), key)
		require.ErrorContains(t, loadHTTPClient(block, "<your token>\n"), `accounts[0] "main": http_client.`+key+": is a placeholder; write the real value")
		require.ErrorContains(t, loadHTTPClient(block, "hunter2\u200b\n"), `accounts[0] "main": http_client.`+key+": contains U+200B ZERO WIDTH SPACE at position 8; write the bare value")
	}
}

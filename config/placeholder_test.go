package config

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What examples, templates and other programs write in the place of a secret is refused; what could be one is not.
func TestPlaceholders(t *testing.T) {
	for _, text := range []string{
		"CHANGE_ME", "changeme", "Change-Me!", "change this", "replaceme", "fill me in",
		"<api_key>", "<your key>", "<>", "your-api-key", "your_api_secret", "YOUR API KEY HERE", "yourSecret", "insert your token here", "enter-key", "paste_your_key",
		"$FOO", "$api_key", "${FOO}", "${FOO:-bar}", "a${FOO}b", "$(FOO)", "{{ .Values.key }}", "{{key}}", "<% key %>", "<no value>", "{api_key}", "%API_KEY%", "@API_KEY@", "__API_KEY__",
		"xxx", "XXXXXXXX", "...", "…", "****", "----", "___", "???", "••••••", "000",
		"TODO", "tbd", "null", "None", "undefined", "<nil>", "redacted", "[redacted]", "api_key", "API-SECRET", "apikey", "client_secret",
		"ENC[AES256_GCM,data:x]", "$ANSIBLE_VAULT;1.1;AES256", "vault:secret/data/x#key", "op://vault/item/key", "file:/run/secret", `"abcdef"`, "'abcdef'", "“abcdef”",
	} {
		require.NotEmpty(t, secretProblem(text), "%q", text)
	}
	for _, text := range []string{
		"k", "xx", "hunter2", "bMx0Yx7fC3", "0a1b2c3d", "changement", "yours", "p$w0rd", "$ecretpw", "$1abc", "a<b>c", "key-7", "nulls", "secret", "password", "x.x.x", "100%", "{", "}{", `"`, `a"b"`,
	} {
		require.Empty(t, secretProblem(text), "%q", text)
	}
	for _, text := range []string{"none", "true", "***", "0", "000", "env:prod", "api_key"} {
		require.Empty(t, textProblem(text), "a header may be %q", text)
	}
}

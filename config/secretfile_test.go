package config

import (
	"io/fs"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReread(t *testing.T) {
	files := map[string]string{"k": "newkey\r\n", "s": "newsecret\n", "empty": "\n", "lines": "a\nb", "beyond": "clé"}
	read := func(path string) ([]byte, error) {
		text, ok := files[path]
		if !ok {
			return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
		}
		return []byte(text), nil
	}
	for name, tt := range map[string]struct{ keyFile, secretFile, key, secret, err string }{
		"none":            {"", "", "oldkey", "oldsecret", ""},
		"both":            {"k", "s", "newkey", "newsecret", ""},
		"one":             {"", "s", "oldkey", "newsecret", ""},
		"missing":         {"gone", "s", "oldkey", "oldsecret", "api_key_file: cannot be read: file does not exist; fix the path or the permissions"},
		"empty":           {"k", "empty", "newkey", "oldsecret", "api_secret_file: the file is empty; write the value into it"},
		"two lines":       {"lines", "", "oldkey", "oldsecret", "api_key_file: "},
		"not for headers": {"beyond", "", "oldkey", "oldsecret", "api_key_file: holds a character that no HTTP header can carry; write the bare value"},
	} {
		t.Run(name, func(t *testing.T) {
			now, err := Account{APIKey: "oldkey", APISecret: "oldsecret", APIKeyFile: tt.keyFile, APISecretFile: tt.secretFile}.Reread(read)
			if tt.err != "" {
				require.ErrorContains(t, err, tt.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, []Secret{Secret(tt.key), Secret(tt.secret)}, []Secret{now.APIKey, now.APISecret})
		})
	}
}

package config

import (
	"errors"
	"fmt"
	"strings"
)

// keySentInHeader is the secret that goes into a header as it stands; of the other one only a hash is sent.
const keySentInHeader = "api_key"

// secret takes a key's value, or the content of the file that the key with _file names.
func (c *Config) secret(s *source, value Secret, file, account, key string) (Secret, error) {
	path := account + "." + key
	switch {
	case value != "" && file != "":
		return "", s.errorf(path, "%s_file is set too; keep one of the two", key)
	case value == "" && file == "":
		return "", s.errorf(path, "is missing; set %s or %s_file", key, key)
	case file != "":
		path += "_file"
		data, err := c.readAt(s, file, path)
		if err != nil {
			return "", err
		}
		value = secretIn(data)
		s.hide(string(value))
	}
	if problem := checkSecret(key, value); problem != "" {
		return "", s.errorf(path, "%s", problem)
	}
	return value, nil
}

// secretIn is the secret in a file of that content.
func secretIn(data []byte) Secret { return Secret(strings.TrimRight(string(withoutBOM(data)), "\r\n")) }

// checkSecret says why a value cannot be the secret of that key; "": it can. Only one from a file can be empty.
func checkSecret(key string, value Secret) string {
	if value == "" {
		return "the file is empty; write the value into it"
	}
	if problem := secretProblem(string(value)); problem != "" {
		return problem
	}
	if key == keySentInHeader && strings.ContainsFunc(string(value), func(r rune) bool { return r > '~' }) {
		return "holds a character that no HTTP header can carry; write the bare value"
	}
	return ""
}

// Reread is the account with the secrets that its files hold now, each read with read. The error names the key, what is wrong and what
// to do, and never the value: a file may be missing, empty or half-written for a moment while it is replaced.
func (a Account) Reread(read func(path string) ([]byte, error)) (Account, error) {
	for _, f := range []struct {
		key, path string
		value     *Secret
	}{{keySentInHeader, a.APIKeyFile, &a.APIKey}, {"api_secret", a.APISecretFile, &a.APISecret}} {
		if f.path == "" {
			continue
		}
		data, err := read(f.path)
		if err != nil {
			return a, fmt.Errorf("%s_file: cannot be read: %w; fix the path or the permissions", f.key, bare(err))
		}
		value := secretIn(data)
		if problem := checkSecret(f.key, value); problem != "" {
			return a, errors.New(f.key + "_file: " + problem)
		}
		*f.value = value
	}
	return a, nil
}

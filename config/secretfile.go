package config

import (
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
		value = Secret(strings.TrimRight(string(withoutBOM(data)), "\r\n"))
		s.hide(string(value))
		if value == "" {
			return "", s.errorf(path, "the file is empty; write the value into it")
		}
	}
	if problem := secretProblem(string(value)); problem != "" {
		return "", s.errorf(path, "%s", problem)
	}
	if key == keySentInHeader && strings.ContainsFunc(string(value), func(r rune) bool { return r > '~' }) {
		return "", s.errorf(path, "holds a character that no HTTP header can carry; write the bare value")
	}
	return value, nil
}

package config

import (
	"errors"
	"io/fs"
	"strings"
)

// keySentInHeader is the secret that goes into a header as it stands; of the other one only a hash is sent.
const keySentInHeader = "api_key"

// secret takes a key's value, or the content of the file that its twin with _file names.
func (c *Config) secret(s *source, value Secret, file, account, key string) (Secret, error) {
	path := account + "." + key
	switch {
	case value != "" && file != "":
		return "", s.errorf(path, "%s_file is set too; keep one of the two", key)
	case value == "" && file == "":
		return "", s.errorf(path, "is missing; set %s or %s_file", key, key)
	case file != "":
		path += "_file"
		data, err := c.read(file)
		if err != nil {
			return "", s.errorf(path, "cannot be read: %w; mend the path or the permissions", bare(err))
		}
		value = Secret(strings.TrimRight(string(data), "\r\n"))
		s.hide(string(value))
		if value == "" {
			return "", s.errorf(path, "the file is empty; write the value into it")
		}
	}
	if text := string(value); strings.TrimSpace(text) != text || !printable(text) {
		return "", s.errorf(path, "begins or ends with a blank or holds a line break or control character; write the bare value")
	}
	if key == keySentInHeader && strings.ContainsFunc(string(value), func(r rune) bool { return r > '~' }) {
		return "", s.errorf(path, "holds a character that no HTTP header can carry; write the bare value")
	}
	return value, nil
}

// bare is what is wrong with a file without its name, which may be long and is in the configuration.
func bare(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

package config

import (
	"strings"
)

// keySentInHeader is the secret that goes into a header as it stands; of the other one only a hash is sent.
const keySentInHeader = "api_key"

// placeholder is what config.yml.example has in the place of keys and secrets.
const placeholder = "CHANGE_ME"

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

// secretProblem says why a text cannot be a secret, without repeating it; "" if it can.
func secretProblem(text string) string {
	switch problem := invisible(text); {
	case problem != "":
		return problem + "; write the bare value"
	case strings.Trim(text, " ") != text:
		return "begins or ends with a blank; write the bare value"
	case text == placeholder:
		return "is still the placeholder of the example; write the real value"
	case leftOver.MatchString(text):
		return "a variable in it is not replaced; write the real value"
	case text == hidden:
		return "is " + hidden + ", which programs print in place of a secret; write the real value"
	}
	return ""
}

package config

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
)

// maxFile is the largest file that is read, in bytes: a configuration, a secret, a certificate bundle.
const maxFile = 4 << 20

var errTooLarge = errors.New("it is larger than 4 MiB")

// readBounded reads a file of at most maxFile bytes. It does not rely on the file's size: devices and pipes have none.
func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = errTooLarge
	}
	return data, err
}

// withoutBOM drops the byte-order mark that some editors write at the start of a UTF-8 file.
func withoutBOM(data []byte) []byte { return bytes.TrimPrefix(data, []byte("\ufeff")) }

// readAt reads the file that the key at path names.
func (c *Config) readAt(s *source, file, path string) ([]byte, error) {
	data, err := c.read(file)
	if err != nil {
		return nil, s.errorf(path, "cannot be read: %w; fix the path or the permissions", bare(err))
	}
	return data, nil
}

func (c *Config) read(path string) ([]byte, error) {
	if c.readFile != nil {
		return c.readFile(path)
	}
	return readBounded(path)
}

// bare is a file error without the file's name: the configuration has the name, and it may be long.
func bare(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}

package config

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// maxFile is the largest file that is read, in bytes: a configuration, a secret, a certificate bundle.
const maxFile = 4 << 20

// pipeTimeout is how long the writer of a pipe may take.
const pipeTimeout = 10 * time.Second

var (
	errTooLarge = errors.New("it is larger than 4 MiB")
	errSilent   = errors.New("it is a pipe, and its writer takes longer than 10 s")
	errNoWriter = errors.New("it is a pipe that nobody writes to")
)

// ReadFile reads a regular file of at most 4 MiB. Anything else is refused without being opened: a pipe without a writer would
// block for ever, and a device may have no end. Its error does not repeat the path.
func ReadFile(path string) ([]byte, error) { return readBounded(path, false) }

// ReadFileOrPipe is ReadFile for a file that is read only once, so that it may be a pipe, such as /dev/stdin.
func ReadFileOrPipe(path string) ([]byte, error) { return readBounded(path, true) }

func readBounded(path string, pipe bool) ([]byte, error) {
	info, err := os.Stat(path)
	if err == nil {
		err = refusedMode(info.Mode(), pipe)
	}
	if err != nil {
		return nil, bare(err)
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe without a writer would block here
	if err != nil {
		return nil, bare(err)
	}
	defer f.Close()
	_ = f.SetReadDeadline(time.Now().Add(pipeTimeout)) // an error says that it is no pipe
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, errSilent
	case err != nil:
		return nil, bare(err)
	case len(data) > maxFile: // the size of a pipe, and of files of the kernel, is not known before
		return nil, errTooLarge
	case len(data) == 0 && info.Mode()&fs.ModeNamedPipe != 0:
		return nil, errNoWriter
	}
	return data, nil
}

// refusedMode says why something that is no regular file is not read; nil if it is.
func refusedMode(mode fs.FileMode, pipe bool) error {
	const advice = ", not a regular file"
	switch {
	case mode.IsRegular(), pipe && mode&fs.ModeNamedPipe != 0:
		return nil
	case mode.IsDir():
		return errors.New("it is a directory" + advice)
	case mode&fs.ModeNamedPipe != 0:
		return errors.New("it is a pipe" + advice)
	case mode&fs.ModeSocket != 0:
		return errors.New("it is a socket" + advice)
	case mode&fs.ModeDevice != 0:
		return errors.New("it is a device" + advice)
	}
	return errors.New("it is" + advice[1:])
}

// withoutBOM drops the byte-order mark that some editors write at the start of a UTF-8 file.
func withoutBOM(data []byte) []byte { return bytes.TrimPrefix(data, []byte("\ufeff")) }

// readAt reads the file that the key at path names.
func (c *Config) readAt(s *source, file, path string) ([]byte, error) {
	data, err := c.read(file, ReadFile)
	if err != nil {
		return nil, s.errorf(path, "cannot be read: %w; fix the path or the permissions", bare(err))
	}
	return data, nil
}

func (c *Config) read(path string, otherwise func(string) ([]byte, error)) ([]byte, error) {
	if c.readFile != nil {
		return c.readFile(path)
	}
	return otherwise(path)
}

// bare is a file error without the file's name: the configuration has the name, and it may be long.
func bare(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}

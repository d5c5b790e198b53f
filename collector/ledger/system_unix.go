//go:build unix

package ledger

import (
	"errors"
	"os"
	"syscall"
)

// unsupported reports whether an error is one of a file system without file locks or memory-mapped files.
func unsupported(err error) bool {
	for _, errno := range []syscall.Errno{syscall.ENOLCK, syscall.ENOTSUP, syscall.EOPNOTSUPP, syscall.ENOSYS, syscall.EINVAL, syscall.ENODEV} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}

// writable tells why the user of this process may not read and write a file, if so: its mode, or a file system that has become
// read-only.
func writable(path string) error {
	const readAndWrite = 4 | 2
	return syscall.Access(path, readAndWrite)
}

// syncDirectory makes a rename in a directory durable.
func syncDirectory(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

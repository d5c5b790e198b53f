//go:build linux || darwin || freebsd

package ledger

import "syscall"

// freeSpace is how many bytes this process can still write to the disk of a directory; false: that is not known.
func freeSpace(dir string) (int64, bool) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, false
	}
	return int64(s.Bavail) * int64(s.Bsize), true
}

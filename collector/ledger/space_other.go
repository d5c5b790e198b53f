//go:build !linux && !darwin && !freebsd

package ledger

// freeSpace is not known there.
func freeSpace(string) (int64, bool) { return 0, false }

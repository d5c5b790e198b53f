//go:build !unix

package ledger

func unsupported(error) bool { return false }

// syncDirectory does nothing: directories cannot be synced.
func syncDirectory(string) error { return nil }

//go:build unix

package ledger

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"
)

const (
	restoreOrMove = "restore it from a backup, or move it away to start anew"
	chooseAnother = "with --storage.path"
)

// filled is the file of a ledger that has seen some calls.
func filled(t testing.TB) []byte {
	t.Helper()
	tl := newTestLedger(t)
	tl.establish()
	for i := range uint64(30) {
		tl.count(someCall(1+i, group(fmt.Sprint("group ", i))), someCall(1000+i, noAnswer, country("IN")))
		tl.commit(Batch{Cells: []Cell{{From: int64(i) * 7200, To: int64(i)*7200 + 7200, Data: []byte{3}}}})
	}
	require.NoError(t, tl.Close())
	b, err := os.ReadFile(filepath.Join(tl.o.Dir, fileName))
	require.NoError(t, err)
	return b
}

// openError is the one error of opening a ledger there.
func openError(t *testing.T, dir string) error {
	t.Helper()
	o := newOptions(t)
	o.Dir, o.LockTimeout = dir, 10*time.Millisecond
	l, err := Open(o)
	if err == nil {
		require.NoError(t, l.Close())
		t.Fatal("opened")
	}
	require.Contains(t, err.Error(), filepath.Join(dir, fileName))
	require.NotContains(t, err.Error(), "\n")
	return err
}

func TestFilesThatAreNoLedgerOfOurs(t *testing.T) {
	good := filled(t)
	for name, tc := range map[string]struct {
		file func() []byte
		want []string
	}{
		"empty":          {func() []byte { return nil }, []string{"empty", "it is safe to delete it; only if a ledger was there before, restore a backup"}},
		"blank":          {func() []byte { return make([]byte, 16384) }, []string{"empty", "it is safe to delete it"}},
		"text":           {func() []byte { return []byte(strings.Repeat("not a database\n", 1000)) }, []string{"not a ledger", restoreOrMove}},
		"one byte":       {func() []byte { return []byte("x") }, []string{"not a ledger", restoreOrMove}},
		"zeros":          {func() []byte { return make([]byte, len(good)) }, []string{"not a ledger", restoreOrMove}},
		"cut to a page":  {func() []byte { return good[:4096] }, []string{"cut off", restoreOrMove}},
		"cut in a page":  {func() []byte { return good[:len(good)/2+99] }, []string{"cut off", restoreOrMove}},
		"both metas":     {func() []byte { b := bytes.Clone(good); clear(b[:8192]); return b }, []string{"not a ledger", restoreOrMove}},
		"foreign bbolt":  {func() []byte { return boltFile(t, "somebody", "else", "s") }, []string{"not a ledger", restoreOrMove}},
		"format version": {func() []byte { return boltFile(t, bucketMeta, keyFormat, "7") }, []string{`version "7"`, `reads and writes "2"`, "use the exporter that wrote it"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file := tc.file()
			require.NoError(t, os.WriteFile(filepath.Join(dir, fileName), file, 0o600))
			err := openError(t, dir)
			for _, want := range tc.want {
				require.ErrorContains(t, err, want)
			}
			now, err := os.ReadFile(filepath.Join(dir, fileName))
			require.NoError(t, err)
			require.True(t, bytes.Equal(file, now), "the file was changed")
		})
	}
}

// boltFile is a database of one bucket with one key.
func boltFile(t *testing.T, bucket, key, value string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "other.db")
	db, err := bolt.Open(path, 0o600, nil)
	require.NoError(t, err)
	require.NoError(t, db.Update(func(tx *bolt.Tx) error {
		b, err := tx.CreateBucket([]byte(bucket))
		if err != nil {
			return err
		}
		return b.Put([]byte(key), []byte(value))
	}))
	require.NoError(t, db.Close())
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return b
}

// A page that is zeroed or overwritten is either not in use, and the ledger opens as it was, or the file is refused with one
// error. Turned bits, which no disk should let through, may be overlooked, but crash nothing.
func TestDamagedPages(t *testing.T) {
	const page = 4096
	good := filled(t)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, fileName), good, 0o600))
	o := newOptions(t)
	o.Dir = dir
	l, err := Open(o)
	require.NoError(t, err)
	want := stateOf(t, l)
	require.NoError(t, l.Close())

	random := rand.New(rand.NewPCG(1, 2))
	damages := map[string]func(b []byte){
		"zeroed": func(b []byte) { clear(b) },
		"noise": func(b []byte) {
			for i := range b {
				b[i] = byte(random.Uint32())
			}
		},
		"header":    func(b []byte) { b[8+random.IntN(8)] ^= 1 << random.IntN(8) },
		"element":   func(b []byte) { b[16+random.IntN(64)] ^= 1 << random.IntN(8) },
		"bit":       func(b []byte) { b[random.IntN(len(b))] ^= 1 << random.IntN(8) },
		"count":     func(b []byte) { binary.NativeEndian.PutUint16(b[10:], 0xfff0) },
		"overflow":  func(b []byte) { binary.NativeEndian.PutUint32(b[12:], 0xfffffff0) },
		"sector":    func(b []byte) { clear(b[512*random.IntN(8):][:512]) },
		"half":      func(b []byte) { clear(b[len(b)/2:]) },
		"kind":      func(b []byte) { b[16] ^= 1 }, // a bucket becomes a value, a value a bucket
		"elsewhere": func(b []byte) { copy(b, good[page*(2+random.IntN(len(good)/page-2)):][:page]) },
	}
	opened, refused := 0, 0
	each := 2 // every so many pages; two kinds of damage together have all
	switch {
	case *proof:
		each = 1
	case testing.Short():
		maps.DeleteFunc(damages, func(name string, _ func([]byte)) bool { return name != "zeroed" && name != "noise" })
	}
	for i, name := range slices.Sorted(maps.Keys(damages)) {
		damage := damages[name]
		for at := i % each * page; at < len(good); at += each * page {
			b := bytes.Clone(good)
			damage(b[at : at+page])
			path := filepath.Join(dir, fileName)
			require.NoError(t, os.WriteFile(path, b, 0o600))
			o.LockTimeout = 10 * time.Millisecond
			l, err := Open(o)
			if err != nil {
				refused++
				require.ErrorContains(t, err, path)
				require.NotContains(t, err.Error(), "\n")
				require.ErrorContains(t, err, restoreOrMove, "%s of page %d", name, at/page)
				now, err := os.ReadFile(path)
				require.NoError(t, err)
				require.True(t, bytes.Equal(b, now), "the file was changed: %s of page %d", name, at/page)
				require.NoError(t, os.Remove(path)) // the next file is another one
				continue
			}
			opened++
			wholePage := name == "zeroed" || name == "noise" || name == "count" || name == "overflow"
			if wholePage && at >= 2*page { // without the newest meta page it is the ledger of a transaction before
				require.True(t, reflect.DeepEqual(want, stateOf(t, l)), "%s of page %d", name, at/page)
			}
			a, err := l.Attach(identity())
			require.NoError(t, err)
			for i := range uint64(20) {
				_, err := l.Commit(&Batch{Account: a, Server: start(), Items: []Item{{Call: someCall(5000+i, group(fmt.Sprint("later ", i)))}}})
				require.NoError(t, err)
			}
			require.NoError(t, l.Close())
		}
	}
	require.Positive(t, opened)
	require.Positive(t, refused)
}

// stateOf is all that a ledger shows and remembers.
func stateOf(t *testing.T, l *Ledger) map[string]any {
	t.Helper()
	a, err := l.Attach(identity())
	require.NoError(t, err)
	s := map[string]any{"ids": a.IDs(), "cells": a.Cells(), "meta": a.read()}
	for name, v := range exposed(l) {
		s[name] = v
	}
	return s
}

func TestPlacesThatCannotBeUsed(t *testing.T) {
	t.Run("the directory is a file", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "data")
		require.NoError(t, os.WriteFile(dir, []byte("x"), 0o600))
		require.ErrorContains(t, openError(t, dir), chooseAnother)
		b, err := os.ReadFile(dir)
		require.NoError(t, err)
		require.Equal(t, "x", string(b))
	})
	t.Run("the file is a directory", func(t *testing.T) {
		dir := t.TempDir()
		require.NoError(t, os.Mkdir(filepath.Join(dir, fileName), 0o700))
		require.ErrorContains(t, openError(t, dir), restoreOrMove)
	})
	t.Run("the file is a pipe", func(t *testing.T) {
		dir := t.TempDir()
		require.NoError(t, syscall.Mkfifo(filepath.Join(dir, fileName), 0o600))
		require.ErrorContains(t, openError(t, dir), "not a regular file")
	})
	t.Run("a pipe in the place of an unfinished file", func(t *testing.T) {
		dir := t.TempDir()
		require.NoError(t, syscall.Mkfifo(filepath.Join(dir, fileName+unfinished), 0o600))
		newTestLedger(t, withDir(dir)).establish()
	})
	t.Run("beneath a file", func(t *testing.T) {
		parent := filepath.Join(t.TempDir(), "file")
		require.NoError(t, os.WriteFile(parent, nil, 0o600))
		require.ErrorContains(t, openError(t, filepath.Join(parent, "data")), chooseAnother)
	})
	t.Run("a directory that is made", func(t *testing.T) {
		tl := newTestLedger(t, withDir(filepath.Join(t.TempDir(), "a", "b")))
		require.FileExists(t, filepath.Join(tl.o.Dir, fileName))
	})
	t.Run("not to be written", func(t *testing.T) {
		dir := t.TempDir()
		require.NoError(t, os.Chmod(dir, 0o500))
		out := asNobody(t, dir)
		require.Contains(t, out, chooseAnother)
		require.Contains(t, out, "permission denied")
		require.NoFileExists(t, filepath.Join(dir, fileName))
	})
	t.Run("a file not to be read", func(t *testing.T) {
		dir := t.TempDir()
		require.NoError(t, os.Chmod(dir, 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, fileName), filled(t), 0o000))
		require.Contains(t, asNobody(t, dir), chooseAnother)
	})
	t.Run("a file to be read only", func(t *testing.T) {
		dir := t.TempDir()
		require.NoError(t, os.Chmod(dir, 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, fileName), filled(t), 0o444))
		require.Contains(t, asNobody(t, dir), chooseAnother)
	})
}

func TestSecondProcess(t *testing.T) {
	tl := newTestLedger(t)
	tl.establish()
	tl.count(someCall(1))
	const inUse = "another process has it open: run one exporter for each --storage.path"
	before, err := os.ReadFile(filepath.Join(tl.o.Dir, fileName))
	require.NoError(t, err)
	require.ErrorContains(t, openError(t, tl.o.Dir), inUse)
	require.Contains(t, inChild(t, tl.o.Dir, nil), inUse)
	after, err := os.ReadFile(filepath.Join(tl.o.Dir, fileName))
	require.NoError(t, err)
	require.True(t, bytes.Equal(before, after))
	require.Equal(t, []Result{Duplicate, Counted}, tl.count(someCall(1), someCall(2)), "the first one goes on")

	require.NoError(t, tl.Close())
	require.Contains(t, inChild(t, tl.o.Dir, nil), "OPENED")
}

const childVariable = "LEDGER_TEST_CHILD_DIR"

// TestChildOpens is the other process of the tests above.
func TestChildOpens(t *testing.T) {
	dir := os.Getenv(childVariable)
	if dir == "" {
		t.Skip("this is the other process of other tests")
	}
	o := newOptions(t)
	o.Dir, o.LockTimeout = dir, 10*time.Millisecond
	l, err := Open(o)
	if err != nil {
		fmt.Println("REFUSED", err)
		return
	}
	fmt.Println("OPENED")
	_ = l.Close()
}

func inChild(t *testing.T, dir string, as *syscall.Credential) string {
	t.Helper()
	return childRunning(t, "TestChildOpens", dir, as)
}

func childRunning(t *testing.T, test, dir string, as *syscall.Credential) string {
	t.Helper()
	binary := os.Args[0]
	if as != nil {
		// The test binary lies where only this user may look.
		binary = filepath.Join(shared(t), "child")
		b, err := os.ReadFile(os.Args[0])
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(binary, b, 0o755))
	}
	cmd := exec.Command(binary, "-test.run=^"+test+"$", "-test.v")
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), childVariable+"="+dir, "TMPDIR="+shared(t))
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	return string(out)
}

// shared is a directory that everyone may use.
func shared(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "ledger-test-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o777))
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// asNobody opens a ledger with permissions that hold: root may do anything.
func asNobody(t *testing.T, dir string) string {
	t.Helper()
	return asNobodyRunning(t, "TestChildOpens", dir)
}

func asNobodyRunning(t *testing.T, test, dir string) string {
	t.Helper()
	if os.Geteuid() != 0 {
		return childRunning(t, test, dir, nil)
	}
	const nobody = 65534
	for at := dir; at != "/" && strings.HasPrefix(at, os.TempDir()+"/"); at = filepath.Dir(at) {
		if at != dir {
			require.NoError(t, os.Chmod(at, 0o755))
		}
	}
	return childRunning(t, test, dir, &syscall.Credential{Uid: nobody, Gid: nobody})
}

package backfill

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"itnio_exporter/collector/ledger"
)

// directory is where a backfill writes:
//
//	ACCOUNT-2026-11-30.om    a finished day
//	.backfill/plan.json      what is written; a later run must want the same
//	.backfill/1796083200.db  the ledger as it was at that time, Unix seconds: a run that was interrupted goes on from it
//	.backfill/work/          the ledger in use
//	.backfill/day.part       the day in work
type directory struct {
	path    string
	account string // as in the names of files
}

const (
	hidden   = ".backfill"
	planFile = "plan.json"
	partFile = "day.part"
	suffix   = ".om"
)

func (d *directory) in(parts ...string) string {
	return filepath.Join(append([]string{d.path, hidden}, parts...)...)
}

func (d *directory) day(t time.Time) string {
	return filepath.Join(d.path, d.account+"-"+t.UTC().Format(time.DateOnly)+suffix)
}

// openDirectory makes the directory ready for a plan: an empty one, or one in which the same plan was interrupted.
func openDirectory(path string, p *Plan) (*directory, error) {
	d := &directory{path: path, account: strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, p.Account)}
	text, err := os.ReadFile(d.in(planFile))
	if errors.Is(err, fs.ErrNotExist) {
		return d, d.create(p)
	}
	if err != nil {
		return nil, err
	}
	var before Plan
	if err := json.Unmarshal(text, &before); err != nil {
		return nil, fmt.Errorf("%s: %w: choose another directory", d.in(planFile), err)
	}
	if what := before.differs(p); what != "" {
		return nil, fmt.Errorf("%s has a history with another %s: give the same flags and configuration to go on with it, or choose another directory", path, what)
	}
	if before.Done {
		return nil, fmt.Errorf("%s has this history already, and it is complete: import its files, or choose another directory", path)
	}
	return d, nil
}

func (d *directory) create(p *Plan) error {
	there, err := os.ReadDir(d.path)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	case slices.ContainsFunc(there, func(e fs.DirEntry) bool { return e.Name() != hidden }):
		return fmt.Errorf("%s has other files in it: choose an empty directory, or one that does not exist", d.path)
	}
	if err := os.MkdirAll(d.in("work"), 0o750); err != nil {
		return err
	}
	return d.save(p)
}

func (d *directory) save(p *Plan) error {
	text, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	return replace(d.in(planFile), func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
}

// replace writes a file under another name, and then gives it its own.
func replace(name string, write func(io.Writer) error) error {
	f, err := os.Create(name + ".part")
	if err != nil {
		return err
	}
	if err := errors.Join(write(f), f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(name+".part"))
	}
	return os.Rename(name+".part", name)
}

// resume finds how far the plan has come, and makes the ledger in use the one of then. Zero: it has not begun. Files of days after
// that are written again.
func (d *directory) resume() (at time.Time, err error) {
	if ledger.IsInUse(ledger.Readable(ledger.FileIn(d.in("work")))) {
		return at, fmt.Errorf("another backfill writes to %s", d.path)
	}
	kept, err := d.kept()
	if err != nil {
		return at, err
	}
	if len(kept) > 0 {
		at = kept[len(kept)-1]
	}
	if err := errors.Join(os.RemoveAll(d.in("work")), os.MkdirAll(d.in("work"), 0o750), d.forget(kept, at)); err != nil {
		return at, err
	}
	if at.IsZero() {
		return at, nil
	}
	return at, copyFile(d.snapshot(at), ledger.FileIn(d.in("work")))
}

const day = 24 * time.Hour

func (d *directory) snapshot(at time.Time) string {
	return d.in(strconv.FormatInt(at.Unix(), 10) + ".db")
}

// kept are the times of the ledgers that were kept, the earliest first.
func (d *directory) kept() ([]time.Time, error) {
	entries, err := os.ReadDir(d.in())
	if err != nil {
		return nil, err
	}
	var times []time.Time
	for _, e := range entries {
		text, ok := strings.CutSuffix(e.Name(), ".db")
		if at, err := strconv.ParseInt(text, 10, 64); ok && err == nil {
			times = append(times, time.Unix(at, 0).UTC())
		}
	}
	slices.SortFunc(times, time.Time.Compare)
	return times, nil
}

// keep keeps the ledger as it is, in place of those kept before.
func (d *directory) keep(l *ledger.Ledger, at time.Time) error {
	before, err := d.kept()
	if err != nil {
		return err
	}
	if err := l.Copy(d.snapshot(at)); err != nil {
		return err
	}
	return d.forget(before, at)
}

// forget removes the ledgers that were kept, but one.
func (d *directory) forget(kept []time.Time, but time.Time) error {
	var errs []error
	for _, at := range kept {
		if !at.Equal(but) {
			errs = append(errs, os.Remove(d.snapshot(at)))
		}
	}
	return errors.Join(errs...)
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	return replace(to, func(w io.Writer) error {
		_, err := io.Copy(w, in)
		return err
	})
}

// done notes that the plan is complete. What was needed to go on is removed.
func (d *directory) done(p *Plan) error {
	p.Done = true
	if err := d.save(p); err != nil {
		return err
	}
	kept, err := d.kept()
	return errors.Join(err, d.forget(kept, time.Time{}), os.RemoveAll(d.in("work")))
}

// dayFile is the file of a day in work.
type dayFile struct {
	*bufio.Writer
	f    *os.File
	name string
}

func (d *directory) newDay(t time.Time) (*dayFile, error) {
	f, err := os.Create(d.in(partFile))
	if err != nil {
		return nil, err
	}
	return &dayFile{bufio.NewWriterSize(f, 1<<20), f, d.day(t)}, nil
}

// finish gives a complete file its name.
func (f *dayFile) finish() error {
	if err := errors.Join(f.f.Sync(), f.f.Close()); err != nil {
		return err
	}
	return os.Rename(f.f.Name(), f.name)
}

// File is a finished day.
type File struct {
	Name  string
	Bytes int64
}

func (d *directory) files() ([]File, error) {
	names, err := filepath.Glob(filepath.Join(d.path, "*"+suffix))
	if err != nil {
		return nil, err
	}
	files := make([]File, 0, len(names))
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			return nil, err
		}
		files = append(files, File{name, info.Size()})
	}
	return files, nil
}

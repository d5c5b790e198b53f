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
	"itnio_exporter/history"
)

// directory is where a backfill writes:
//
//	ACCOUNT-2026-11-30.om    a finished day
//	.backfill/plan.json      what is written; a later run must want the same
//	.backfill/1796083200.db  the ledger as it was at that time, Unix seconds: a run that was interrupted goes on from it
//	.backfill/missing.json   times of which calls are or may be missing
//	.backfill/work/          the ledger in use
//	.backfill/day.part       the day in work
type directory struct {
	path    string
	account string // as in the names of files
}

const (
	hidden      = ".backfill"
	planFile    = "plan.json"
	missingFile = "missing.json"
	partFile    = "day.part"
	suffix      = ".om"
)

func (d *directory) in(parts ...string) string {
	return filepath.Join(append([]string{d.path, hidden}, parts...)...)
}

func (d *directory) day(t time.Time) string {
	return filepath.Join(d.path, d.account+"-"+t.UTC().Format(time.DateOnly)+suffix)
}

// openDirectory makes the directory ready for a plan: an empty one, one in which nothing is finished yet, or one in which the same plan
// was interrupted.
func openDirectory(path string, p *Plan) (*directory, error) {
	d := &directory{path: path, account: strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, p.Account)}
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		return nil, fmt.Errorf("%s is a file, not a directory: choose an empty directory, or one that does not exist", path)
	}
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
	if ledger.IsInUse(ledger.Readable(ledger.FileIn(d.in("work")))) {
		return nil, fmt.Errorf("another backfill writes to %s", path)
	}
	kept, err := d.kept()
	if err != nil {
		return nil, err
	}
	what := before.differs(p)
	switch {
	case before.Done && what == "":
		return nil, fmt.Errorf("%s has this history already, and it is complete: import its files, or choose another directory", path)
	case what == "":
		return d, nil
	case len(kept) == 0 && !before.Done:
		return d, d.create(p)
	case before.endsAtLive(p):
		return d, d.endAt(p, before.End, kept)
	}
	return nil, fmt.Errorf("%s has a history with another %s: give the same flags and configuration to go on with it, or choose another directory", path, what)
}

// endAt gives the history in the directory another end, where a live exporter has begun to count meanwhile. It goes on from the beginning
// of the last day that can stay.
func (d *directory) endAt(p *Plan, end time.Time, kept []time.Time) error {
	if !kept[0].Before(p.End) {
		return fmt.Errorf("%s has days after %s, when the exporter began to count the account: delete it, and run the same command again", d.path, p.End.Format(time.RFC3339))
	}
	for _, at := range kept {
		if at.Before(p.End) && !at.Equal(end) {
			continue
		}
		if err := os.Remove(d.snapshot(at)); err != nil {
			return err
		}
	}
	return d.save(p)
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

func (d *directory) save(p *Plan) error { return d.write(planFile, p) }

func (d *directory) write(name string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return replace(d.in(name), func(w io.Writer) error {
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
	kept, err := d.kept()
	if err != nil {
		return at, err
	}
	if len(kept) > 0 {
		at = kept[len(kept)-1]
	}
	if err := errors.Join(os.RemoveAll(d.in("work")), os.MkdirAll(d.in("work"), 0o750)); err != nil {
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

// keep keeps the ledger as it is, and what is known to be missing. Of those kept before it leaves the last one: see endAt.
func (d *directory) keep(l *ledger.Ledger, at time.Time, m history.Missing) error {
	before, err := d.kept()
	if err != nil {
		return err
	}
	if err := d.write(missingFile, m); err != nil {
		return err
	}
	if err := l.Copy(d.snapshot(at)); err != nil {
		return err
	}
	return d.forget(before[:max(0, len(before)-1)])
}

func (d *directory) forget(kept []time.Time) error {
	var errs []error
	for _, at := range kept {
		errs = append(errs, os.Remove(d.snapshot(at)))
	}
	return errors.Join(errs...)
}

// missing is what the runs before have found to be missing until a time: what is later is read again.
func (d *directory) missing(until time.Time) (history.Missing, error) {
	var m history.Missing
	text, err := os.ReadFile(d.in(missingFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return m, nil
	case err == nil:
		err = json.Unmarshal(text, &m)
	}
	if err != nil {
		return m, fmt.Errorf("%s: %w: choose another directory", d.in(missingFile), err)
	}
	return history.Missing{Gaps: before(m.Gaps, until), Open: before(m.Open, until)}, nil
}

// before is what there is of windows before a time.
func before(list []history.Window, t time.Time) (out []history.Window) {
	for _, w := range list {
		if w.To.After(t) {
			w.To = t
		}
		if w.From.Before(w.To) {
			out = append(out, w)
		}
	}
	return out
}

func joined(a, b history.Missing) history.Missing {
	return history.Missing{Gaps: slices.Concat(a.Gaps, b.Gaps), Open: slices.Concat(a.Open, b.Open)}
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
	return errors.Join(err, d.forget(kept), os.RemoveAll(d.in("work")))
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

package cli

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/alecthomas/kingpin/v2"

	"itnio_exporter/collector/ledger"
)

// backupFlags are those of serve, so that both can be given the same arguments, and its own.
type backupFlags struct {
	running
	file string
}

func newBackup(app *kingpin.Application) command {
	c := app.Command("backup", "Write a copy of the ledger to a new file: from the exporter that is running, or else from --storage.path. Takes all flags of serve, of which these matter.")
	f := &backupFlags{}
	f.register(c)
	c.Arg("file", "The file to write. It must not exist.").Required().StringVar(&f.file)
	return command{c, func(e Environment) error { return runBackup(e, f) }}
}

func runBackup(e Environment, f *backupFlags) error {
	show := newProgress(e)
	defer show.end()
	if f.url == "" {
		err := ledger.BackupFile(f.serve.storage, f.file, show.written(0))
		if !ledger.IsInUse(err) {
			return f.done(e, err)
		}
	}
	return f.done(e, f.receive(f.file, show))
}

func (f *backupFlags) done(e Environment, err error) error {
	if err != nil {
		return err
	}
	info, err := os.Stat(f.file)
	if err != nil {
		return err
	}
	name, err := filepath.Abs(f.file)
	if err != nil {
		name = f.file
	}
	fmt.Fprintf(e.Stdout, "backup written: %s, %d bytes\n", name, info.Size())
	return nil
}

package cli

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/alecthomas/kingpin/v2"
	promconfig "github.com/prometheus/common/config"

	"itnio_exporter/collector/ledger"
)

// backupFlags are those of serve, so that both can be given the same arguments, and its own.
type backupFlags struct {
	serve      serveFlags
	url        string
	httpConfig string
	file       string
}

func newBackup(app *kingpin.Application) command {
	c := app.Command("backup", "Write a copy of the ledger to a new file: from the exporter that is running, or else from --storage.path. Takes all flags of serve, of which these matter.")
	f := &backupFlags{}
	f.serve.registerShowing(c, "storage.path", "web.listen-address", "web.config.file", "web.route-prefix", "web.external-url")
	c.Flag("url", "URL of the running exporter. Defaults to --web.listen-address on this machine.").PlaceHolder("<URL>").StringVar(&f.url)
	c.Flag("http.config.file", "File with HTTP client options for the running exporter, as promtool takes it: TLS, user and password.").
		StringVar(&f.httpConfig)
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
	return f.done(e, f.fromRunning(show))
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

// fromRunning gets the copy from the exporter that has the ledger open.
func (f *backupFlags) fromRunning(show *progress) error {
	url, err := f.backupURL()
	if err != nil {
		return err
	}
	client, err := f.client()
	if err != nil {
		return fmt.Errorf("--http.config.file: %w", err)
	}
	ctx, stop := untilSignal(show.signals)
	defer stop()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("--url: %w", err)
	}
	answer, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("the ledger is in use, and the exporter that has it open cannot be asked (give its --url, or the --web flags it was started with): %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return refusedBackup(url, answer)
	}
	return ledger.ReceiveBackup(f.file, answer.Body, show.written(answer.ContentLength))
}

// client asks the running exporter. On this machine its certificate need not be for 127.0.0.1, as in a health check.
func (f *backupFlags) client() (*http.Client, error) {
	options := &promconfig.HTTPClientConfig{EnableHTTP2: true}
	switch {
	case f.httpConfig != "":
		var err error
		if options, _, err = promconfig.LoadHTTPConfigFile(f.httpConfig); err != nil {
			return nil, err
		}
	case f.url == "":
		options.TLSConfig.InsecureSkipVerify = true
	}
	return promconfig.NewClientFromConfig(*options, program)
}

func (f *backupFlags) backupURL() (string, error) {
	if f.url != "" {
		return strings.TrimRight(f.url, "/") + "/-/backup", nil
	}
	site, err := f.serve.site()
	if err != nil {
		return "", err
	}
	address, err := reachable(f.serve.listenAddress())
	if err != nil {
		return "", fmt.Errorf("--web.listen-address: %w", err)
	}
	mode, err := readTLSMode(*f.serve.web.WebConfigFile)
	if err != nil {
		return "", fmt.Errorf("--web.config.file: %w", err)
	}
	scheme := "http"
	if mode != tlsOff {
		scheme = "https"
	}
	return localURL(scheme, address, site.Path("/-/backup")), nil
}

// refusedBackup says why the exporter sends no copy, and what to do.
func refusedBackup(url string, answer *http.Response) error {
	if answer.StatusCode == http.StatusUnauthorized {
		return fmt.Errorf("%s wants a user and a password: give them with --http.config.file", url)
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, 200))
	return errors.Join(fmt.Errorf("%s answers %s: %s", url, answer.Status, strings.TrimSpace(string(text))), err)
}

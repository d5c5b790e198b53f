package cli

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/alecthomas/kingpin/v2"
	promconfig "github.com/prometheus/common/config"

	"itnio_exporter/collector/ledger"
	"itnio_exporter/web"
)

// running is an exporter that has the ledger open, and how to ask it: for commands that take the flags of serve, so that both can be
// given the same arguments.
type running struct {
	serve      serveFlags
	url        string
	httpConfig string
}

// register registers the flags; used are those of serve that matter to the command besides.
func (f *running) register(c *kingpin.CmdClause, used ...string) {
	f.serve.registerShowing(c, append(used, "storage.path", "web.listen-address", "web.config.file", "web.route-prefix", "web.external-url")...)
	c.Flag("url", "URL of the running exporter. Defaults to --web.listen-address on this machine.").PlaceHolder("<URL>").StringVar(&f.url)
	c.Flag("http.config.file", "File with HTTP client options for the running exporter, as promtool takes it: TLS, user and password.").
		StringVar(&f.httpConfig)
}

// receive gets a copy of the ledger from the exporter.
func (f *running) receive(file string, show *progress) error {
	address, err := f.backupURL()
	if err != nil {
		return err
	}
	client, err := exporterClient(f.httpConfig, f.url == "")
	if err != nil {
		return fmt.Errorf("--http.config.file: %w", err)
	}
	ctx, stop := untilSignal(show.signals)
	defer stop()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return fmt.Errorf("--url: %w", err)
	}
	answer, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("the ledger is in use, and the exporter that has it open cannot be asked (give its --url, or the --web flags it was started with): %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return refusedBackup(address, answer)
	}
	if err := f.isOurs(address, answer.Header); err != nil {
		return err
	}
	return ledger.ReceiveBackup(file, answer.Body, answer.ContentLength, show.written(answer.ContentLength))
}

// exporterClient asks a running exporter, with the HTTP client options of a file; "": none. If it is the one on this machine, its
// certificate need not be for 127.0.0.1, as in a health check.
func exporterClient(file string, onThisMachine bool) (*http.Client, error) {
	options := &promconfig.HTTPClientConfig{EnableHTTP2: true}
	switch {
	case file != "":
		var err error
		if options, _, err = promconfig.LoadHTTPConfigFile(file); err != nil {
			return nil, err
		}
	case onThisMachine:
		options.TLSConfig.InsecureSkipVerify = true
	}
	return promconfig.NewClientFromConfig(*options, program)
}

func (f *running) backupURL() (string, error) {
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
		return fmt.Errorf("%s wants a user and a password: give them with --http.config.file", withoutPassword(url))
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, 200))
	return errors.Join(fmt.Errorf("%s answers %s: %s", withoutPassword(url), answer.Status, strings.TrimSpace(string(text))), err)
}

// isOurs returns an error if the exporter on this machine sends a copy of another ledger than the one that is in use under
// --storage.path.
func (f *running) isOurs(asked string, header http.Header) error {
	path, err := url.PathUnescape(header.Get(web.LedgerHeader))
	if f.url != "" || err != nil || path == "" { // an exporter elsewhere, or one that does not say it
		return nil
	}
	theirs, err := os.Stat(path)
	if err != nil { // it has another view of the file system, as in a container
		return nil
	}
	wanted := ledger.FileIn(f.serve.storage)
	ours, err := os.Stat(wanted)
	if err != nil || os.SameFile(ours, theirs) {
		return err
	}
	if name, err := filepath.Abs(wanted); err == nil {
		wanted = name
	}
	return fmt.Errorf("%s has the ledger %s, not %s: give the --storage.path that belongs to it, or the --web.listen-address or --url of the exporter that has the other open", asked, path, wanted)
}

// withoutPassword is a URL as it can be shown.
func withoutPassword(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return "the given URL"
	}
	return u.Redacted()
}

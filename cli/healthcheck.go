package cli

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/alecthomas/kingpin/v2"
)

// newHealthcheck takes all flags of serve, so that a container can give both the same arguments. Its help shows those
// that matter.
func newHealthcheck(app *kingpin.Application) command {
	c := app.Command("healthcheck", "Ask the exporter that listens on --web.listen-address of this machine whether it is alive: exit 0 or 1. Takes all flags of serve, of which these matter.")
	f := &serveFlags{}
	f.register(c)
	used := []string{"web.listen-address", "web.route-prefix", "web.external-url"}
	for _, flag := range c.Model().Flags {
		if !slices.Contains(used, flag.Name) {
			c.GetFlag(flag.Name).Hidden()
		}
	}
	return command{c, func(Environment) error { return healthcheck(f) }}
}

// healthcheck asks the exporter on this machine whether it answers, for container engines: the image has no shell and no
// curl. Any status below 500 is a sign of life: a server with TLS answers plain HTTP by 400, one with passwords by 401.
func healthcheck(f *serveFlags) error {
	site, err := f.site()
	if err != nil {
		return err
	}
	address, err := reachable(f.listenAddress())
	if err != nil {
		return fmt.Errorf("--web.listen-address: %w", err)
	}
	client := &http.Client{
		Timeout:       3 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	defer client.CloseIdleConnections()
	answer, err := client.Get("http://" + address + site.Path("/-/healthy"))
	if err != nil {
		return err
	}
	if err := answer.Body.Close(); err != nil {
		return err
	}
	if answer.StatusCode >= http.StatusInternalServerError {
		return errors.New(answer.Status)
	}
	return nil
}

// reachable returns the host:port at which this machine reaches a listen address. One without a host, or with 0.0.0.0 or
// [::], is reached at 127.0.0.1.
func reachable(listenAddress string) (string, error) {
	host, port, err := net.SplitHostPort(listenAddress)
	if err != nil {
		return "", err
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}

package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// healthcheck asks the exporter on this machine whether it answers, for container engines: the image has no shell and
// no curl. It is given the flags of the server; of these, the first listen address and the prefix matter.
//
// Any answer below 500 is a sign of life: a server with TLS refuses plain HTTP, one with passwords refuses strangers.
func healthcheck(f *flags) error {
	address := (*f.web.WebListenAddresses)[0]
	s, err := newSite(f.externalURL, f.routePrefix, f.telemetryPath, address)
	if err != nil {
		return err
	}
	address, err = reachable(address)
	if err != nil {
		return fmt.Errorf("--web.listen-address: %w", err)
	}
	client := &http.Client{
		Timeout:       3 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	defer client.CloseIdleConnections()
	answer, err := client.Get("http://" + address + s.prefix + "/-/healthy")
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

// reachable is a listen address as this machine can reach it: one without a host is taken to be all of them.
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

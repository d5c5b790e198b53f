package cli

import (
	"fmt"
	"path/filepath"
	"slices"

	toolkit "github.com/prometheus/exporter-toolkit/web"
	"go.yaml.in/yaml/v3"

	"itnio_exporter/config"
)

// checkWebConfig validates a --web.config.file; "" is none. The exporter toolkit reads it, and the files that it names, without
// bounds and again for each connection: what is no regular file would block it.
func checkWebConfig(path string) error {
	if path == "" {
		return nil
	}
	c, err := readWebConfig(path)
	if err != nil {
		return err
	}
	c.TLSConfig.SetDirectory(filepath.Dir(path))
	for _, file := range []string{c.TLSConfig.TLSCertPath, c.TLSConfig.TLSKeyPath, c.TLSConfig.ClientCAs} {
		if file == "" {
			continue
		}
		if _, err := config.ReadFile(file); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	if err := toolkit.Validate(path); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// readWebConfig does not check what it reads.
func readWebConfig(path string) (c toolkit.Config, err error) {
	content, err := config.ReadFile(path)
	if err == nil {
		err = yaml.Unmarshal(content, &c)
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return c, err
}

// tlsMode is how clients have to connect to a server with a certain --web.config.file.
type tlsMode int

const (
	tlsOff tlsMode = iota
	tlsOn
	tlsWithClientCertificate
)

// readTLSMode reads a --web.config.file; "" is none. The exporter toolkit has checked the file when the server started.
func readTLSMode(path string) (tlsMode, error) {
	if path == "" {
		return tlsOff, nil
	}
	c, err := readWebConfig(path)
	if err != nil {
		return tlsOff, err
	}
	required := []string{"RequireAnyClientCert", "RequireClientCert", "RequireAndVerifyClientCert"}
	switch {
	case slices.Contains(required, c.TLSConfig.ClientAuth):
		return tlsWithClientCertificate, nil
	case c.TLSConfig.IsEnabled():
		return tlsOn, nil
	}
	return tlsOff, nil
}

package cli

import (
	"os"
	"slices"

	toolkit "github.com/prometheus/exporter-toolkit/web"
	"go.yaml.in/yaml/v3"
)

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
	content, err := os.ReadFile(path)
	if err != nil {
		return tlsOff, err
	}
	var c toolkit.Config
	if err := yaml.Unmarshal(content, &c); err != nil {
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

package cli

import (
	"cmp"
	"fmt"

	promconfig "github.com/prometheus/common/config"

	"itnio_exporter/config"
	"itnio_exporter/itnio"
)

// pastClient reads an account's past, with so many requests a second. 0 is half of the account's rate_limit: an exporter that reads the
// account meanwhile has the other half. done lets go of its connections.
func pastClient(e Environment, a config.Account, rate float64) (api *itnio.Client, done func(), err error) {
	client, err := promconfig.NewClientFromConfig(a.HTTPClient, program, promconfig.WithUserAgent(program))
	if err != nil {
		return nil, nil, fmt.Errorf("http_client: %w", err)
	}
	api, err = itnio.New(itnio.Options{
		BaseURL: a.BaseURL, Key: string(a.APIKey), Secret: string(a.APISecret), HTTP: client, Location: a.Location,
		TimeFormat: string(a.TimeFormat), RateLimit: cmp.Or(rate, a.RateLimit/2), Timeout: a.Timeout, Now: e.Now, Secrets: a.HTTPSecrets(config.ReadFile),
	})
	return api, client.CloseIdleConnections, err
}

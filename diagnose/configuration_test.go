package diagnose

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"itnio_exporter/config"
)

func account(name, key string) config.AccountConfig {
	return config.AccountConfig{Name: name, APIKey: config.Secret(key), APISecret: "s"}
}

func TestConfiguration(t *testing.T) {
	section := func(c *config.Config) Section {
		v, err := c.Validate()
		return configurationSection(v, err)
	}
	for _, tt := range []struct {
		name string
		in   Section
		want map[string]Result
		says string
	}{
		{"cannot be read", configurationSection(nil, errors.New(`config.yml:3: accounts[0] "Anna": utc_offset: no`)), map[string]Result{"config-file": Wrong}, "accounts[0]: utc_offset"},
		{"no account", section(config.Default()), map[string]Result{"config-file": Wrong}, "no account"},
		{"two accounts with one key", section(config.Default(account("Anna", "k"), account("Berta", "k"))), map[string]Result{"config-keys": Wrong}, "accounts[1] has the api_key of accounts[0]"},
		{"one key, two filters", section(func() *config.Config {
			b := account("Berta", "k")
			b.Filter.CallTypes = []string{"incoming"}
			return config.Default(account("Anna", "k"), b)
		}()), map[string]Result{"config-keys": Doubtful}, "another filter"},
		{"plain HTTP", section(func() *config.Config {
			a := account("Anna", "k")
			a.BaseURL = "http://api.example"
			return config.Default(a)
		}()), map[string]Result{"config-settings": Doubtful}, "accounts[0]: base_url is not https"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := &Report{Sections: []Section{tt.in}}
			require.Equal(t, tt.want, bad(r))
			require.Contains(t, text(r), tt.says)
			require.NotContains(t, text(r), "Anna")
			require.NotContains(t, text(r), "Berta")
		})
	}
}

package collector

import (
	"context"
	"reflect"
	"slices"
	"time"

	"github.com/go-kit/log/level"

	"itnio_exporter/config"
	"itnio_exporter/logging"
)

// rereadEvery is how often the files of secrets are read.
const rereadEvery = 10 * time.Second

// followSecrets takes over what the files of secrets hold, until ctx ends: Kubernetes and secret managers replace them while the
// exporter runs. It is a loop of its own, because the disk that they are on may be slow.
func (c *Collector) followSecrets(ctx context.Context) {
	tick := time.NewTicker(rereadEvery)
	defer tick.Stop()
	files := map[string]*secretFiles{} // by account
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for name, a := range c.accounts() {
			if files[name] == nil {
				files[name] = &secretFiles{others: a.HTTPSecrets(config.ReadFile)}
			}
			c.follow(a, files[name])
		}
	}
}

// secretFiles is what is known of an account's files of secrets.
type secretFiles struct {
	failure logging.Lasting
	others  []string // of http_client, whose requests follow their files by themselves; here, errors have to hide them
}

// follow reads the files of an account. One that cannot be read, or holds no secret, changes nothing: it may be half-written.
func (c *Collector) follow(a config.Account, files *secretFiles) {
	now, err := a.Reread(config.ReadFile)
	if err != nil {
		if files.failure.Failed(err.Error(), c.o.Now()) {
			level.Warn(c.logger).Log("msg", "a secret cannot be read again; the one that was read before stays in use", "account", a.Name, "err", err)
		}
		now = a
	} else {
		files.failure.Succeeded()
	}
	others := a.HTTPSecrets(config.ReadFile)
	changed := now.APIKey != a.APIKey || now.APISecret != a.APISecret
	if !changed && slices.Equal(others, files.others) {
		return
	}
	files.others = others
	if c.rotate(a, now, others) && changed {
		level.Info(c.logger).Log("msg", "the secrets in the files have changed; requests are signed with the new ones", "account", a.Name)
	}
}

// accounts are the accounts in force, by name.
func (c *Collector) accounts() map[string]config.Account {
	c.mu.Lock()
	defer c.mu.Unlock()
	found := map[string]config.Account{}
	for name, m := range c.members {
		found[name] = m.cfg
	}
	return found
}

// rotate gives an account its new secrets, unless a reload has changed the account meanwhile.
func (c *Collector) rotate(was, now config.Account, others []string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.members[was.Name]
	if m == nil || !reflect.DeepEqual(m.cfg, was) {
		return false
	}
	m.cfg = now
	m.client.rotate(string(now.APIKey), string(now.APISecret), others...)
	m.poller.SecretsChanged()
	return true
}

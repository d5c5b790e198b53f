package collector

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"time"

	"itnio_exporter/collector/account"
	"itnio_exporter/collector/call"
	"itnio_exporter/collector/families"
	"itnio_exporter/collector/ledger"
	"itnio_exporter/config"
	"itnio_exporter/itnio"
)

// member is an account of the configuration in force, with what reads it.
type member struct {
	cfg     config.Account
	client  client
	account *ledger.Account
	poller  *account.Poller
}

// client is what an account's requests go through.
type client struct {
	account.API
	http    *http.Client
	rotate  func(key, secret string, others ...string)
	history *account.History // goes on where the account's client is replaced
}

// Reload applies another configuration. On an error it changes nothing.
func (c *Collector) Reload(v *config.Validated) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	clients, err := c.prepare(v)
	if err != nil {
		return err
	}
	before := maps.Clone(c.members)
	c.dismissChanged(v)
	c.ledger.SetZeroFirst(v.Global().ZeroFirst)
	c.ledger.SetRetireAfter(v.Metrics().RetireAfter)
	err = c.adopt(v, clients)
	if err == nil { // last, for there is no way back from it: the values of families that are switched off are forgotten
		err = c.ledger.SetModel(families.New(v.Metrics()))
	}
	if err != nil {
		err = errors.Join(err, c.goBack(before))
	} else {
		c.cfg = v
	}
	c.publish()
	c.read()
	return err
}

// prepare does everything that can fail for a configuration, and changes nothing.
func (c *Collector) prepare(v *config.Validated) (map[string]client, error) {
	if err := v.CheckLabels(families.Labels()); err != nil {
		return nil, err
	}
	clients := map[string]client{}
	for _, a := range v.Accounts() {
		history := account.NewHistory(c.o.Now(), c.o.Steady)
		if m := c.members[a.Name]; m != nil {
			history = m.client.history
		}
		if err := c.ledger.Check(IdentityOf(a)); err != nil {
			return nil, err
		}
		made, err := c.newClient(a, history)
		if err != nil {
			return nil, fmt.Errorf("account %q: %w", a.Name, err)
		}
		clients[a.Name] = made
	}
	return clients, nil
}

// IdentityOf is what the ledger knows an account by.
func IdentityOf(a config.Account) ledger.Identity {
	return ledger.Identity{Name: a.Name, BaseURL: a.BaseURL, MovedFrom: a.MovedFrom, Filter: a.Filter.Fingerprint()}
}

// newClient makes the client of an account.
func (c *Collector) newClient(a config.Account, history *account.History) (client, error) {
	httpClient, err := c.o.HTTPClient(a)
	if err != nil {
		return client{}, fmt.Errorf("http_client: %w", err)
	}
	api, err := itnio.New(itnio.Options{
		BaseURL: a.BaseURL, Key: string(a.APIKey), Secret: string(a.APISecret), HTTP: httpClient, Location: a.Location,
		TimeFormat: string(a.TimeFormat), RateLimit: a.RateLimit, Timeout: a.Timeout, Large: c.large, Now: c.o.Now,
		Secrets: a.HTTPSecrets(config.ReadFile),
		OnRequest: func(endpoint, status string, d time.Duration) {
			history.Requested()
			c.metrics.requests.WithLabelValues(a.Name, endpoint, status).Inc()
			c.metrics.requestDuration.WithLabelValues(a.Name, endpoint).Observe(d.Seconds())
		},
	})
	if err != nil {
		return client{}, err
	}
	if c.o.wrap != nil {
		return client{c.o.wrap(api), httpClient, api.Rotate, history}, nil
	}
	return client{api, httpClient, api.Rotate, history}, nil
}

// adopt makes the accounts of a configuration the ones to read. An account that fails does not affect the others.
// mu is held, or no one else knows c yet.
func (c *Collector) adopt(v *config.Validated, clients map[string]client) error {
	var errs []error
	calls := call.NewNormalizer(call.Options{Agents: v.Metrics().Agents, AgentHashKey: []byte(v.Metrics().AgentHashKey)})
	for _, a := range v.Accounts() {
		if c.members[a.Name] != nil {
			continue
		}
		attached, err := c.ledger.Attach(IdentityOf(a))
		if err != nil {
			errs = append(errs, err)
			continue
		}
		o := account.Options{
			Config: a, Global: v.Global(), API: clients[a.Name].API, Ledger: c.ledger, Account: attached, Calls: calls,
			Metrics: c.metrics.of(a.Name, clients[a.Name].history), Logger: c.logger, Now: c.o.Now, Steady: c.o.Steady,
		}
		if observe := c.o.observe; observe != nil {
			o.Observe = func(call *call.Call, result ledger.Result) { observe(a.Name, call, result) }
		}
		c.members[a.Name] = &member{cfg: a, client: clients[a.Name], account: attached, poller: account.New(o)}
		c.metrics.begin(a.Name, a.RateLimit, v.Metrics())
	}
	return errors.Join(errs...)
}

// read starts the pollers that are not running yet. mu is held.
func (c *Collector) read() {
	if c.run == nil {
		return
	}
	for _, m := range c.members {
		m.poller.Start(c.run)
	}
}

// dismissChanged stops the accounts that change with the next configuration. It comes first, so that no batch is in progress
// when the model changes. mu is held.
func (c *Collector) dismissChanged(next *config.Validated) {
	all := !reflect.DeepEqual(next.Global(), c.cfg.Global()) || !reflect.DeepEqual(next.Metrics(), c.cfg.Metrics())
	wanted := map[string]config.Account{}
	for _, a := range next.Accounts() {
		wanted[a.Name] = a
	}
	for name, m := range maps.Clone(c.members) {
		a, stays := wanted[name]
		if !stays || all || !reflect.DeepEqual(a, m.cfg) {
			c.dismiss(name, !stays)
		}
	}
}

// dismiss stops reading an account. If it has left the configuration, its series and metrics go too. mu is held.
func (c *Collector) dismiss(name string, left bool) {
	m := c.members[name]
	m.poller.Stop()
	m.client.http.CloseIdleConnections() // no other client uses them
	if left {
		c.ledger.Detach(m.account)
		c.metrics.end(name)
	}
	delete(c.members, name)
}

// goBack restores the old configuration and its accounts after a reload that failed midway. mu is held.
func (c *Collector) goBack(before map[string]*member) error {
	c.ledger.SetZeroFirst(c.cfg.Global().ZeroFirst)
	c.ledger.SetRetireAfter(c.cfg.Metrics().RetireAfter)
	for name, m := range maps.Clone(c.members) {
		if before[name] != m {
			c.dismiss(name, before[name] == nil)
		}
	}
	clients := map[string]client{}
	for name, m := range before {
		clients[name] = m.client
	}
	return c.adopt(c.cfg, clients)
}

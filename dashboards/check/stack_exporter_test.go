package check

import (
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"syscall"

	"itnio_exporter/simulator"
)

// exporter is one exporter of the stack and the simulated API that it reads.
type exporter struct {
	stack   *stack
	account string
	sim     *simulator.Simulator
	api     string
	address string
	process *exec.Cmd
}

// newExporter starts the API and writes the configuration; start starts the exporter.
func (s *stack) newExporter(account string, o simulator.Options) *exporter {
	s.t.Helper()
	e := &exporter{stack: s, account: account, sim: simulator.New(o), address: s.free()}
	e.api = s.serve(e.sim.Handler())
	key := simulator.DefaultAccounts()[0]
	s.write(account+".yml", fmt.Sprintf(`global: {poll_interval: 1s, lookback: 5m, audit_interval: 1m, zero_first: 3s, backoff_max: 2s}
accounts: [{name: %s, base_url: "http://%s", api_key: %s, api_secret: %s, rate_limit: 100}]
metrics: {agents: name, tags: true, media: true}
`, account, e.api, key.Key, key.Secret))
	return e
}

func (e *exporter) start() {
	s := e.stack
	e.process = s.command(s.path("itnio_exporter"), "--config.file="+s.path(e.account+".yml"), "--storage.path="+s.path("data-"+e.account), "--web.listen-address="+e.address, "--log.level=debug")
}

func (e *exporter) stop() {
	_ = e.process.Process.Signal(syscall.SIGTERM) // it may have ended
	_ = e.process.Wait()
}

// control changes how the API behaves.
func (e *exporter) control(body string) {
	t := e.stack.t
	resp, err := http.Post("http://"+e.api+"/-/control", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close() // nothing of it is needed
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("control %s: %s", body, resp.Status)
	}
}

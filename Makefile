GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS  = -s -w -X github.com/prometheus/common/version.Version=$(VERSION) \
           -X github.com/prometheus/common/version.Revision=$(shell git rev-parse --short HEAD 2>/dev/null)

.PHONY: help build demo stack test race lint rules docs fuzz bench cost proof ci image

help: ## This list.
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 12

build: ## The static binary, ./itnio_exporter.
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "$(LDFLAGS)" -o itnio_exporter .

demo: ## The exporter against a simulated call centre, on http://127.0.0.1:10198.
	$(GO) run . --demo

stack: ## The demo with a real Prometheus and Alertmanager, built from their modules where they are not on the PATH.
	dashboards/try.sh

test: ## All tests; those with a real Prometheus need PROMETHEUS_BIN.
	@test -n "$$PROMETHEUS_BIN" || command -v prometheus >/dev/null || echo "skipping the tests with a real Prometheus: PROMETHEUS_BIN is not set"
	$(GO) test ./...

race: ## All tests with the race detector (needs a C compiler).
	$(GO) test -race ./...

lint: ## gofmt, go vet and golangci-lint, which has to be installed.
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(GO) vet ./...
	golangci-lint run

PROMTOOL ?= promtool
rules: ## Check and test the recording rules and alerts with promtool, which has to be installed.
	$(PROMTOOL) check rules --lint=all --lint-fatal dashboards/rules/*.yml
	$(PROMTOOL) test rules dashboards/rules/tests/*.yml

docs: ## Regenerate docs/metrics.md and docs/configuration.md.
	$(GO) test ./docs -update

FUZZTIME ?= 1m
fuzz: ## Every fuzz test for FUZZTIME (1m).
	.ci/fuzz $(FUZZTIME)

bench: ## All benchmarks.
	$(GO) test -run '^$$' -bench . -benchmem ./...

cost: ## The requests of a first fill, an audit, a restart and a reload, over real HTTP; fails above the bounds of docs/guarantee.md.
	$(GO) test ./e2e -run '^TestCost$$' -proof -v -count=1

proof: ## The long proofs, an hour or more: weeks of traffic, 200 random sequences of faults, 200 kills, every habit of the API.
	$(GO) test ./collector -run 'TestVirtualDays|TestSizing|TestFaults' -proof -timeout 90m -v
	$(GO) test ./collector/ledger -proof -timeout 30m -v
	$(GO) test ./collector/reconcile -run '^TestEverything' -rapid.checks=3000 -rapid.seed=0 -timeout 60m -v
	$(GO) test ./e2e -proof -timeout 90m -v

ci: ## All checks that a change has to pass.
	.ci/run

image: ## The container image, itnio_exporter:$(VERSION).
	docker build --build-arg VERSION=$(VERSION) --build-arg REVISION=$$(git rev-parse --short HEAD) -t itnio_exporter:$(VERSION) .

PLATFORMS ?= linux/amd64,linux/arm64
.PHONY: images packages chart manifests deploy-check
images: ## The image for $(PLATFORMS), as an OCI archive in dist/. Needs docker buildx.
	mkdir -p dist
	docker buildx build --platform $(PLATFORMS) --build-arg VERSION=$(VERSION) --build-arg REVISION=$$(git rev-parse --short HEAD) \
	  -t itnio_exporter:$(VERSION) -o type=oci,dest=dist/itnio_exporter-$(VERSION).oci.tar .

packages: ## Archives, deb, rpm, Helm chart, checksums and SBOMs, in dist/. Builds the tools it needs once.
	deploy/packages/build.sh

chart: ## The Helm chart of $(CHART_VERSION), in dist/.
	mkdir -p dist
	cd deploy/check && $(GO) run ./pack ../helm/itnio-exporter $(CHART_VERSION) ../../dist

CHART_VERSION ?= $(shell git describe --tags --exact-match 2>/dev/null || echo 0.0.0-dev)

manifests: ## Regenerate deploy/kubernetes from the Helm chart.
	cd deploy/check && $(GO) test -run TestPlainManifests -update .

deploy-check: ## Test the Helm chart, the manifests, the systemd unit and the packages' files.
	cd deploy/check && $(GO) vet ./... && $(GO) test -count=1 ./...

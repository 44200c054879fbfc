# Everything here works on a fresh Debian with Go, a C compiler and make; what else is needed is
# installed by the targets themselves: Debian packages through apt-get, Go programs into .tools/bin.

GO    ?= go
TOOLS := $(CURDIR)/.tools/bin
PINS  := .tools/pins

INFLUXD_VERSION       := v1.8.10
TELEGRAF_VERSION      := v1.37.2
GOLANGCI_LINT_VERSION := v2.15.0
GOVULNCHECK_VERSION   := v1.8.0

# Debian packages by the program they bring.
DEBIAN_PROGRAMS := mosquitto:mosquitto mosquitto_pub:mosquitto-clients prometheus-alertmanager:prometheus-alertmanager \
	promtool:prometheus chromium:chromium node:nodejs npm:npm

# How long each fuzz target runs in `make fuzz`; arguments for the demo and the bench.
FUZZTIME ?= 10s
ARGS     ?=

.DEFAULT_GOAL := help
.PHONY: help build console demo secrets dashboards test test-race test-plain test-console check fuzz bench lint vuln tools debian clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: console ## build bin/phusong, with the web console inside
	$(GO) build -o bin/phusong ./cmd/phusong

demo: build ## run the whole service with a simulated province; ARGS="--for 30s" and the like
	./bin/phusong demo $(ARGS)

# The web console is built when its sources are newer. The program compiles and runs without it,
# so a machine without Node gets one; continuous integration does not.
CONSOLE         := dashboards/console
CONSOLE_SOURCES := $(shell find $(CONSOLE)/src $(CONSOLE)/public -type f ! -name schema.ts ! -name '*.test.ts*') \
	$(addprefix $(CONSOLE)/,index.html field.html package.json tsconfig.json vite.config.ts) dashboards/api/testdata/openapi.json $(wildcard docs/runbooks/*.md)
NODE_IS_THERE   := command -v npm >/dev/null && node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' 2>/dev/null

console: ## build the web console, if Node 20.19 or later and npm are at hand
	@if $(NODE_IS_THERE); then $(MAKE) --no-print-directory $(CONSOLE)/dist/web/index.html; \
	else echo 'the web console is not built: that needs Node.js 20.19 or later and npm' >&2; [ -z "$$CI" ]; fi

$(CONSOLE)/dist/web/index.html: $(CONSOLE)/node_modules/.package-lock.json $(CONSOLE_SOURCES)
	cd $(CONSOLE) && npm run --silent build
	@touch $@

$(CONSOLE)/node_modules/.package-lock.json: $(CONSOLE)/package-lock.json
	cd $(CONSOLE) && npm ci --silent
	@touch $@

# How devices reach the broker of the stack, separated by commas.
HOSTS ?= localhost
secrets: build ## make the stack's secrets in ./secrets; HOSTS=broker.example.vn,203.0.113.7
	./bin/phusong secrets init --dir secrets --host $(HOSTS)

dashboards: ## make the Grafana dashboards anew after a change of their sources
	cd dashboards/grafana && npm ci --silent && npm run --silent make

# Tests wait for real programs more than they compute: more of them than cores run at once. The
# passes are separate targets and run one after the other, so that each has the machine to itself. A new
# kind of test is a target of its own below, and a line in `test`.
RACE_TESTS  := -race -count=1 -timeout 60m -parallel 4
PLAIN_TESTS := -count=1 -timeout 30m -run 'Plain$$'

test: tools check ## install what the tests need, then all checks and all tests
	$(MAKE) --no-print-directory test-race
	$(MAKE) --no-print-directory test-plain
	$(MAKE) --no-print-directory test-console

# Everything but the plain tests (see testbed.Plain), with the race detector.
test-race:
	PHUSONG_TEST_SLOW=1 $(GO) test $(RACE_TESTS) ./...

# The plain tests: those that only compute, for long.
test-plain:
	PHUSONG_TEST_SLOW=1 $(GO) test $(PLAIN_TESTS) \
		$$(git grep -l 'testbed\.Plain(' -- '*_test.go' | xargs -n 1 dirname | sort -u | sed 's|^|./|')

# The console's own tests, then the whole program in a browser. UPDATE_SCREENSHOTS=1 makes the
# pictures in docs/images anew.
test-console: build
	@$(NODE_IS_THERE) || { echo 'the tests of the web console need Node.js 20.19 or later and npm' >&2; exit 1; }
	cd $(CONSOLE) && npm run --silent test && PHUSONG=$(CURDIR)/bin/phusong npm run --silent e2e

check:
	@unformatted=$$(git ls-files -co --exclude-standard '*.go' | xargs gofmt -l); \
	if [ -n "$$unformatted" ]; then echo "not formatted, run gofmt -w on:" $$unformatted >&2; exit 1; fi
	$(GO) vet ./...

fuzz: ## run each fuzz target for FUZZTIME
	@set -e; for package in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$package; \
		done; \
	done

bench: tools build $(PINS)/telegraf-$(TELEGRAF_VERSION) ## compare with Telegraf and a bare MQTT client side by side, time alerts, listeners, the wall and the map, then run the Go benchmarks
	$(GO) build -o .tools/bin/phusong-bench ./internal/bench
	.tools/bin/phusong-bench -phusong bin/phusong $(ARGS)
	.tools/bin/phusong-bench alerts -phusong bin/phusong
	.tools/bin/phusong-bench listeners -phusong bin/phusong
	PHUSONG_TEST_WALL_COST=1 $(GO) test -count=1 -run '^TestWallCost$$' -v ./cmd/phusong
	PHUSONG_TEST_MAP=1 $(GO) test -count=1 -timeout 15m -run '^TestHowSmoothlyTheMapMoves$$' -v ./dashboards/api
	$(GO) test -run '^$$' -bench . -benchmem -timeout 30m ./...

lint: $(PINS)/golangci-lint-$(GOLANGCI_LINT_VERSION) ## run the linters
	$(TOOLS)/golangci-lint run ./...

vuln: $(PINS)/govulncheck-$(GOVULNCHECK_VERSION) ## look for known vulnerabilities; asks the public Go database
	$(TOOLS)/govulncheck ./...

tools: debian $(PINS)/influxd-$(INFLUXD_VERSION) ## install the programs the tests run against

# Only what is missing is installed. On a machine with services, Debian would start servers on the
# ports the demo wants, so those that came with our installation are turned off.
debian:
	@packages=; for pair in $(DEBIAN_PROGRAMS); do \
		PATH="$$PATH:/usr/sbin" command -v $${pair%%:*} >/dev/null || packages="$$packages $${pair##*:}"; \
	done; \
	[ -n "$$packages" ] || exit 0; \
	command -v apt-get >/dev/null || { echo "please install:$$packages" >&2; exit 1; }; \
	root=; [ "$$(id -u)" = 0 ] || root=sudo; \
	echo "installing$$packages"; set -e; \
	$$root apt-get update -q; \
	$$root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $$packages; \
	[ -d /run/systemd/system ] || exit 0; \
	for package in $$packages; do $$root systemctl disable --now $$package.service 2>/dev/null || true; done

# A pin is an empty file that says which version of a program lies in .tools/bin.
$(PINS)/influxd-%:
	$(call install,github.com/influxdata/influxdb/cmd/influxd@$*)
$(PINS)/telegraf-%:
	$(call install,-tags "custom inputs.mqtt_consumer outputs.influxdb parsers.json_v2" github.com/influxdata/telegraf/cmd/telegraf@$*)
$(PINS)/golangci-lint-%:
	$(call install,github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$*)
$(PINS)/govulncheck-%:
	$(call install,golang.org/x/vuln/cmd/govulncheck@$*)

define install
@mkdir -p $(PINS)
GOBIN=$(TOOLS) $(GO) install $(1)
@rm -f $(PINS)/$(firstword $(subst -v, ,$(@F)))-v* && touch $@
endef

clean: ## remove what was built, the installed tools and the demo's data
	rm -rf bin data .tools $(CONSOLE)/dist/web

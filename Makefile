# Waybill's targets. `make help` lists them; .ci/run runs the same ones.

.DEFAULT_GOAL := help

# What a target may be told: make demo ARGS=--once, make fuzz FUZZTIME=5m.
ARGS     ?=
PKG      ?= ./...
FUZZTIME ?= 30s
BENCH    ?= .
COUNT    ?= 6

TOOL := go tool -modfile=tools/go.mod

# The commit is built in where there is one to tell; a copy without its history
# builds all the same.
VCS := $(shell git rev-parse --verify --quiet HEAD >/dev/null 2>&1 && echo true || echo false)

# The race detector minds only Go's memory. SQLite's C, which is translated to Go,
# keeps our data outside of it, so watching it finds nothing and takes most of the time.
RACE := -race '-gcflags=modernc.org/sqlite/lib=-race=false -d=checkptr=0'

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: build ## build, then run the whole round trip on this machine (ARGS=--once: and leave)
	./bin/waybill demo $(ARGS)

.PHONY: build
build: ## build bin/waybill
	@script/need go cc
	go build -trimpath -buildvcs=$(VCS) -o bin/waybill ./cmd/waybill

.PHONY: test
test: ## run the tests (PKG=./internal/txid: of one package)
	@script/need go cc postgres snippets
	go test -timeout 10m $(PKG)

.PHONY: test-all
test-all: ## run every test under the race detector, the slow suites too
	@script/need go cc postgres snippets
	go test $(RACE) -tags slow -shuffle=on -timeout 60m $(PKG)

.PHONY: test-race
test-race: ## run the tests under the race detector, the long ones shortened
	@script/need go cc postgres snippets
	go test $(RACE) -short -shuffle=on -timeout 20m $(PKG)

.PHONY: test-slow
test-slow: ## run the slow suites alone: faults, crashes, long random runs
	@script/need go cc postgres
	@script/slow -timeout 30m

.PHONY: test-browser
test-browser: build ## run the SDK, the pixels and the console in a real Chromium
	@script/need go cc chromium npm
	WAYBILL_BINARY=$(CURDIR)/bin/waybill go test -C tools -tags slow -count=1 -timeout 10m ./browser
	WAYBILL_BINARY=$(CURDIR)/bin/waybill script/console test $(ARGS)

.PHONY: test-pages
test-pages: build ## of test-browser, look at every page of the console in every state alone
	@script/need go cc chromium npm
	WAYBILL_BINARY=$(CURDIR)/bin/waybill script/console pages $(ARGS)

.PHONY: console
console: ## build the console from web/ (fetches npm packages; Waybill itself needs no Node)
	@script/console build

.PHONY: console-check
console-check: ## hold the console to its rules, and what is committed of it to its sources
	@script/console check

.PHONY: sdk-types
sdk-types: ## check the types of the browser SDK (fetches TypeScript from npm)
	@script/sdk-types

.PHONY: lint
lint: ## hold the code to .golangci.yml
	@script/need go cc
	$(TOOL) golangci-lint run --allow-parallel-runners $(PKG)
	cd tools && go tool golangci-lint run --allow-parallel-runners ./...

.PHONY: fmt
fmt: ## format the code as lint wants it
	@script/need go
	$(TOOL) golangci-lint fmt

.PHONY: fuzz
fuzz: ## run each fuzz target for FUZZTIME (PKG=./internal/param: of one package)
	@script/need go cc
	@script/fuzz $(FUZZTIME) $(PKG)

.PHONY: bench
bench: build ## measure clicks, postbacks, a large journal, reports and tally (ARGS=clicks: one of them)
	@script/need go cc wrk nginx postgres npm chromium
	@script/console install
	go run -buildvcs=$(VCS) ./bench $(ARGS)

.PHONY: bench-go
bench-go: ## run the Go benchmarks into bench.out, and compare with bench.base.out if it is there
	@script/need go cc
	go test -run '^$$' -bench '$(BENCH)' -benchmem -count $(COUNT) $(PKG) | tee bench.out
	@if [ -f bench.base.out ]; then $(TOOL) benchstat bench.base.out bench.out; fi

.PHONY: generate
generate: data generate-code ## write every generated file anew (fetches npm packages)

.PHONY: generate-code
generate-code: ## write the files anew that need no network
	@script/need go cc
	go generate ./...
	@script/dependencies

.PHONY: generate-check
generate-check: generate-code ## fail if a generated file is not what its source makes
	@script/unchanged

.PHONY: data
data: ## write the crawler table and the country data anew from their npm packages
	@script/visitor-data

.PHONY: verify
verify: ## check the dependencies against go.sum, and the tools' own tests
	@script/need go
	go mod verify
	go -C tools test ./...

.PHONY: check
check: ## what CI runs
	@bash .ci/run

.PHONY: install-deps
install-deps: ## install what the other targets use (as root, with apt-get)
	@script/need go cc postgres npm wrk nginx chromium snippets

.PHONY: clean
clean: ## remove what was built
	rm -rf bin dist

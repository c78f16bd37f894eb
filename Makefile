# `make` alone prints this help. What CI runs is what a person runs.
SHELL       := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

# The numerics contract (DESIGN.md, section 3.3): another level computes other bits.
export GOAMD64     := v1
export CGO_ENABLED := 0

TOOL     := go tool -modfile=.ci/tools.mod
FUZZTIME ?= 60s
DOCUMENTSTIME ?= 90m
SEEDS    ?= 1000
STORE_SEEDS ?= 10
ROUNDS   ?= 50
SEED     ?= 1
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS  := -s -w -X main.version=$(VERSION)

.DEFAULT_GOAL := help
.PHONY: help build image image-check test race lint figures bench fuzz generate verify cross cover portable documents e2e load manifests simulate slurm chaos hosts release-contract vulnerabilities clean

help: ## print this help
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# No flag that compiling depends on: packages that `go run` or `go test` compiled are
# linked as they are. -trimpath would have all of them compiled once more.
build: ## build bin/coordinator and bin/worker (static, no cgo)
	go build -ldflags '$(LDFLAGS)' -o bin/ ./coordinator ./worker

test: ## run every test, those with real programs included (minutes; more where the recording is at hand)
	go test -timeout 60m ./...
	go test -modfile=.ci/tools.mod ./.ci/benchtable

# The scripts run commands one after another; what those do concurrently has tests in app.
race: ## run the tests of everything that runs concurrently under the race detector
	CGO_ENABLED=1 go test -race -skip '^TestScripts$$' -timeout 60m ./proto/... ./coordinator/... ./worker/...

lint: ## check formatting, style, the import arrows, the words, and the form of the commits
	$(TOOL) golangci-lint run ./...
	.ci/words
	.ci/commits
	cd proto && go tool -modfile=../.ci/tools.mod buf lint

# The rest of the simulator has no assembly. What is skipped takes minutes under qemu.
portable: ## test the simulator without assembly, and for arm64 under qemu-user if it is installed
	go test -tags noasm ./simulator/circuit ./simulator/gan ./simulator/internal/... ./worker/runner
	@if command -v qemu-aarch64-static >/dev/null; then \
	  GOARCH=arm64 go test -exec qemu-aarch64-static -skip 'Coverage|Listed|Bounded|Memory|Likelihood|Sampled|Floors|Recording' ./simulator/circuit ./simulator/random ./simulator/statistics; \
	else echo "skipped: the arm64 tests need qemu-aarch64-static"; fi

figures: build ## draw every figure of the paper in every format, on the surrogate and with little training
	@rm -rf runs/figures
	bin/coordinator --grid sweep/examples/figures.hcl --var replicates=1 --var steps=10
	@count=$$(find runs/figures/figures -not -empty -name '*.*' | wc -l); \
	  if ((count != 4 * 14 * 4)); then echo "$$count files, want 4 readings of 14 figures in 4 formats"; exit 1; fi

bench: ## measure circuits and iterations per second on this machine (a quiet one; minutes), for simulator/PERFORMANCE.md
	@mkdir -p bin
	go test -run '^$$' -bench 'Circuit|Iteration|MultiplyAdds|Clock' -benchtime 0.5s -count 5 \
	  ./simulator/circuit ./simulator/gan ./simulator/internal/peak | tee bin/bench.txt
	@go run -modfile=.ci/tools.mod ./.ci/benchtable < bin/bench.txt

fuzz: ## run each fuzz target for FUZZTIME (default 60s)
	@for package in $$(grep -rlE '^func Fuzz' --include='*_test.go' . | xargs -n1 dirname | sort -u); do \
	  for target in $$(grep -hoE '^func Fuzz[A-Za-z0-9_]+' $$package/*_test.go | sed 's/func //' | sort -u); do \
	    .ci/fuzz $$package $$target $(FUZZTIME); \
	  done; \
	done

generate: ## write the generated code again: protocol and assembly
	cd proto && go tool -modfile=../.ci/tools.mod buf generate
	go generate ./simulator/circuit ./simulator/gan ./simulator/internal/peak

GENERATED = proto/spiqsweep/v1/*.pb.go $(foreach p,circuit gan internal/peak,simulator/$(p)/kernel_amd64.s simulator/$(p)/kernel_stubs_amd64.go)

release-contract: ## take the protocol as it is for released: `make verify` refuses what would break it
	cd proto && go tool -modfile=../.ci/tools.mod buf build --exclude-source-info -o released.binpb

vulnerabilities: ## look for known vulnerabilities that the programs reach
	.ci/vulnerabilities

ARCH ?= $(shell go env GOARCH)

# -trimpath, so that a commit gives the same image in every folder.
image: ## write a container image for podman, containerd and docker: bin/spiqsweep.tar
	GOOS=linux GOARCH=$(ARCH) go build -trimpath -ldflags '$(LDFLAGS)' -o bin/image/ ./coordinator ./worker
	go run ./deploy/image --bin bin/image --tag localhost/spiqsweep:$(VERSION)

verify: ## check that generated code, protocol, go.mod and cross-builds are in order
	@before=$$(sha256sum $(GENERATED)); $(MAKE) --no-print-directory generate; \
	  diff <(echo "$$before") <(sha256sum $(GENERATED)) || { echo "the generated code is stale: commit what 'make generate' writes"; exit 1; }
	cd proto && go tool -modfile=../.ci/tools.mod buf breaking --against released.binpb
	go mod tidy -diff
	go mod verify
	$(MAKE) --no-print-directory cross

# The question is whether it compiles: without optimisation, the answer takes two thirds of the time.
cross: ## build for macOS and Windows without keeping anything; image-check builds for Linux on ARM
	@for target in darwin/arm64 windows/amd64; do \
	  echo "build $$target"; \
	  GOOS=$${target%/*} GOARCH=$${target#*/} go build -gcflags='all=-N -l' -o /dev/null ./coordinator; \
	  GOOS=$${target%/*} GOARCH=$${target#*/} go build -gcflags='all=-N -l' -o /dev/null ./worker; \
	done

image-check: ## build the image for ARM in two folders, compare the bytes, and have podman load it
	SPIQSWEEP_IMAGE=1 go test -count=1 -v ./deploy/image

# Without vet, which would also read the types of Kubernetes.
manifests: build ## check the files for Kubernetes and Nomad, and run the rule of Snakemake
	cd deploy/manifests && go test -vet=off -count=1 ./...
	SPIQSWEEP_MANIFESTS=1 go test -count=1 ./deploy/snakemake

cover: ## coverage of the packages that decide what is counted
	go test -cover ./coordinator/queue ./sweep/grid ./simulator/recording ./simulator/statistics

simulate: ## run SEEDS histories (default 1000) of simulated processes, network and clocks, and STORE_SEEDS (10) on each real store
	go test -count=1 -v ./deploy/simulate -timeout 0 -seeds $(SEEDS) -store-seeds $(STORE_SEEDS)

.PHONY: scale
scale: ## simulate whole sweeps on WORKERS workers with TASKS tasks (10000 and 1000000 for deploy/SCALE.md: about ten minutes of CPU time), from SEED (1)
	GOGC=400 go test -count=1 -v ./deploy/simulate -timeout 0 -run TestMakespan -makespan-workers $(WORKERS) -makespan-tasks $(TASKS) -makespan-seed $(SEED)

documents: ## run every command of the documents in a fresh clone (of what is committed), with an empty home and no cache
	SPIQSWEEP_DOCUMENTS=$(DOCUMENTSTIME) go test -count=1 -timeout 0 -v -run TestDocuments ./deploy/documents

e2e: ## run the real binaries as processes over sockets, failpoints and all
	go test -count=1 -v ./deploy/e2e

TASKS   ?= 100000
WORKERS ?= 1000
STORE   ?=

load: build ## measure a coordinator under TASKS of WORKERS, on SQLite or on STORE=postgres://…
	go run ./deploy/load -tasks $(TASKS) -workers $(WORKERS) -store '$(STORE)' $(LOADFLAGS)

chaos: ## run ROUNDS sweeps (default 50) on each store, each with a fault, and check that they complete
	SPIQSWEEP_ROUNDS=$(ROUNDS) go test -count=1 -timeout 2h -v -run TestChaos ./deploy/e2e

slurm: ## run workers in a private Slurm on this machine, as root and as an ordinary user
	SPIQSWEEP_SLURM=1 go test -count=1 -timeout 10m -v ./deploy/slurm

hosts: ## run sweeps between three hosts whose network fails (Linux, root, nftables, iproute2, openssh-server)
	SPIQSWEEP_HOSTS=1 go test -count=1 -timeout 10m -v ./deploy/hosts

clean: ## remove what was built
	rm -rf bin

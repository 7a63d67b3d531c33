# Needs a Rust toolchain, make and a network to the package registries; what else a target needs, it installs.

# One profile for build, run and test, so that every dependency compiles once. `make run PROFILE=release` serves the optimized binary.
PROFILE ?= dev
# More flags for `make run` and `make bench-orders`.
ARGS ?=
# What `make replay` reads: the shipped sample, or DATA=<file>.csv or .csv.gz with the same columns.
DATA ?= examples/online-retail/sample.csv
REPLAY_PROFILE ?= release
# What `make bench-orders` loads: memory or sqlite.
STORE ?= sqlite
# How often `make test-chaos` kills the server, fills its disk, lets each caller hang up and, in percent of `make test`, cuts the power,
# and from which seed the moments are drawn; the seed is printed.
KILLS ?= 30
FILLS ?= 10
DROPS ?= 1000
CUTS ?= 1000
SEED ?= $(shell date +%s)
CARGO ?= cargo
# The tests of a schema version that no release writes, with the features of the whole workspace, so that no dependency is built again.
NEXT_SCHEMA = --workspace --cargo-profile $(PROFILE) --features commerce-store-sqlite/next_schema --test migrating

.DEFAULT_GOAL := help
.PHONY: help run test golden test-chaos replay lint fmt doc rules deny bench bench-orders ci

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Binaries are named without their package, so that they share the features, and with them the dependencies, of the whole workspace.
run: ## serve the engine over HTTP on this machine; ARGS=--help lists its flags
	$(CARGO) run --profile $(PROFILE) --bin commerce -- serve $(ARGS)

test: ## run every test, doctests included
	.ci/install-tool cargo-nextest
	.ci/install-tool curl
	$(CARGO) nextest run --workspace --cargo-profile $(PROFILE)
	$(CARGO) test --workspace --doc --profile $(PROFILE)
	@echo 'the release that comes after this one, on a file that this one wrote:'
	$(CARGO) nextest run $(NEXT_SCHEMA)

golden: ## write anew the committed file of the present schema version, and check that the next one reads it
	UPDATE_GOLDEN=1 $(CARGO) nextest run --workspace --cargo-profile $(PROFILE) --test migrating -E 'test(the_committed_file_is_what_this_version_writes)'
	$(CARGO) nextest run $(NEXT_SCHEMA)

# The tests of `make test` whose names say chaos, and those that cut the power, at length and with what they print.
test-chaos: ## crashes under load and power cuts, at length: KILLS= how often, CUTS= in percent, SEED= from which seed
	.ci/install-tool cargo-nextest
	CHAOS_KILLS=$(KILLS) CHAOS_FILLS=$(FILLS) CHAOS_DROPS=$(DROPS) CHAOS_CUTS=$(CUTS) CHAOS_SEED=$(SEED) $(CARGO) nextest run --workspace --cargo-profile $(PROFILE) --profile chaos

replay: ## replay a real shop's invoices and reconcile; DATA= for the whole file
	$(CARGO) run --profile $(REPLAY_PROFILE) --bin online-retail -- $(DATA)

# The whole workspace turns on features that a part of it lacks: the binaries and the api are checked as their users build them.
lint: ## clippy with warnings denied: everything, the binaries alone, the api without its HTTP door, the next schema version
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	$(CARGO) clippy -p commerce-server -p online-retail -- -D warnings
	$(CARGO) clippy -p commerce-server --no-default-features -- -D warnings
	$(CARGO) clippy -p commerce-store-sqlite --features next_schema --test migrating -- -D warnings

fmt: ## format the code
	$(CARGO) fmt --all

doc: ## build the documentation with warnings denied
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps

rules: ## check which room and which crate may depend on which
	.ci/rules

deny: ## check licenses, banned crates and sources of all dependencies
	.ci/install-tool cargo-deny
	$(CARGO) deny --locked check --hide-inclusion-graph licenses bans sources

bench: ## run the criterion benchmarks
	$(CARGO) bench -p commerce-benches

bench-orders: ## load the engine with orders; STORE=memory or sqlite, ARGS=--help lists its flags
	$(CARGO) build --release --bin commerce --bin bench-orders
	$(CARGO) run --release --bin bench-orders -- --store $(STORE) $(ARGS)

ci: ## run all that a change must pass, with the seconds of each stage
	.ci/run

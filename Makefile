# SongHan: what a newcomer types. `make demo` shows the whole way of a file; `make test` is everything a change needs to pass.
SWIFT_FLAGS := --explicit-target-dependency-import-check error
SONGHAN := .build/release/songhan
DEMO := demo
BENCH_PACKAGES := python3 python3-venv gcc pkg-config libxml2-dev postgresql postgresql-client zstd valgrind linux-perf
TEST_PACKAGES := libxml2-utils python3-venv
GUARD_PACKAGES := python3 binutils valgrind postgresql
PACKAGES := libpq-dev libxml2-dev zlib1g-dev libzstd-dev libssl-dev openssl postgresql postgresql-client pkg-config

.PHONY: help packages build release test suite test-tools chaos mutations pages lint demo demo-stop bench bench-guard \
  bench-packages fuzz fuzz-short ceilings clean

help:
	@echo "make demo       a warehouse, made-up hospital files, one run, and where to look"
	@echo "make test       everything a change needs to pass: the suite, and the guard over instructions per dossier"
	@echo "make suite      the tests and the fuzzing, without the guard"
	@echo "make chaos      500 random scenarios of what may go wrong (an hour; SEED=n plays one again, SCENARIOS=n fewer)"
	@echo "make mutations  breaks our own code in twenty ways, one after the other: does a test notice? (an hour)"
	@echo "make build      debug build, layers checked by the compiler"
	@echo "make release    the program: $(SONGHAN)"
	@echo "make pages      the pages of the manual that come from the definitions"
	@echo "make lint       the formatter's opinion"
	@echo "make demo-stop  stop the demo's warehouse"
	@echo "make bench      how fast it is, beside the floors and a peer (ten minutes; QUICK=1: two)"
	@echo "make bench-guard  instructions per dossier against the recorded figures (RECORD=1 records them)"
	@echo "make ceilings   hostile files: verdict, seconds and memory of each (FULL=1: gigabytes too)"
	@echo "make fuzz       ten minutes of every fuzz target (SECONDS=60, TARGETS=\"csv gzip\", SEED=7)"

# Installs what a fresh Debian machine lacks; quiet and quick when nothing is missing.
packages:
	@missing=""; for p in $(PACKAGES); do dpkg -s $$p >/dev/null 2>&1 || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then \
	  echo "installing:$$missing"; \
	  if [ "$$(id -u)" = 0 ]; then sudo=; else sudo=sudo; fi; \
	  $$sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -qq --no-install-recommends $$missing; \
	fi

build: packages
	swift build $(SWIFT_FLAGS)

# Swift's libraries are linked in: a start costs a third less, and the program runs where there is no Swift.
release: packages
	swift build -c release --product songhan --static-swift-stdlib $(SWIFT_FLAGS)

# The SFTP test needs an OpenSSH server. Installing one starts it on some machines, so that is left to root: containers and CI.
test: suite bench-guard

# The tests and ten minutes of fuzzing.
suite: packages test-tools
	@if [ "$$(id -u)" = 0 ]; then $(MAKE) --no-print-directory packages PACKAGES="openssh-server openssh-client"; fi
	swift build --build-tests $(SWIFT_FLAGS)
	swift test --skip-build --skip ChaosTests
	swift test --skip-build --filter ChaosTests
	@$(MAKE) --no-print-directory fuzz-short

# Programs of others that read what we export.
test-tools:
	@$(MAKE) --no-print-directory packages PACKAGES="$(TEST_PACKAGES)"
	@test -x .build/tools/bin/frictionless || { python3 -m venv .build/tools && \
	  .build/tools/bin/pip install --quiet --disable-pip-version-check -r Tests/requirements.txt; }

# A debug build: only that obeys planted faults. The server is stopped in every fourth scenario.
chaos: packages
	swift build $(SWIFT_FLAGS)
	.build/debug/chaos $(if $(SEED),--seed $(SEED),--scenarios $(or $(SCENARIOS),500)) $(if $(FROM),--from $(FROM)) $(if $(LANES),--lanes $(LANES))

mutations: packages
	Tests/Mutations/run $(ONLY)

# The manual's page of rules, from the catalogue; a test compares the two.
pages: build
	.build/debug/songhan rules page --output docs/manual/rules.md

lint:
	swift format lint --strict --recursive --parallel Sources Tests Package.swift

demo: release
	@$(SONGHAN) init $(DEMO) --shared-definitions >/dev/null
	@cd $(DEMO) && ../$(SONGHAN) warehouse start && ../$(SONGHAN) warehouse migrate
	@$(SONGHAN) sample --facility 48001 --visits 500 --files 4 --faults 0.02 --seed 2025 \
	  --output $(DEMO)/inbox/48001 --manifest $(DEMO)/planted.json
	@echo; cd $(DEMO) && { ../$(SONGHAN) run --assume-settled; code=$$?; [ $$code = 0 ] || [ $$code = 3 ]; }
	@echo; echo "Look around (in $(DEMO)/):"
	@echo "  receipts/48001/          what the hospital gets back, in Vietnamese"
	@echo "  outbox/                  what would leave, once a destination is configured in songhan.yaml"
	@echo "  reports/                 a report of each run, and metrics for Prometheus"
	@echo "  cd $(DEMO) && ../$(SONGHAN) receipts show 1"
	@echo "  cd $(DEMO) && ../$(SONGHAN) warehouse psql -c 'SELECT care_month, count(*), sum(total_hospital_amount) FROM health.encounter GROUP BY 1 ORDER BY 1'"
	@echo "Again: make demo    (nothing is loaded twice)      Stop: make demo-stop"

demo-stop:
	@cd $(DEMO) && ../$(SONGHAN) warehouse stop

# The ways of measuring are told in docs/manual/performance.md. SONGHAN=path measures another build.
bench: release bench-packages
	@test -x Benchmarks/.venv/bin/python || python3 -m venv Benchmarks/.venv
	@Benchmarks/.venv/bin/pip install --quiet --disable-pip-version-check -r Benchmarks/requirements.txt
	@python3 Benchmarks/bench.py --songhan $(SONGHAN) $(if $(QUICK),--quick)

# A release build and about a minute. Where valgrind cannot be had or does not run, it says so and passes.
bench-guard: release
	-@$(MAKE) --no-print-directory packages PACKAGES="$(GUARD_PACKAGES)"
	@python3 Benchmarks/guard.py --songhan $(SONGHAN) $(if $(RECORD),--record)

bench-packages:
	@$(MAKE) --no-print-directory packages PACKAGES="$(BENCH_PACKAGES)"

# What is fuzzed, and how, is told in docs/manual/limits.md.
fuzz: packages
	@Fuzz/run long $(or $(SECONDS),600)

# The corpus, and a minute of every target.
fuzz-short: packages
	@Fuzz/run short $(or $(SECONDS),60)

ceilings: release
	@$(MAKE) --no-print-directory packages PACKAGES="python3"
	@python3 Benchmarks/ceilings.py --songhan $(SONGHAN) $(if $(FULL),--full)

clean:
	rm -rf .build .build-fuzz

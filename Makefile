# Rollcall's commands. Each installs the Debian packages it lacks first; `make setup` does only that.
PREFIX ?= /usr/local
ARGS ?=
WIDTH ?= 4
MINUTES ?= 60

# With Swift's own libraries inside, so that the program runs where the toolchain is not.
RELEASE = swift build -c release --static-swift-stdlib -Xswiftc -use-ld=lld
OUTPUT = .build/release

.PHONY: build demo test soak bench lint install setup setup-build setup-test

build: setup-build
	$(RELEASE) --product rollcall

# A throwaway PostgreSQL and slapd with Rollcall between them. ARGS=--keep leaves them up.
demo: setup
	$(RELEASE) --product rollcall
	$(OUTPUT)/rollcall demo $(ARGS)

# A debug build: it checks arithmetic, exclusivity and assertions on the way. ARGS='--filter NAME' runs a part.
# Many tests start servers: WIDTH of them run side by side, so that none waits past its deadline for a processor.
# It prints failures only, and all of them once more at the end; ARGS=--verbose prints each test.
test: setup-test
	swift build --build-tests
	@SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=$(WIDTH) sh .ci/test $(ARGS)

# The model tests, each for as many MINUTES: random transactions against random faults, with standbys of PostgreSQL that
# take over, a second directory on the same log, and two providers that replicate. The seed is printed first; SEED=n
# draws the same again. ARGS='--directory 389ds' runs them against that server. And a full notification queue, for which
# 8 GB of disk are needed in TMPDIR.
soak: setup-test
	swift build --build-tests
	ROLLCALL_MODEL_SECONDS=$$(($(MINUTES) * 60)) $(if $(SEED),ROLLCALL_MODEL_SEED=$(SEED)) \
	  $(if $(filter --directory,$(ARGS)),ROLLCALL_MODEL_DIRECTORY=$(lastword $(ARGS))) \
	  ROLLCALL_SOAK=1 swift test --skip-build --disable-xctest --filter '^SystemTests.(ModelTests|QueueTests)'

bench: setup
	$(RELEASE) --product rollcall
	$(RELEASE) --product rollcall-bench
	$(OUTPUT)/rollcall-bench $(ARGS)

lint:
	swift format lint --strict -r Sources Tests Package.swift

# What is there is installed, without its symbols, so that `make build && sudo make install` builds nothing as root.
install: | $(OUTPUT)/rollcall
	install -d '$(DESTDIR)$(PREFIX)/bin' '$(DESTDIR)$(PREFIX)/share/rollcall/sql'
	install -s -m 755 $(OUTPUT)/rollcall '$(DESTDIR)$(PREFIX)/bin/rollcall'
	install -m 644 sql/*.sql '$(DESTDIR)$(PREFIX)/share/rollcall/sql/'

$(OUTPUT)/rollcall:
	$(MAKE) build

setup:
	@sh .ci/setup build servers

setup-build:
	@sh .ci/setup build

setup-test:
	@sh .ci/setup build servers directories poolers

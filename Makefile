# Rollcall's commands. Each installs the Debian packages it lacks first; `make setup` does only that.
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
ARGS ?=
WIDTH ?= 4
MINUTES ?= 60

# With Swift's own libraries inside, so that the program runs where the toolchain is not, and with the commit's name.
RELEASE = swift build -c release --static-swift-stdlib -Xswiftc -use-ld=lld $(shell sh Packaging/commit)
OUTPUT = .build/release
# What `make install` installs.
PROGRAM ?= $(OUTPUT)/rollcall
# And beside it, where it has been built.
DASHBOARD ?= $(OUTPUT)/rollcall-dashboard

# The one place for the version is the program's source.
VERSION = $(shell sed -n 's/.* static let number = "\(.*\)"/\1/p' Sources/RollcallAdministration/Version.swift)

# Where things go below DESTDIR.
BIN = $(PREFIX)/bin
DATA = $(PREFIX)/share/rollcall
DOC = $(PREFIX)/share/doc/rollcall
MAN = $(PREFIX)/share/man
BASH = $(PREFIX)/share/bash-completion/completions
ZSH = $(PREFIX)/share/zsh/site-functions
FISH = $(PREFIX)/share/fish/vendor_completions.d
UNITS = $(PREFIX)/lib/systemd/system
SYSUSERS = $(PREFIX)/lib/sysusers.d
CONFIGURATION = $(SYSCONFDIR)/rollcall

.PHONY: build dashboard demo test soak bench lint version install install-dashboard uninstall deb setup setup-build setup-test

build: setup-build
	$(RELEASE) --product rollcall

# The web page, a program of its own, with a web server that takes some minutes to build the first time.
dashboard: setup-build
	$(RELEASE) --product rollcall-dashboard

# A throwaway PostgreSQL and slapd with Rollcall between them. ARGS=--keep leaves them up.
# ARGS=--dashboard serves the web page on them, which is built only then.
demo: setup
	$(RELEASE) --product rollcall
	$(if $(filter --dashboard,$(ARGS)),$(RELEASE) --product rollcall-dashboard)
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
	  ROLLCALL_SOAK=1 swift test --skip-build --disable-xctest --filter '^SystemTests.(ModelTests|QueueTests|SlowDirectoryTests|LeaverTests)'

bench: setup
	$(RELEASE) --product rollcall
	$(RELEASE) --product rollcall-bench
	$(OUTPUT)/rollcall-bench $(ARGS)

lint:
	swift format lint --strict -r Sources Tests Package.swift

version:
	@echo $(VERSION)

# What is built is installed, without its symbols, so that `make build && sudo make install` builds nothing as root.
# Nothing is started, and an example that has been edited is left.
install: | $(PROGRAM)
	install -d '$(DESTDIR)$(BIN)' '$(DESTDIR)$(DATA)/sql' '$(DESTDIR)$(DATA)/monitoring' '$(DESTDIR)$(DOC)' '$(DESTDIR)$(MAN)/man1' '$(DESTDIR)$(MAN)/man5'
	install -d '$(DESTDIR)$(BASH)' '$(DESTDIR)$(ZSH)' '$(DESTDIR)$(FISH)' '$(DESTDIR)$(UNITS)' '$(DESTDIR)$(SYSUSERS)'
	install -d '$(DESTDIR)$(CONFIGURATION)'
	install -s -m 755 $(PROGRAM) '$(DESTDIR)$(BIN)/rollcall'
	! test -e $(DASHBOARD) || $(MAKE) --no-print-directory install-dashboard
	install -m 644 sql/*.sql '$(DESTDIR)$(DATA)/sql/'
	install -m 644 Packaging/monitoring/* '$(DESTDIR)$(DATA)/monitoring/'
	install -m 644 LICENSE '$(DESTDIR)$(DOC)/'
	install -m 644 Packaging/rollcall.schema.json '$(DESTDIR)$(DATA)/'
	install -m 644 Packaging/man/*.1 '$(DESTDIR)$(MAN)/man1/'
	install -m 644 Packaging/man/*.5 '$(DESTDIR)$(MAN)/man5/'
	$(PROGRAM) --generate-completion-script bash >'$(DESTDIR)$(BASH)/rollcall'
	sed -i '1{/^#!/d}' '$(DESTDIR)$(BASH)/rollcall'
	$(PROGRAM) --generate-completion-script zsh >'$(DESTDIR)$(ZSH)/_rollcall'
	$(PROGRAM) --generate-completion-script fish >'$(DESTDIR)$(FISH)/rollcall.fish'
	for unit in Packaging/systemd/rollcall*; do \
	  sed 's|@BIN@|$(BIN)|; s|@CONFIGURATION@|$(CONFIGURATION)|' "$$unit" >"$(DESTDIR)$(UNITS)/$${unit##*/}" && \
	  chmod 644 "$(DESTDIR)$(UNITS)/$${unit##*/}" || exit; \
	done
	install -m 644 Packaging/sysusers.conf '$(DESTDIR)$(SYSUSERS)/rollcall.conf'
	test -e '$(DESTDIR)$(CONFIGURATION)/example.yaml' || \
	  install -m 644 Packaging/example.yaml '$(DESTDIR)$(CONFIGURATION)/example.yaml'

install-dashboard: | $(DASHBOARD)
	install -d '$(DESTDIR)$(BIN)' '$(DESTDIR)$(MAN)/man1' '$(DESTDIR)$(UNITS)'
	install -s -m 755 $(DASHBOARD) '$(DESTDIR)$(BIN)/rollcall-dashboard'
	install -m 644 Packaging/dashboard/rollcall-dashboard.1 '$(DESTDIR)$(MAN)/man1/'
	sed 's|@BIN@|$(BIN)|; s|@CONFIGURATION@|$(CONFIGURATION)|' Packaging/dashboard/rollcall-dashboard.service \
	  >'$(DESTDIR)$(UNITS)/rollcall-dashboard.service'
	chmod 644 '$(DESTDIR)$(UNITS)/rollcall-dashboard.service'

# Everything that `install` installs, but for configurations that are not the example as it came.
uninstall:
	rm -f '$(DESTDIR)$(BIN)/rollcall-dashboard' '$(DESTDIR)$(MAN)/man1/rollcall-dashboard.1'
	rm -f '$(DESTDIR)$(UNITS)/rollcall-dashboard.service'
	rm -f '$(DESTDIR)$(BIN)/rollcall' '$(DESTDIR)$(MAN)/man1/rollcall.1' '$(DESTDIR)$(MAN)/man5/rollcall.yaml.5'
	rm -f '$(DESTDIR)$(BASH)/rollcall' '$(DESTDIR)$(ZSH)/_rollcall' '$(DESTDIR)$(FISH)/rollcall.fish'
	rm -f $(patsubst Packaging/systemd/%,'$(DESTDIR)$(UNITS)/%',$(wildcard Packaging/systemd/rollcall*))
	rm -f '$(DESTDIR)$(SYSUSERS)/rollcall.conf'
	rm -rf '$(DESTDIR)$(DATA)' '$(DESTDIR)$(DOC)'
	! cmp -s Packaging/example.yaml '$(DESTDIR)$(CONFIGURATION)/example.yaml' || \
	  rm '$(DESTDIR)$(CONFIGURATION)/example.yaml'
	! test -d '$(DESTDIR)$(CONFIGURATION)' || rmdir --ignore-fail-on-non-empty '$(DESTDIR)$(CONFIGURATION)'

# The Debian packages rollcall and rollcall-dashboard, in .build/deb. They hold what is built; `make build dashboard deb`
# builds it anew.
deb: | $(PROGRAM) $(DASHBOARD)
	@sh Packaging/deb $(PROGRAM) $(DASHBOARD)

$(OUTPUT)/rollcall:
	$(MAKE) build

$(OUTPUT)/rollcall-dashboard:
	$(MAKE) dashboard

setup:
	@sh .ci/setup build servers

setup-build:
	@sh .ci/setup build

setup-test:
	@sh .ci/setup build servers directories poolers monitoring browser clocks

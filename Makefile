# make help explains the targets. What they do stands in .ci/, one script each.

PREFIX  ?= /usr/local
DESTDIR ?=
export PREFIX DESTDIR

BIN := bin/lxcdeck

.DEFAULT_GOAL := help
.PHONY: help build install uninstall deb rpm reproducible demo demo-clean test bench lint test-vm test-arm64 screenshots looks clean

help:
	@echo 'lxcdeck: a terminal screen for LXC hosts'
	@echo
	@echo '  make demo         install what is missing, build, make six small containers,'
	@echo '                    open lxcdeck on them; again: starts in seconds'
	@echo '  make demo-clean   remove those containers'
	@echo '  make test         install what is missing, run all tests (on real LXC when root)'
	@echo
	@echo '  make build        build $(BIN)'
	@echo '  make install      put it, its man page, completions for bash, zsh and fish and an example'
	@echo '                    of its settings under PREFIX (now $(PREFIX)); DESTDIR works'
	@echo '  make uninstall    take them away again'
	@echo '  make deb, make rpm  a package of this source in bin/; ARCH=arm64 builds it for that machine'
	@echo '  make reproducible   build twice in different places and compare byte by byte'
	@echo '  make bench        measure against the promised figures; fails when one is missed'
	@echo '  make lint         gofmt, go vet, golangci-lint, shellcheck'
	@echo '  make test-vm      tests in virtual machines with pure cgroup v2, LXC 5 and 6 (SUITE=bookworm|trixie: one)'
	@echo '                    ZFS=1: with ZFS, whose image takes ten minutes to build (bookworm)'
	@echo '  make test-arm64   build for arm64 and start that under emulation'
	@echo '  make screenshots  draw screenshots/*.png from the running program'
	@echo '  make looks        draw all screens at several sizes, in colours and without, into bin/looks'
	@echo '  make clean        remove what was built here'
	@echo
	@echo 'YES=1 installs packages without asking. RACE=0 runs the tests without the race'
	@echo 'detector. Needs: git, and on Debian or Ubuntu apt; elsewhere the missing packages'
	@echo 'are named. Go from 1.16 on fetches the Go of go.mod.'

build:
	@.ci/deps build
	@.ci/build $(BIN)

# What was built by "make build" is installed as it is: "make build, then
# sudo make install" needs no Go for root.
install:
	@test -x $(BIN) || $(MAKE) build
	@BIN=$(BIN) .ci/install

uninstall:
	@.ci/install remove

deb rpm:
	@.ci/package $@

reproducible:
	@.ci/reproducible

demo:
	@.ci/deps build demo
	@$(MAKE) --no-print-directory build
	@.ci/demo open

demo-clean:
	@.ci/demo clean

test:
	@.ci/test

bench:
	@.ci/bench

lint:
	@.ci/lint

test-vm:
	@.ci/vm/test

test-arm64:
	@.ci/arm64-test

looks:
	@.ci/deps build looks
	@screenshots/looks

screenshots:
	@.ci/deps build demo screenshots
	@$(MAKE) --no-print-directory build
	@screenshots/make

clean:
	rm -rf bin

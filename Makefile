# gatewatch: build, test, install. `make help` lists the targets.

PREFIX   ?= /usr/local
DESTDIR  ?=
BUILD    ?= build
MODE     ?= release
VERSION  := $(shell cat VERSION)
ifeq ($(origin CC),default)
CC := $(if $(filter clang,$(MODE)),clang,gcc)
endif

PKGS      := ncursesw libcurl jansson yaml-0.1 libcrypto
SIM_PKGS  := libmicrohttpd gnutls jansson yaml-0.1 libcrypto libssl
UNIT_PKGS := cmocka libssl
SCREEN_PKGS := cmocka vterm libcurl

# ---- flags ----------------------------------------------------------------------------------------------------------
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wvla -Wmissing-prototypes -Wstrict-prototypes -Wswitch-enum \
        -Wwrite-strings -Wpointer-arith -Wformat=2 -Wno-format-zero-length -Wno-missing-field-initializers \
        -Werror=implicit-function-declaration
# WERROR=1 makes a warning an error; tests/run.py builds that way.
WERROR ?= $(if $(CI),1)
ifneq ($(WERROR),)
WARN += -Werror
endif
HARDEN_CFLAGS  := -fPIE -fstack-protector-strong -fstack-clash-protection
HARDEN_LDFLAGS := -pie -Wl,-z,relro,-z,now,-z,noexecstack

ifneq ($(filter release clang,$(MODE)),)
OPT := -O2 -g -D_FORTIFY_SOURCE=2
else ifeq ($(MODE),asan)
OPT := -O1 -g -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined
else ifeq ($(MODE),tsan)
OPT := -O1 -g -fsanitize=thread -fno-omit-frame-pointer
else ifeq ($(MODE),cov)
OPT := -O0 -g --coverage
else ifeq ($(MODE),fuzz)
CC  := clang
OPT := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
else
$(error MODE must be release, clang, asan, tsan, cov or fuzz)
endif

# Modes live side by side: release in build/, the others in build/MODE/.
OUT := $(BUILD)$(if $(filter release,$(MODE)),,/$(MODE))
GEN := $(BUILD)/gen

CFLAGS     ?=
ALL_CFLAGS  = -std=c17 -D_GNU_SOURCE -Iinclude -Isrc -I$(GEN) $(WARN) $(HARDEN_CFLAGS) $(OPT) -MMD -MP -pthread $(CFLAGS)
LDLIBS      = $(shell pkg-config --libs $(PKGS)) -pthread -lm
SIM_LDLIBS  = $(shell pkg-config --libs $(SIM_PKGS)) -pthread -lm
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)

# V=1 shows the commands.
SILENT := $(findstring s,$(firstword -$(MAKEFLAGS)))
Q = @$(if $(V),set -x;,$(if $(SILENT),,echo "  $(1) $@";))

# ---- sources: the folder is the table ---------------------------------------------------------------------------------
ROOMS    := base config http auth model kinds source routing topology diagnose fix engine report ui cli
SRC      := $(sort $(foreach r,$(ROOMS),$(wildcard src/$(r)/*.c src/$(r)/*/*.c)))
MAIN     := src/cli/main.c
LIB_OBJ  := $(patsubst src/%.c,$(OUT)/obj/%.o,$(filter-out $(MAIN),$(SRC)))
MAIN_OBJ := $(patsubst src/%.c,$(OUT)/obj/%.o,$(wildcard $(MAIN)))
SIM_MAIN := $(wildcard src/sim/main.c)
SIM_SRC  := $(sort $(wildcard src/sim/*.c src/sim/*/*.c))
SIM_OBJ  := $(patsubst src/%.c,$(OUT)/obj/%.o,$(SIM_SRC))
UNIT_SRC := $(sort $(wildcard tests/unit/test_*.c) $(wildcard tests/rules/test_*.c))
UNIT_BIN := $(patsubst tests/%.c,$(OUT)/tests/%,$(UNIT_SRC))
UNIT_LIB := $(patsubst tests/%.c,$(OUT)/tests/%.o,$(sort $(filter-out $(UNIT_SRC) %_fixture.c,$(wildcard tests/unit/*.c tests/rules/*.c))))
SCREEN_SRC := $(sort $(wildcard tests/screens/test_*.c))
SCREEN_BIN := $(patsubst tests/%.c,$(OUT)/tests/%,$(SCREEN_SRC))
SCREEN_LIB := $(patsubst tests/%.c,$(OUT)/tests/%.o,$(filter-out $(SCREEN_SRC),$(wildcard tests/screens/*.c)))

PROGRAMS := $(if $(MAIN_OBJ),$(OUT)/gatewatch) $(if $(SIM_MAIN),$(OUT)/gatewatch-sim)

.PHONY: all
all: packages $(PROGRAMS) ## build gatewatch and gatewatch-sim into build/

# Says what to install instead of failing on a missing header. Nothing is looked up once the last look was good.
.PHONY: packages
packages: $(BUILD)/packages
$(BUILD)/packages: scripts/deps
	@mkdir -p $(BUILD)
	@scripts/deps --check build || { echo "make: 'make deps' installs them" >&2; exit 1; }
	@touch $@
$(GEN)/registry.stamp: | packages

# Registries are made from the folder's contents; a change of the list rebuilds those who read it.
$(GEN)/registry.stamp: FORCE scripts/registries | $(GEN)
	@scripts/registries $(GEN)
# With this, who reads a table waits for it and sees whether it changed, in the same run.
$(GEN)/%_registry.h: $(GEN)/registry.stamp ;
$(GEN):
	@mkdir -p $@
.PHONY: FORCE
FORCE:

# What was built with other flags is built again; whether a warning was an error then makes no difference.
FLAGS_USED = $(filter-out -Werror,$(CC) $(ALL_CFLAGS) $(PKG_CFLAGS))
$(OUT)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(FLAGS_USED)' | cmp -s - $@ || echo '$(FLAGS_USED)' >$@

# Where it will be installed, and its version, are known only to the .c files that name them.
PLACED_DEFS := -DGATEWATCH_VERSION='"$(VERSION)"' -DGATEWATCH_DATADIR='"$(PREFIX)/share/gatewatch"'
PLACED      := $(if $(SRC)$(SIM_SRC)$(UNIT_SRC),$(shell grep -lE 'GATEWATCH_(VERSION|DATADIR)' $(SRC) $(SIM_SRC) $(UNIT_SRC)))
PLACED_OBJ  := $(patsubst src/%.c,$(OUT)/obj/%.o,$(filter src/%,$(PLACED))) \
               $(patsubst tests/%.c,$(OUT)/tests/%.o,$(filter tests/%,$(PLACED)))
$(PLACED_OBJ): ALL_CFLAGS += $(PLACED_DEFS)
$(PLACED_OBJ): $(OUT)/placed
$(OUT)/placed: FORCE
	@mkdir -p $(@D)
	@echo '$(PREFIX) $(VERSION)' | cmp -s - $@ || echo '$(PREFIX) $(VERSION)' >$@

$(OUT)/gatewatch: $(MAIN_OBJ) $(OUT)/libgatewatch.a
	$(call Q,LINK)$(CC) $(OPT) $(HARDEN_LDFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)
$(OUT)/libgatewatch.a: $(LIB_OBJ)
	@mkdir -p $(@D)
	@rm -f $@
	$(call Q,AR  )ar rcs $@ $^
$(OUT)/gatewatch-sim: $(SIM_OBJ)
	$(call Q,LINK)$(CC) $(OPT) $(HARDEN_LDFLAGS) $(LDFLAGS) -o $@ $^ $(SIM_LDLIBS)

$(OUT)/obj/%.o: src/%.c $(OUT)/flags | $(GEN)/registry.stamp
	@mkdir -p $(@D)
	$(call Q,CC  )$(CC) $(ALL_CFLAGS) $(PKG_CFLAGS) -c -o $@ $<
# The simulator is a program of its own; ours does without some functions.
$(LIB_OBJ) $(MAIN_OBJ): ALL_CFLAGS += -include gatewatch/banned.h
$(OUT)/tests/%.o: tests/%.c $(OUT)/flags | $(GEN)/registry.stamp
	@mkdir -p $(@D)
	$(call Q,CC  )$(CC) $(ALL_CFLAGS) $(PKG_CFLAGS) -Itests -c -o $@ $<
$(UNIT_BIN): %: %.o $(UNIT_LIB) $(OUT)/libgatewatch.a
	$(call Q,LINK)$(CC) $(OPT) $(HARDEN_LDFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS) $(shell pkg-config --libs $(UNIT_PKGS))
$(SCREEN_BIN): %: %.o $(SCREEN_LIB)
	$(call Q,LINK)$(CC) $(OPT) $(HARDEN_LDFLAGS) $(LDFLAGS) -o $@ $^ $(shell pkg-config --libs $(SCREEN_PKGS)) -lutil
$(OUT)/tests/fuzz/%: $(OUT)/tests/fuzz/%.o $(OUT)/libgatewatch.a
	$(call Q,LINK)$(CC) $(OPT) -fsanitize=fuzzer $(HARDEN_LDFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)
.SECONDARY:
.DELETE_ON_ERROR:

.PHONY: unit screens objects
unit: packages $(UNIT_BIN) ## build the unit tests (tests/run.py unit runs them)
screens: packages $(SCREEN_BIN) ## build the screen tests (tests/run.py screens runs them)
# Everything compiled, nothing linked: how the second compiler has its say.
objects: $(LIB_OBJ) $(MAIN_OBJ) $(SIM_OBJ) $(UNIT_LIB) $(UNIT_BIN:%=%.o) $(SCREEN_LIB) $(SCREEN_BIN:%=%.o)

-include $(shell find $(OUT)/obj $(OUT)/tests -name '*.d' 2>/dev/null)

include tests/tests.mk

# ---- use --------------------------------------------------------------------------------------------------------------
.PHONY: deps demo
deps: ## install the packages that building, testing and the demo need (apt)
	@scripts/deps build demo test
demo: ## install what is missing, build, and open the dashboard on a simulated, broken environment
	@scripts/deps build demo
	@$(MAKE) --no-print-directory -s all
	@$(OUT)/gatewatch demo

# ---- install ----------------------------------------------------------------------------------------------------------
.PHONY: install uninstall
install: all ## install below PREFIX (/usr/local), and DESTDIR before it
	install -D -m 755 $(OUT)/gatewatch $(DESTDIR)$(PREFIX)/bin/gatewatch
	install -D -m 755 $(OUT)/gatewatch-sim $(DESTDIR)$(PREFIX)/bin/gatewatch-sim
	for page in $(wildcard docs/*.1); do install -D -m 644 $$page $(DESTDIR)$(PREFIX)/share/man/man1/$${page##*/}; done
	for page in $(wildcard docs/*.5); do install -D -m 644 $$page $(DESTDIR)$(PREFIX)/share/man/man5/$${page##*/}; done
	for theme in $(wildcard themes/*.yaml); do install -D -m 644 $$theme $(DESTDIR)$(PREFIX)/share/gatewatch/$$theme; done
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)$(PREFIX)/share/zsh/site-functions \
		$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	$(OUT)/gatewatch completions bash >$(DESTDIR)$(PREFIX)/share/bash-completion/completions/gatewatch
	$(OUT)/gatewatch completions zsh >$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_gatewatch
	$(OUT)/gatewatch completions fish >$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/gatewatch.fish
uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(PREFIX)/bin/gatewatch $(DESTDIR)$(PREFIX)/bin/gatewatch-sim
	for page in $(notdir $(wildcard docs/*.1)); do rm -f $(DESTDIR)$(PREFIX)/share/man/man1/$$page; done
	for page in $(notdir $(wildcard docs/*.5)); do rm -f $(DESTDIR)$(PREFIX)/share/man/man5/$$page; done
	rm -rf $(DESTDIR)$(PREFIX)/share/gatewatch
	rm -f $(DESTDIR)$(PREFIX)/share/bash-completion/completions/gatewatch
	rm -f $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_gatewatch
	rm -f $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/gatewatch.fish

.PHONY: clean help
clean: ## remove build/
	rm -rf $(BUILD)
help: ## list the targets
	@echo "gatewatch $(VERSION). Targets:"
	@sed -n 's/^\([a-z][a-z-]*\):[^#]*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | \
	    while IFS='|' read -r target text; do printf '%-14s %s\n' "$$target" "$$text"; done
	@echo "Variables: MODE=release|clang|asan|tsan|cov PREFIX=/usr/local DESTDIR= CC=gcc CFLAGS= WERROR=1 V=1 ONLY=WORD"

# gatewatch: build, test, install. `make help` lists the targets.

PREFIX   ?= /usr/local
DESTDIR  ?=
CC       ?= gcc
BUILD    ?= build
MODE     ?= release
VERSION  := $(shell cat VERSION)

PKGS      := ncursesw libcurl jansson yaml-0.1 libcrypto
SIM_PKGS  := libmicrohttpd gnutls jansson yaml-0.1 libcrypto libssl
TEST_PKGS := cmocka

# ---- flags ----------------------------------------------------------------------------------------------------------
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wvla -Wmissing-prototypes -Wstrict-prototypes -Wswitch-enum \
        -Wwrite-strings -Wpointer-arith -Wformat=2 -Wno-missing-field-initializers
ifdef CI
WARN += -Werror
endif
HARDEN_CFLAGS  := -fPIE -fstack-protector-strong -fstack-clash-protection
HARDEN_LDFLAGS := -pie -Wl,-z,relro,-z,now,-z,noexecstack

ifeq ($(MODE),release)
OPT := -O2 -g -D_FORTIFY_SOURCE=2
else ifeq ($(MODE),asan)
OPT := -O1 -g -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined
else ifeq ($(MODE),tsan)
OPT := -O1 -g -fsanitize=thread -fno-omit-frame-pointer
else ifeq ($(MODE),cov)
OPT := -O0 -g --coverage
else
$(error MODE must be release, asan, tsan or cov)
endif

# Modes live side by side: release in build/, the others in build/MODE/.
OUT := $(BUILD)$(if $(filter release,$(MODE)),,/$(MODE))
GEN := $(BUILD)/gen

CFLAGS   ?=
ALL_CFLAGS = -std=c17 -D_GNU_SOURCE -Iinclude -Isrc -I$(GEN) -DGATEWATCH_VERSION='"$(VERSION)"' \
             -DGATEWATCH_DATADIR='"$(PREFIX)/share/gatewatch"' \
             $(WARN) $(HARDEN_CFLAGS) $(OPT) -MMD -MP -pthread $(CFLAGS)
LDLIBS      = $(shell pkg-config --libs $(PKGS)) -pthread -lm
SIM_LDLIBS  = $(shell pkg-config --libs $(SIM_PKGS)) -pthread -lm
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)

# ---- sources: the folder is the table ---------------------------------------------------------------------------------
ROOMS    := base config http auth model kinds source routing topology diagnose fix engine report ui cli
SRC      := $(sort $(foreach r,$(ROOMS),$(wildcard src/$(r)/*.c src/$(r)/*/*.c)))
MAIN     := src/cli/main.c
LIB_OBJ  := $(patsubst src/%.c,$(OUT)/obj/%.o,$(filter-out $(MAIN),$(SRC)))
MAIN_OBJ := $(patsubst src/%.c,$(OUT)/obj/%.o,$(wildcard $(MAIN)))
SIM_SRC  := $(sort $(wildcard src/sim/*.c src/sim/*/*.c))
SIM_OBJ  := $(patsubst src/%.c,$(OUT)/obj/%.o,$(SIM_SRC))
UNIT_SRC := $(sort $(wildcard tests/unit/test_*.c) $(wildcard tests/rules/test_*.c))
UNIT_BIN := $(patsubst tests/%.c,$(OUT)/tests/%,$(UNIT_SRC))
SCREEN_SRC := $(sort $(wildcard tests/screens/test_*.c))
SCREEN_BIN := $(patsubst tests/%.c,$(OUT)/tests/%,$(SCREEN_SRC))
SCREEN_LIB := $(patsubst tests/%.c,$(OUT)/tests/%.o,$(filter-out $(SCREEN_SRC),$(wildcard tests/screens/*.c)))

.PHONY: all
all: $(OUT)/gatewatch $(OUT)/gatewatch-sim

# Registries are made from the folder's contents; a change of the list rebuilds those who read it.
REGISTRIES := kinds rules views credentials commands fixes
$(GEN)/registry.stamp: FORCE scripts/registries | $(GEN)
	@scripts/registries $(GEN)
$(GEN):
	@mkdir -p $@
.PHONY: FORCE
FORCE:

$(OUT)/gatewatch: $(MAIN_OBJ) $(OUT)/libgatewatch.a
	$(CC) $(OPT) $(HARDEN_LDFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)
$(OUT)/libgatewatch.a: $(LIB_OBJ)
	@rm -f $@
	ar rcs $@ $^
$(OUT)/gatewatch-sim: $(SIM_OBJ)
	$(CC) $(OPT) $(HARDEN_LDFLAGS) $(LDFLAGS) -o $@ $^ $(SIM_LDLIBS)

$(OUT)/obj/%.o: src/%.c | $(GEN)/registry.stamp
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(PKG_CFLAGS) -c -o $@ $<
$(OUT)/tests/%.o: tests/%.c | $(GEN)/registry.stamp
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(PKG_CFLAGS) -Itests -c -o $@ $<
$(OUT)/tests/unit/%: $(OUT)/tests/unit/%.o $(OUT)/libgatewatch.a
	$(CC) $(OPT) $(HARDEN_LDFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS) $(shell pkg-config --libs cmocka)
$(OUT)/tests/rules/%: $(OUT)/tests/rules/%.o $(OUT)/libgatewatch.a
	$(CC) $(OPT) $(HARDEN_LDFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS) $(shell pkg-config --libs cmocka)
$(OUT)/tests/screens/%: $(OUT)/tests/screens/%.o $(SCREEN_LIB)
	$(CC) $(OPT) $(HARDEN_LDFLAGS) $(LDFLAGS) -o $@ $^ $(shell pkg-config --libs cmocka vterm) -lutil
.SECONDARY:

.PHONY: unit screens
unit: $(UNIT_BIN)
screens: $(SCREEN_BIN)

-include $(shell find $(OUT)/obj $(OUT)/tests -name '*.d' 2>/dev/null)

include tests/tests.mk

# ---- install ----------------------------------------------------------------------------------------------------------
.PHONY: install
install: all
	install -D -m 755 $(OUT)/gatewatch $(DESTDIR)$(PREFIX)/bin/gatewatch
	install -D -m 755 $(OUT)/gatewatch-sim $(DESTDIR)$(PREFIX)/bin/gatewatch-sim
	install -D -m 644 docs/gatewatch.1 $(DESTDIR)$(PREFIX)/share/man/man1/gatewatch.1
	for t in themes/*.yaml; do install -D -m 644 $$t $(DESTDIR)$(PREFIX)/share/gatewatch/$$t; done
	install -D -m 644 completions/gatewatch.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/gatewatch
	install -D -m 644 completions/_gatewatch $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_gatewatch
	install -D -m 644 completions/gatewatch.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/gatewatch.fish

.PHONY: clean
clean:
	rm -rf $(BUILD)

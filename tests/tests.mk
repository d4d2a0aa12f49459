# Test targets; included by the Makefile.

# ONLY=PATTERN runs the tests whose name holds PATTERN.
ONLY ?=

.PHONY: test check lint bench cppcheck
test: ## install what is missing and run every test; ends with "N passed, N failed, N skipped"
	@scripts/deps build demo test
	@python3 tests/run.py $(if $(ONLY),--only '$(ONLY)')
check: ## unit, lint, screen and end-to-end tests on the plain build: the quick part of test
	@python3 tests/run.py --quick $(if $(ONLY),--only '$(ONLY)')
lint: ## layers, powers, headers, sizes, banned functions, spelling, shell scripts, manual page
	@python3 tests/run.py lint $(if $(ONLY),--only '$(ONLY)')
# Each target keeps what it found in build/fuzz/corpus/NAME; a crash stops it and is left beside it.
FUZZ_SECONDS ?= 20
FUZZERS := $(sort $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c)))
.PHONY: fuzz
fuzz: ## every parser under libFuzzer for FUZZ_SECONDS each (clang)
	@$(MAKE) --no-print-directory MODE=fuzz $(FUZZERS:%=$(BUILD)/fuzz/tests/fuzz/%)
	@set -e; for f in $(FUZZERS); do \
	    corpus=$(BUILD)/fuzz/corpus/$$f; mkdir -p $$corpus; echo "$$f"; \
	    $(BUILD)/fuzz/tests/fuzz/$$f -max_total_time=$(FUZZ_SECONDS) -timeout=10 -max_len=4096 -verbosity=0 \
	        -print_final_stats=1 -artifact_prefix=$(BUILD)/fuzz/$$f- $$corpus $$(ls -d tests/fuzz/seeds/$$f 2>/dev/null); \
	done
bench: all ## measure the budgets of the design
	@python3 tests/bench/run.py
cppcheck: ## a second opinion on the source, advisory
	@mkdir -p $(BUILD)/cppcheck
	cppcheck --quiet --std=c11 --enable=warning,portability,performance --inline-suppr -j 2 \
	    --cppcheck-build-dir=$(BUILD)/cppcheck --suppress=missingIncludeSystem --suppress=nullPointerRedundantCheck \
	    -D_GNU_SOURCE -D__GNUC__ -Iinclude -Isrc -I$(GEN) src

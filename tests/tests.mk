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
bench: all ## measure the budgets of the design
	@python3 tests/bench/run.py
cppcheck: ## a second opinion on the source, advisory
	@mkdir -p $(BUILD)/cppcheck
	cppcheck --quiet --std=c11 --enable=warning,portability,performance --inline-suppr -j 2 \
	    --cppcheck-build-dir=$(BUILD)/cppcheck --suppress=missingIncludeSystem --suppress=nullPointerRedundantCheck \
	    -D_GNU_SOURCE -D__GNUC__ -Iinclude -Isrc -I$(GEN) src

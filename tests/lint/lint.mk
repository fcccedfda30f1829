# What is checked without running anything.

SHELL_SCRIPTS = $(shell git ls-files -co --exclude-standard '*.sh') .ci/run
SOURCES = $(shell git ls-files -co --exclude-standard '*.c' '*.h')
# Files whose comments name only what exists.
COMMENTED = $(filter-out tests/lint/comments.awk tests/lint/forbidden/%,$(wildcard $(shell \
	git ls-files -co --exclude-standard -- ':!*.md' ':!*.svg' ':!*/results/*' ':!*/grafana/*')))
LINT_FOLDERS := common order-service delivery-service tools tests/faults tests/bench

# history.c is left out: its hash tables take gcc 12 minutes. What only such a table points to it
# takes for lost; leaks are ASan's to find.
ANALYZED = $(filter-out tests/% tools/verify-history/history.c,$(filter %.c,$(SOURCES)))
ANALYZER := -fanalyzer -Wno-analyzer-malloc-leak -MF /dev/null

.PHONY: format lint compile_commands.json
## develop: format       clang-format on every C file
format:
	clang-format -i $(SOURCES)

## develop: lint         rules of the sources, format, shellcheck, analyzers
lint: all
	@stack/packages.sh install lint
	@echo "  LINT  rules of the sources"
	@tests/lint/check_sources.sh
	@BUILD_DIR='$(BUILD)' tests/lint/check_names.sh
	@awk -f tests/lint/comments.awk $(COMMENTED)
	@for mutant in tests/simulation/mutants/*.patch tests/differential/planted/*.patch; do \
		git apply --check "$$mutant" || exit 1; done
	@echo "  LINT  clang-format"
	@clang-format --dry-run --Werror $(SOURCES)
	@echo "  LINT  shellcheck"
	@printf '%s\n' $(SHELL_SCRIPTS) | xargs -P 2 -n 4 shellcheck -x
	@echo "  LINT  cppcheck"
	@cppcheck --quiet --std=c11 --enable=warning,portability,performance --inline-suppr \
		--error-exitcode=1 --suppress=missingIncludeSystem -I. -j2 \
		--suppress=missingInclude $(LINT_FOLDERS)
	@echo "  LINT  gcc -fanalyzer"
	@printf '%s\n' $(ANALYZED) | xargs -P 2 -I '{}' $(CC) $(CFLAGS) $(ANALYZER) -c -o /dev/null '{}'
	@echo "  LINT  documents"
	@$(MAKE) --no-print-directory --silent docs-check

## develop: compile_commands.json  for clangd and other tools that read it
compile_commands.json:
	@printf '%s\n' $(filter %.c,$(SOURCES)) | awk -v call='$(CC) $(CFLAGS)' -v folder='$(CURDIR)' ' \
		{ printf "%s{ \"directory\": \"%s\", \"command\": \"%s -c %s\", \"file\": \"%s\" }", \
			NR == 1 ? "[\n" : ",\n", folder, call, $$1, $$1 } \
		END { print "\n]" }' >$@

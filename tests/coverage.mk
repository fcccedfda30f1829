# What the unit tests reach, a line for each folder; INTEGRATION=1: and the integration tests.
#   make coverage

.PHONY: coverage
## develop: coverage     lines that the unit tests run, by folder; INTEGRATION=1
coverage:
	@$(MAKE) --no-print-directory --silent VARIANT=coverage all test-build build/coverage/tests/unit
	@find build/coverage -name '*.gcda' -delete
	@build/coverage/tests/unit >/dev/null
	@$(if $(INTEGRATION),TEST_BUILD_DIR=build/coverage tests/run.sh integration)
	@find build/coverage/obj/common build/coverage/obj/*-service build/coverage/obj/tools -name '*.gcno' -print0 | \
		xargs -0 gcov --no-output --relative-only 2>/dev/null | awk -f tests/coverage.awk

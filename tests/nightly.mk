# What a change need not wait for: tests that .ci/run leaves out, one after the other, for hours. One
# that fails does not keep the others from running. One is played by hand: test-e2e with SANITIZE=1.
#   make test-nightly
#   make test-nightly NIGHTLY="test-secure test-deb"

NIGHTLY = test-integration test-librdkafka test-compose test-secure "demo SECURE=1" "faults SECURE=1" "test-upgrade FROM=1efdcc2" test-specs test-tsan test-deb \
	simulate-determinism test-differential faults-each fuzz $(filter-out test-librdkafka,$(MATRIX_TESTS))
NIGHTLY_LOGS := build/nightly

.PHONY: test-nightly
## develop: test-nightly  what CI leaves out, for hours; NIGHTLY="test-deb"
test-nightly:
	@rm -rf $(NIGHTLY_LOGS) && mkdir -p $(NIGHTLY_LOGS)
	@stack/packages.sh install build run test fuzz
	@failed=0; for test in $(NIGHTLY); do \
		began=$$(date +%s); verdict=passed; \
		$(MAKE) --no-print-directory $$test >$(NIGHTLY_LOGS)/"$$test" 2>&1 </dev/null || { verdict=FAILED; failed=1; }; \
		printf '%-22s %-7s %5d s  %s\n' "$$test" "$$verdict" $$(($$(date +%s) - began)) \
			"$$(grep -E ' passed, | failed$$' $(NIGHTLY_LOGS)/"$$test" | tail -n 1)"; \
	done; [ $$failed = 0 ] || { printf 'what they printed is in %s\n' $(NIGHTLY_LOGS); exit 1; }

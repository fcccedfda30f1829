# The tests that need real servers. tests/run.sh starts a private PostgreSQL and Kafka for them.
#   make test               everything; ends with the counts. Unit and integration tests run under ASan and
#                           UBSan, end-to-end tests with what a user runs (SANITIZE=1: under both, too)
#   make test-integration   FILTER='order_api/*' runs a part (also for test-e2e)
#   make test-e2e

# Tests that stop the servers, or measure times, are alone: their binary runs one test at a time.
TEST_BINARIES := integration integration-alone e2e
TEST_SOURCES_integration := $(wildcard tests/integration/*.c)
TEST_SOURCES_integration-alone := $(wildcard tests/integration/alone/*.c)
TEST_SOURCES_e2e := $(wildcard tests/e2e/*.c)
# Programs whose tables of statements a test knows.
TEST_ARCHIVES_integration := $(ORDER) $(DELIVERY) tools/dead-letters tools/demo tools/page tools/verify-history

SANITIZED := build/sanitize$(if $(LIBRDKAFKA),/librdkafka)

.PHONY: test test-build test-integration test-e2e

## develop: test         everything: unit, integration (ASan, UBSan), end to end
## develop: test-integration  against a private stack; FILTER='order_api/*'
## develop: test-e2e     the lab, as a user runs it; FILTER='labs/*'
# A second make builds, since the packages that it needs may only come now.
test:
	@stack/packages.sh install build run test
	@$(MAKE) --no-print-directory --silent all bench-build $(BUILD)/tests/e2e $(BUILD)/tests/upgrade
	@$(MAKE) --no-print-directory --silent SANITIZE=1 all test-build '$(SANITIZED)/tests/unit'
	@MAKE='$(MAKE)' TEST_BUILD_DIR='$(SANITIZED)' SANITIZE=1 E2E_BUILD_DIR='$(BUILD)' tests/run.sh unit integration e2e

test-integration test-e2e: all test-build
	@TEST_BUILD_DIR='$(BUILD)' SANITIZE='$(SANITIZE)' tests/run.sh $(@:test-%=%)

test-build: $(TEST_BINARIES:%=$(BUILD)/tests/%)

define TEST_BINARY_RULE
$(BUILD)/tests/$(1): LDLIBS += -lcriterion
$(BUILD)/tests/$(1): $$(call objects,$$(TEST_SOURCES_$(1))) \
	$$(call archives,$$(SUPPORT) $$(TEST_ARCHIVES_$(1)) $$(COMMON))
	$$(link)
endef
$(foreach binary,$(TEST_BINARIES),$(eval $(call TEST_BINARY_RULE,$(binary))))

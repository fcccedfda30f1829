# The services under ThreadSanitizer, driven from outside by the integration tests, which are not.
# libmicrohttpd, librdkafka and libpq are not instrumented: tests/tsan/suppressions.txt names them.
TSAN_FILTER := $(or $(FILTER),@(order_api|order_batches|connections|shared_ports|delivery|delivery_work|relay|ownership)/*)

ifeq ($(VARIANT),tsan)
$(BUILD)/order-service $(BUILD)/delivery-service: $(call objects,tests/tsan/thrd_shim.c)
endif

# The tests' own binaries are not instrumented; they start the services that lie beside them. A test
# that fails, or anything that the sanitizer reports, fails it.
test-tsan: export TEST_RUN_DIR ?= $(CURDIR)/.run/test
test-tsan: export TSAN_OPTIONS = suppressions=$(CURDIR)/tests/tsan/suppressions.txt \
	log_path=$(TEST_RUN_DIR)/log/tsan history_size=5

.PHONY: test-tsan
## develop: test-tsan    the services under ThreadSanitizer; FILTER='relay/*'
test-tsan: packages
	@$(MAKE) --no-print-directory --silent VARIANT=tsan build/tsan/order-service \
		build/tsan/delivery-service
	@$(MAKE) --no-print-directory --silent VARIANT= SANITIZE= all test-build
	@ln -sfn ../tests build/tsan/tests
	@ln -sf ../verify-history ../dead-letters ../preflight ../topics build/tsan/
	@status=0; FILTER='$(TSAN_FILTER)' TEST_BUILD_DIR=build/tsan tests/run.sh integration || status=1; \
	if cat "$$TEST_RUN_DIR"/log/tsan.* 2>/dev/null; then \
		echo 'test-tsan: ThreadSanitizer reports what stands above' >&2; status=1; fi; exit $$status

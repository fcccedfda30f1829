# The services under ThreadSanitizer, driven from outside by the integration tests, which are not.
# libmicrohttpd, librdkafka and libpq are not instrumented: tests/tsan/suppressions.txt names them.
TSAN_FILTER := $(or $(FILTER),@(order_api|order_batches|connections|shared_ports|delivery|delivery_work|relay|ownership)/*)

ifeq ($(VARIANT),tsan)
$(BUILD)/order-service $(BUILD)/delivery-service: $(call objects,tests/tsan/thrd_shim.c)
endif

.PHONY: test-tsan
## develop: test-tsan    the services under ThreadSanitizer; FILTER='relay/*'
test-tsan: packages
	@$(MAKE) --no-print-directory --silent VARIANT=tsan build/tsan/order-service \
		build/tsan/delivery-service
	@$(MAKE) --no-print-directory --silent VARIANT= SANITIZE= all test-build
	@FILTER='$(TSAN_FILTER)' tests/tsan/run.sh

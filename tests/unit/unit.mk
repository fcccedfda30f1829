# The unit tests of the pure core. They need no server, and linking them with jansson alone proves
# that the core is pure: a call of libpq, librdkafka, civetweb, the clock or the log does not link.
# The work pool and the queue of commands have threads and are tested here all the same: nothing else
# can stop them between two steps.
#   make test-unit   FILTER='lanes/*' runs a part

UNIT_SOURCES := $(basename $(wildcard tests/unit/*.c))

# A leak in a passing test changes the exit code only if it aborts.
UNIT_ENVIRONMENT := $(if $(SANITIZE),ASAN_OPTIONS=abort_on_error=1:detect_leaks=1 \
	UBSAN_OPTIONS=print_stacktrace=1)

.PHONY: test-unit
test-unit: $(BUILD)/tests/unit
	@$(UNIT_ENVIRONMENT) $< $(if $(FILTER),--filter '$(FILTER)')

$(BUILD)/tests/unit: $(call objects,$(UNIT_SOURCES) $(PURE) delivery-service/work_pool order-service/order_queue)
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	@$(CC) $(LDFLAGS) -o $@ $^ -lcriterion -ljansson

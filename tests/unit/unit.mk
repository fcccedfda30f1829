# The unit tests of the pure core. They need no server, and linking them with jansson alone proves
# that the core is pure: a call of libpq, librdkafka, libmicrohttpd, the clock or the log does not link.
# The work pool and the queue of commands have threads and are tested here all the same: nothing else
# can stop them between two steps.
#   make test-unit   FILTER='lanes/*' runs a part

UNIT_SOURCES := $(wildcard tests/unit/*.c tests/unit/*/*.c tests/unit/*/*/*.c)

# A leak in a passing test changes the exit code only if it aborts.
UNIT_ENVIRONMENT := $(if $(SANITIZE),ASAN_OPTIONS=abort_on_error=1:detect_leaks=1 \
	UBSAN_OPTIONS=print_stacktrace=1)

.PHONY: test-unit
## develop: test-unit    the pure core, in a second; FILTER='lanes/*'
test-unit: $(BUILD)/tests/unit
	@$(UNIT_ENVIRONMENT) $< $(if $(FILTER),--filter '$(FILTER)')

# What may not be linked is not there: no libpq, librdkafka, libmicrohttpd, libcurl.
$(BUILD)/tests/unit: LDLIBS := -lcriterion -ljansson
$(BUILD)/tests/unit: $(call objects,$(UNIT_SOURCES) tests/bench/measured.c \
	tests/bench/peer_judge.c) \
	$(call archives,$(ORDER) $(DELIVERY) $(TOOLS) tests/faults $(COMMON))
	$(link)

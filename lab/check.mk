# The history checker: was anything lost, doubled or out of order?
#   make check               over the running stack; waits up to WAIT=60 seconds until it is quiet
#   make check JSON=1        the same as one JSON object
#   make check ACKS=FILE     also judges what clients noted as acknowledged (build/check --help)

CHECK_SOURCES := $(basename $(wildcard lab/check/*.c)) $(BASICS) $(PG) \
	$(addprefix common/,kafka_client event event_json)

all: $(BUILD)/check

$(BUILD)/check: $(call objects,$(CHECK_SOURCES))
	@echo "  LINK  $@"
	@$(CC) $(LDFLAGS) -o $@ $^ -lpq -lrdkafka -ljansson -lpthread

.PHONY: check
check: packages
	@$(MAKE) --no-print-directory --silent $(BUILD)/check >&2
	@lab/stack.sh check

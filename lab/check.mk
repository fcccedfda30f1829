# The history checker: was anything lost, doubled or out of order?
#   make check               over the running stack; waits up to WAIT=60 seconds until it is quiet
#   make check JSON=1        the same as one JSON object
#   make check ACKS=FILE     also judges what clients noted as acknowledged (build/check --help)

all: $(BUILD)/check

$(BUILD)/check: $(call objects,lab/check/main.c) $(call archives,lab/check $(COMMON))
	$(link)

.PHONY: check
check: packages
	@$(MAKE) --no-print-directory --silent $(BUILD)/check >&2
	@lab/stack.sh check

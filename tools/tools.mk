# The programs for operators, each in its folder of tools/: a main, and an archive of the rest.
#   make verify              the history of the running stack: was anything lost, duplicated or out of
#                            order? Waits up to WAIT=60 seconds until it is drained
#   make verify JSON=1       the same as one JSON object
#   make verify ACKS=FILE    also judges what clients noted as acknowledged
#   make dead-letters        what could not be applied or published; LETTER=5: one letter in full
#   make replay              sends back the letters that were not yet; LETTER=5: one; OUTBOX=orders or
#                            OUTBOX=delivery: the events that Kafka refused
# The programs read WAIT, LETTER and the others from the environment.

TOOL_PROGRAMS := $(patsubst tools/%/main.c,%,$(wildcard tools/*/main.c))

all: $(TOOL_PROGRAMS:%=$(BUILD)/%)

define TOOL_RULE
$(BUILD)/$(1): $$(call objects,tools/$(1)/main.c) $$(call archives,tools/$(1) $$(COMMON))
	$$(link)
endef
$(foreach program,$(TOOL_PROGRAMS),$(eval $(call TOOL_RULE,$(program))))

# The texts and the page's files are part of the programs.
$(BUILD)/obj/tools/demo/catalogue.o: $(wildcard tools/demo/*.json tools/page/static/text.*.json)
$(BUILD)/obj/tools/page/assets.o: $(wildcard tools/page/static/*) docs/api/page.openapi.json docs/errors.md

.PHONY: verify dead-letters replay
## operate: verify       what was lost, duplicated, out of order; WAIT=60 JSON=1
verify: packages
	@$(MAKE) --no-print-directory --silent $(BUILD)/verify-history >&2
	@stack/stack.sh $@

## operate: dead-letters  what could not be applied or published; LETTER=5
## operate: replay       sends dead letters back; LETTER=5, OUTBOX=orders
dead-letters replay: packages
	@$(MAKE) --no-print-directory --silent $(BUILD)/dead-letters >&2
	@stack/stack.sh $@

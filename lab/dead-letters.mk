# Dead letters, looked at and replayed:
#   make dead-letters   what could not be applied or published; LETTER=5: one letter in full
#   make replay         sends back the letters that were not yet; LETTER=5: one; OUTBOX=orders or
#                       OUTBOX=delivery: the events that Kafka refused
# The program reads LETTER and the others from the environment.

all: $(BUILD)/dead-letters

$(BUILD)/dead-letters: $(call objects,lab/dead-letters/main.c) $(call archives,lab/dead-letters $(COMMON))
	$(link)

.PHONY: dead-letters replay
dead-letters replay: packages
	@$(MAKE) --no-print-directory --silent $(BUILD)/dead-letters >&2
	@lab/stack.sh $@

# Dead letters, looked at and replayed:
#   make dead-letters   what could not be applied or published; LETTER=5: one letter in full
#   make replay         sends back the letters that were not yet; LETTER=5: one; OUTBOX=orders or
#                       OUTBOX=delivery: the events that Kafka refused
# The program reads LETTER and the others from the environment.

DEAD_LETTERS_SOURCES := $(basename $(wildcard lab/dead-letters/*.c)) $(BASICS) $(PG) \
	common/kafka_client

all: $(BUILD)/dead-letters

$(BUILD)/dead-letters: $(call objects,$(DEAD_LETTERS_SOURCES))
	@echo "  LINK  $@"
	@$(CC) $(LDFLAGS) -o $@ $^ -lpq -lrdkafka -lpthread

.PHONY: dead-letters replay
dead-letters replay: packages
	@$(MAKE) --no-print-directory --silent $(BUILD)/dead-letters >&2
	@lab/stack.sh $@

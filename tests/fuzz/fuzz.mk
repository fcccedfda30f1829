# libFuzzer on the parsers of outside input: make fuzz FUZZ_SECONDS=600, of each target. The corpus
# grows in build/fuzz; an input that breaks something is written there too. A target is a file
# fuzz_*.c; what it links besides FUZZ_BASE stands in its FUZZ_SOURCES_ and FUZZ_LIBS_. What it begins
# with is in corpus/, and in a folder of its name there if it reads no text.
FUZZ_SECONDS := 20
FUZZ_TARGETS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_DICTIONARY = $(firstword $(wildcard tests/fuzz/$@.dict) tests/fuzz/json.dict)
FUZZ_FLAGS := -std=gnu17 -D_GNU_SOURCE -g -O1 -I. -isystem /usr/include/postgresql \
	-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
FUZZ_BASE := $(wildcard common/base/*.c) $(wildcard common/event/*.c)

FUZZ_SOURCES_fuzz_http := $(patsubst %,common/http/%.c,http http_access http_etag http_framing http_json http_params http_problem \
	http_target) common/runtime/log.c common/runtime/output.c common/runtime/clock.c
FUZZ_SOURCES_fuzz_order := common/http/http.c order-service/core/order.c order-service/core/order_json.c
FUZZ_HISTORY := $(filter-out %/main.c %/read_topic.c %/read_tables.c %/drained.c %/report.c,\
	$(wildcard tools/verify-history/*.c)) common/runtime/clock.c
FUZZ_SOURCES_fuzz_history := $(FUZZ_HISTORY) common/pg/pg_result.c
FUZZ_LIBS_fuzz_history := -lpq
FUZZ_LETTER := tools/dead-letters/letter.c common/kafka/kafka_message.c common/outbox/outbox_headers.c
FUZZ_SOURCES_fuzz_text := $(FUZZ_LETTER) tools/dead-letters/text.c common/kafka/kafka_group.c \
	tools/verify-history/history.c tools/verify-history/read_acks.c
FUZZ_LIBS_fuzz_text := -lrdkafka
FUZZ_SOURCES_fuzz_message := $(FUZZ_LETTER) delivery-service/core/event_record.c \
	delivery-service/core/raw_message.c delivery-service/store/dead_letter.c common/outbox/outbox.c \
	common/pg/pg_array.c common/pg/pg_params.c
FUZZ_LIBS_fuzz_message := -lrdkafka
FUZZ_SOURCES_fuzz_identities := common/http/http_identities.c
FUZZ_SOURCES_fuzz_trace := common/trace/trace.c common/trace/trace_state.c
FUZZ_SOURCES_fuzz_config := common/runtime/log.c common/runtime/output.c common/runtime/clock.c
FUZZ_SOURCES_fuzz_page := tools/page/exposition.c tools/page/rates.c tools/page/service_urls.c
FUZZ_SOURCES_fuzz_servers := common/kafka/kafka_conf.c common/kafka/kafka_fixed.c common/pg/pg_config.c \
	common/runtime/log.c common/runtime/output.c common/runtime/clock.c
FUZZ_LIBS_fuzz_servers := -lpq -lrdkafka

.PHONY: fuzz
## develop: fuzz         libFuzzer on the parsers of outside input; FUZZ_SECONDS
fuzz: $(FUZZ_TARGETS)

$(FUZZ_TARGETS):
	@stack/packages.sh install build fuzz
	@mkdir -p $(BUILD)/fuzz/$@
	@clang $(FUZZ_FLAGS) -o $(BUILD)/fuzz/$@.bin tests/fuzz/$@.c \
		$(sort $(FUZZ_BASE) $(FUZZ_SOURCES_$@)) $(FUZZ_LIBS_$@) -ljansson
	@$(BUILD)/fuzz/$@.bin -max_total_time=$(FUZZ_SECONDS) -timeout=5 -dict=$(FUZZ_DICTIONARY) \
		-verbosity=0 -print_final_stats=1 -artifact_prefix=$(BUILD)/fuzz/ $(BUILD)/fuzz/$@ \
		$(wildcard tests/fuzz/corpus/$@) tests/fuzz/corpus

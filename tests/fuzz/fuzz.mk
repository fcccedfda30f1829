# libFuzzer on the parsers of outside input: make fuzz FUZZ_SECONDS=600. The corpus grows in
# build/fuzz; an input that breaks something is written there too.
FUZZ_SECONDS := 20
FUZZ_TARGETS := fuzz_event fuzz_order
FUZZ_DICTIONARY := tests/fuzz/json.dict
FUZZ_FLAGS := -std=gnu17 -D_GNU_SOURCE -g -O1 -I. -fsanitize=fuzzer,address,undefined \
	-fno-sanitize-recover=all
FUZZ_SOURCES := $(patsubst %,%.c,common/base/error common/base/strbuf common/base/parse common/base/utf8 common/base/config common/event/event \
	common/event/event_json common/http/http order-service/core/order order-service/core/order_json)

.PHONY: fuzz
## develop: fuzz         libFuzzer on the parsers of outside input; FUZZ_SECONDS
fuzz:
	@stack/packages.sh install build fuzz
	@mkdir -p $(FUZZ_TARGETS:%=$(BUILD)/fuzz/%)
	@for target in $(FUZZ_TARGETS); do \
		clang $(FUZZ_FLAGS) -o $(BUILD)/fuzz/$$target.bin tests/fuzz/$$target.c $(FUZZ_SOURCES) \
			-ljansson && \
		$(BUILD)/fuzz/$$target.bin -max_total_time=$(FUZZ_SECONDS) -timeout=5 -dict=$(FUZZ_DICTIONARY) \
			-verbosity=0 -print_final_stats=1 -artifact_prefix=$(BUILD)/fuzz/ \
			$(BUILD)/fuzz/$$target tests/fuzz/corpus || exit 1; \
	done

# Builds both services into build/, and runs everything a user runs: `make help` lists it.
# SANITIZE=1 builds into build/sanitize with ASan and UBSan.

BUILD := build$(if $(SANITIZE),/sanitize)
CC := gcc

PACKAGES := jansson rdkafka libpq
DEPENDENCIES := $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null | sed 's/-I/-isystem /g')

CFLAGS := -std=gnu17 -D_GNU_SOURCE -g -O2 -I. $(DEPENDENCIES) \
	-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 \
	-Wno-format-zero-length -Wvla -Wconversion -Werror \
	-fstack-protector-strong -fPIE -MMD -MP
LDFLAGS := -pie -Wl,-z,relro,-z,now
ifdef SANITIZE
CFLAGS += -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS += -fsanitize=address,undefined
else
CFLAGS += -D_FORTIFY_SOURCE=2
endif
LDLIBS := -lpq -lrdkafka -lcivetweb -ljansson -lpthread

# The pure core: no I/O, no clock, no environment. The unit tests link these objects and jansson
# only, so an impure call breaks their link.
PURE := common/error common/strbuf common/parse common/backoff common/config common/metrics \
	common/event common/event_json common/pg_array common/pg_params common/relay_ledger common/http \
	order-service/order order-service/order_json \
	delivery-service/delivery delivery-service/delivery_batch delivery-service/lanes \
	delivery-service/original delivery-service/partitions delivery-service/positions \
	delivery-service/progress delivery-service/sequencer \
	lab/check/history lab/check/judge lab/check/judge_walk lab/check/judge_version \
	lab/check/judge_outcome

COMMON := $(basename $(wildcard common/*.c))
# What a tool needs of it for its settings and its log, and to talk to PostgreSQL.
BASICS := $(addprefix common/,error strbuf parse clock log config config_main)
PG := $(addprefix common/,pg pg_pipeline pg_result pg_params pg_array)
ORDER := $(basename $(wildcard order-service/*.c order-service/direct/*.c))
DELIVERY := $(basename $(wildcard delivery-service/*.c delivery-service/direct/*.c))
objects = $(patsubst %,$(BUILD)/obj/%.o,$(1))

.PHONY: all
all: $(BUILD)/order-service $(BUILD)/delivery-service

$(BUILD)/order-service: $(call objects,$(COMMON) $(ORDER))
$(BUILD)/order-service: LDLIBS += -lcurl
$(BUILD)/delivery-service: $(call objects,$(COMMON) $(DELIVERY))
$(BUILD)/order-service $(BUILD)/delivery-service:
	@echo "  LINK  $@"
	@$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(CFLAGS) -c -o $@ $<

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
-include lab/*.mk tests/*.mk tests/*/*.mk

# The table in the README is the only list of the commands.
.PHONY: help
help:
	@awk -F ' *[|] *' '/^## /{ shown = /Commands/ } shown && /^[|] `make/ { gsub(/`/, ""); \
		printf "%-32s %s\n", $$2, $$3 }' README.md

.PHONY: clean distclean
clean: down
	rm -rf build .run

distclean: clean
	rm -rf .cache

SHELL_SCRIPTS = $(shell git ls-files -co --exclude-standard '*.sh') .ci/run
SOURCES = $(shell git ls-files -co --exclude-standard '*.c' '*.h')

.PHONY: format lint
format:
	clang-format -i $(SOURCES)

lint:
	common/packages.sh install lint
	tests/check_sources.sh
	clang-format --dry-run --Werror $(SOURCES)
	shellcheck -x $(SHELL_SCRIPTS)
	cppcheck --quiet --std=c11 --enable=warning,portability,performance --inline-suppr \
		--error-exitcode=1 --suppress=missingIncludeSystem -I. -j2 \
		--suppress=missingInclude common order-service delivery-service lab tests/faults \
		tests/bench

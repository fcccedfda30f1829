# Builds the services and the tools into build/, and runs everything that a user runs: `make help`
# lists it. SANITIZE=1 builds into build/sanitize with ASan and UBSan.
#
# Every folder of sources becomes one archive, build/lib/<folder>.a. A program is its main and all
# archives; the linker takes what is needed. What a folder may include is in tests/lint/includes.txt.

BUILD := build$(if $(SANITIZE),/sanitize)
CC := gcc

PACKAGES := jansson rdkafka libpq
DEPENDENCIES := $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null | sed 's/-I/-isystem /g')

CFLAGS := -std=gnu17 -D_GNU_SOURCE -g -O2 -I. $(DEPENDENCIES) \
	-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 \
	-Wno-format-zero-length -Wvla -Wconversion -Werror \
	-fstack-protector-strong -fPIE -MMD -MP
LDFLAGS := -pie -Wl,-z,relro,-z,now -Wl,--as-needed
ifdef SANITIZE
CFLAGS += -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS += -fsanitize=address,undefined
else
CFLAGS += -D_FORTIFY_SOURCE=2
endif
LDLIBS := -lpq -lrdkafka -lcivetweb -lcurl -levent_extra -levent_core -ljansson -lpthread

objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
archives = $(patsubst %,$(BUILD)/lib/%.a,$(1))
sources_of = $(filter-out %/main.c,$(wildcard $(1)/*.c))

# The folders of a tree that have sources beside a main.
folders_of = $(foreach folder,$(sort $(patsubst %/,%,$(dir $(wildcard $(1:%=%/*.c) $(1:%=%/*/*.c))))),\
	$(if $(call sources_of,$(folder)),$(folder)))

COMMON := $(call folders_of,common)
ORDER := $(call folders_of,order-service)
DELIVERY := $(call folders_of,delivery-service)
TOOLS := $(call folders_of,tools)
SUPPORT := $(call folders_of,tests/support)

.PHONY: all
all: $(BUILD)/order-service $(BUILD)/delivery-service

define ARCHIVE_RULE
$(BUILD)/lib/$(1).a: $$(call objects,$$(call sources_of,$(1)))
	@mkdir -p $$(@D)
	@rm -f $$@
	@$$(AR) rcs $$@ $$^
endef
$(foreach folder,$(COMMON) $(ORDER) $(DELIVERY) $(TOOLS) $(SUPPORT),\
	$(eval $(call ARCHIVE_RULE,$(folder))))

# link: a program of the objects and archives that it depends on.
define link
@mkdir -p $(@D)
@echo "  LINK  $@"
@$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LDLIBS)
endef

$(BUILD)/order-service: $(call objects,order-service/main.c) $(call archives,$(ORDER) $(COMMON))
	$(link)

$(BUILD)/delivery-service: $(call objects,delivery-service/main.c) $(call archives,$(DELIVERY) $(COMMON))
	$(link)

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(CFLAGS) -c -o $@ $<

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
-include docs/*.mk tools/*.mk stack/*.mk lab/*.mk tests/*.mk tests/*/*.mk

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
	stack/packages.sh install lint
	tests/check_sources.sh
	clang-format --dry-run --Werror $(SOURCES)
	shellcheck -x $(SHELL_SCRIPTS)
	cppcheck --quiet --std=c11 --enable=warning,portability,performance --inline-suppr \
		--error-exitcode=1 --suppress=missingIncludeSystem -I. -j2 \
		--suppress=missingInclude common order-service delivery-service tools tests/faults \
		tests/bench

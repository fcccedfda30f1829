# Builds the services and the tools into build/, and runs everything that a user runs: `make help`
# lists it. A target's line for that list starts with "## group: target" and stands above its rule.
#
# Every folder of sources becomes one archive, build/lib/<folder>.a. A program is its main and all
# archives; the linker takes what is needed. What a folder may include is in tests/lint/includes.txt.

# A variant is another build in a folder of its own: sanitize (ASan and UBSan; SANITIZE=1 for
# short), tsan, debug, coverage.
VARIANT := $(if $(SANITIZE),sanitize)
# LIBRDKAFKA=path: where another librdkafka than the distribution's is installed, with include/ and
# lib/; that build, too, has a folder of its own.
BUILD := build$(if $(VARIANT),/$(VARIANT))$(if $(LIBRDKAFKA),/librdkafka)
CC := gcc

# One goal is built by all processors; several come one after the other. What is said with -j holds.
ifeq ($(MAKELEVEL)$(word 2,$(MAKECMDGOALS)),0)
MAKEFLAGS += -j$(shell nproc)
endif

# accepted FLAG...: those of the flags that this compiler takes on this machine.
accepted = $(foreach flag,$(1),$(shell $(CC) -Werror -O2 $(flag) -x c -include string.h -c -o /dev/null \
	/dev/null 2>/dev/null && echo '$(flag)'))

# A packager's, behind ours.
EXTRA_CFLAGS =
EXTRA_LDFLAGS =

# Options that hold for every build. Without optimization _FORTIFY_SOURCE can do nothing.
HARDENING := $(call accepted,-fstack-protector-strong -fstack-clash-protection -fcf-protection)
FORTIFY := $(lastword -D_FORTIFY_SOURCE=2 $(call accepted,-D_FORTIFY_SOURCE=3))

# What snprintf may cut off is judged with the optimization of the default build only.
VARIANT_CFLAGS_ := -O2 $(FORTIFY)
VARIANT_CFLAGS_sanitize := -O2 -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
VARIANT_CFLAGS_tsan := -O1 -fsanitize=thread -fno-omit-frame-pointer -Wno-format-truncation -Wno-tsan
VARIANT_CFLAGS_debug := -O0 -g3 -fno-omit-frame-pointer -Wno-format-truncation
VARIANT_CFLAGS_coverage := -O0 --coverage -fprofile-update=atomic -Wno-format-truncation
VARIANT_LDFLAGS_sanitize := -fsanitize=address,undefined
VARIANT_LDFLAGS_tsan := -fsanitize=thread
VARIANT_LDFLAGS_coverage := --coverage

PACKAGES := jansson rdkafka libpq
RDKAFKA_CFLAGS := $(if $(LIBRDKAFKA),-isystem $(abspath $(LIBRDKAFKA))/include)
RDKAFKA_LDFLAGS := $(if $(LIBRDKAFKA),-L$(abspath $(LIBRDKAFKA))/lib -Xlinker -rpath -Xlinker \
	$(abspath $(LIBRDKAFKA))/lib)
DEPENDENCIES := $(RDKAFKA_CFLAGS) \
	$(shell pkg-config --cflags $(PACKAGES) 2>/dev/null | sed 's/-I/-isystem /g')

CFLAGS := -std=gnu17 -D_GNU_SOURCE -g $(VARIANT_CFLAGS_$(VARIANT)) -I. $(DEPENDENCIES) \
	-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 \
	-Wno-format-zero-length -Wvla -Wconversion -Werror $(HARDENING) -fPIE -MMD -MP $(EXTRA_CFLAGS)
LDFLAGS := -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(VARIANT_LDFLAGS_$(VARIANT)) $(RDKAFKA_LDFLAGS) \
	$(EXTRA_LDFLAGS)
LDLIBS := -lpq -lrdkafka -lmicrohttpd -lgnutls -lcurl -levent_openssl -lssl -lcrypto -levent_extra \
	-levent_core -ljansson -lpthread

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

# Sources that are pure: the headers of librdkafka, libpq and libmicrohttpd are errors to them.
PURE := $(foreach folder,common/base common/event common/trace order-service/core delivery-service/core,\
	$(wildcard $(folder)/*.c)) order-service/order_queue.c
$(call objects,$(PURE)): CFLAGS := -Itests/lint/forbidden $(CFLAGS)

.PHONY: all
## develop: all          the services and the tools, into build/
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

# The documents that a service serves of itself are part of it.
$(BUILD)/obj/common/service/document.o: docs/errors.md
$(foreach service,order-service delivery-service,$(eval \
	$(BUILD)/obj/$(service)/main.o: docs/api/$(service).openapi.json))

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(CFLAGS) -c -o $@ $<

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
-include docs/*.mk packaging/*.mk tools/*.mk stack/*.mk lab/*.mk tests/*.mk tests/*/*.mk

.PHONY: help debug clean distclean
## develop: help         this list
help:
	@awk -f tests/lint/help.awk $(MAKEFILE_LIST)

## develop: debug        the same without optimization, for gdb, build/debug/
debug:
	@$(MAKE) --no-print-directory --silent VARIANT=debug all build/debug/tests/unit

## operate: clean        stops the stack, removes build/, .run/ and the data
clean: down
	rm -rf build .run compile_commands.json

## operate: distclean    also the downloads in .cache/
distclean: clean
	rm -rf .cache

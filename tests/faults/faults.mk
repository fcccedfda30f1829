# The fault runner: a temporary stack, clients that know what they were promised, and faults by a
# plan that the seed decides; then the history checker.
#   make faults SEED=7 DURATION=600 MODE=growing      also FAMILY=pauses (or all), PROCESSING_ORDER=key, BROKERS=3, SANITIZE=1
#   make faults-plan SEED=7                           only shows what would be broken, and when
# build/tests/faults --help lists all settings.

FAULTS_ENVIRONMENT := BUILD_DIR='$(BUILD)' $(if $(SANITIZE),ASAN_OPTIONS=abort_on_error=1:detect_leaks=1 \
	UBSAN_OPTIONS=print_stacktrace=1 LSAN_OPTIONS=suppressions=tests/lsan.supp:print_suppressions=0)

.PHONY: faults faults-each faults-plan faults-build

## develop: faults       breaks things under load; FAMILY=pauses DURATION=60
## develop: faults-each  a minute of each family, several at a time
## develop: faults-plan  what that seed would break, and when
# A second make builds, since the packages that it needs may only come now.
faults: packages
	@$(MAKE) --no-print-directory --silent all faults-build
	@$(FAULTS_ENVIRONMENT) $(BUILD)/tests/faults --check-config
	@$(FAULTS_ENVIRONMENT) stack/temporary_stack.sh run faults $(BUILD)/tests/faults

faults-each: packages
	@stack/packages.sh install faults
	@$(MAKE) --no-print-directory --silent all faults-build
	@$(FAULTS_ENVIRONMENT) $(BUILD)/tests/faults --each

faults-plan:
	@$(MAKE) --no-print-directory --silent faults-build
	@$(BUILD)/tests/faults --plan

faults-build: $(BUILD)/tests/faults $(BUILD)/tests/faults-wrapper $(BUILD)/tests/faults-disk.so

$(eval $(call ARCHIVE_RULE,tests/faults))

# Without Criterion: what of tests/support it takes has none, or this does not link.
FAULTS_ARCHIVES := $(call archives,tests/faults tools/order-clients $(SUPPORT) $(COMMON))
$(BUILD)/tests/faults: $(call objects,tests/faults/main.c) $(FAULTS_ARCHIVES)
	$(link)

$(BUILD)/tests/faults-wrapper: $(call objects,tests/faults/wrapper/main.c) $(FAULTS_ARCHIVES)
	$(link)

# For programs that are not ours: as they are, whatever the variant.
$(BUILD)/tests/faults-disk.so: tests/faults/preload/disk.c
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	@$(CC) -std=gnu17 -D_GNU_SOURCE -g -O2 -Wall -Wextra -Werror -fPIC -shared -o $@ $<

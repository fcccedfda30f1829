# The fault runner: a temporary stack, clients that know what they were promised, and somebody who
# breaks things; then the history checker.
#   make faults SEED=7 DURATION=600 MODE=growing      also PROCESSING_ORDER=key, SANITIZE=1
#   make faults-plan SEED=7                           only shows what would be broken, and when

.PHONY: faults faults-plan faults-build

# A second make builds, since the packages that it needs may only come now.
faults: packages
	@$(MAKE) --no-print-directory --silent all faults-build
	@BUILD_DIR='$(BUILD)' SANITIZE='$(SANITIZE)' tests/faults/run.sh

faults-plan:
	@tests/faults/run.sh --plan

faults-build: $(BUILD)/tests/fault-duplicates

$(BUILD)/tests/fault-duplicates: $(call objects,tests/faults/duplicates.c) $(call archives,$(COMMON))
	$(link)

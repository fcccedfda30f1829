# The same random calls in the simulated and in the real servers: docs/simulation.md.
#   make test-differential                          100,000 calls of each subject: pg, kafka
#   make test-differential CALLS=250 SEED=7 SUBJECT=pg
DIFFERENTIAL_SHARED := $(addprefix tests/differential/,main.c dif_pg.c dif_session.c dif_statement.c dif_params.c \
	dif_kafka.c dif_producer.c dif_consumer.c)
DIFFERENTIAL_LINKED := $(call archives,$(filter-out order-service/sync,$(ORDER)) $(DELIVERY) $(COMMON))

$(BUILD)/tests/differential-model: LDFLAGS += $(SIMULATION_WRAPS:%=-Wl$(comma)--wrap=%)
$(BUILD)/tests/differential-model: $(call objects,$(DIFFERENTIAL_SHARED) $(wildcard tests/differential/*_model.c) \
	$(filter-out tests/simulation/main.c,$(wildcard tests/simulation/*.c))) $(DIFFERENTIAL_LINKED)
	$(link)

$(BUILD)/tests/differential-real: $(call objects,$(DIFFERENTIAL_SHARED) $(wildcard tests/differential/*_real.c) \
	tests/simulation/sim_random.c) $(DIFFERENTIAL_LINKED)
	$(link)

$(BUILD)/tests/differential: $(call objects,tests/differential/compare.c) $(call archives,$(COMMON))
	$(link)

DIFFERENTIAL := $(addprefix $(BUILD)/tests/differential,-model -real) $(BUILD)/tests/differential
test-build: $(DIFFERENTIAL)

.PHONY: test-differential
## develop: test-differential  random calls to models and servers; CALLS=1000 SEED=7
# A second make builds, since the packages that it needs may only come now.
test-differential: packages
	@$(MAKE) --no-print-directory --silent $(DIFFERENTIAL)
	@$(foreach subject,$(or $(SUBJECT),pg kafka),DATABASE_URL= SEED='$(SEED)' CALLS='$(CALLS)' \
		stack/temporary_stack.sh run differential $(BUILD)/tests/differential $(subject) &&) true

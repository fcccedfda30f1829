# The services' loops in a simulated world: docs/simulation.md.
#   make simulate SEED=7            one seed, with its trace when it fails
#   make simulate SEED=7 HOURS=2    for so many virtual hours
#   make simulate SEEDS=1000        the corpus, and so many seeds from FIRST (1) on
SIMULATION := $(BUILD)/tests/simulation
SIMULATED := pg/pg kafka/kafka_consumer kafka/kafka_producer kafka/kafka_state runtime/wakeup
SIMULATION_WRAPS := clock_mono_ms clock_mono_us clock_wall_ms clock_pause_ms log_write stop_request getpid
comma := ,

$(SIMULATION): LDFLAGS += $(SIMULATION_WRAPS:%=-Wl$(comma)--wrap=%)
$(SIMULATION): $(call objects,$(wildcard tests/simulation/*.c)) \
	$(call archives,$(filter-out order-service/sync,$(ORDER)) $(DELIVERY) $(COMMON))
	$(link)

.PHONY: simulate
## develop: simulate     the loops under simulated faults: SEED=7, or SEEDS=1000
simulate: $(SIMULATION)
	@$(SIMULATION) $(if $(SEEDS),--corpus tests/simulation/corpus.txt --seeds $(SEEDS) \
		--first $(or $(FIRST),1),--seeds 1 --first $(or $(SEED),1)) \
		$(if $(HOURS),--hours $(HOURS)) $(if $(KEEP),--keep $(KEEP)) $(SIMULATE_FLAGS)

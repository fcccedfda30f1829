# The services' loops in a simulated world: docs/simulation.md.
#   make simulate SEED=7            one seed, with its trace when it fails
#   make simulate SEED=7 HOURS=2    for so many virtual hours
#   make simulate SEED=7 MOST=2     with at most so many events a second
#   make simulate SEEDS=1000        the corpus, and so many seeds from FIRST (1) on
#   make simulate-determinism       the same traces by gcc, twice, gcc with ASan, and clang
#   make simulate-coverage          what the simulation alone runs, by folder
SIMULATION := $(BUILD)/tests/simulation
SIMULATED := pg/pg kafka/kafka_consumer kafka/kafka_producer kafka/kafka_state runtime/wakeup
SIMULATION_WRAPS := clock_mono_ms clock_mono_us clock_wall_ms clock_pause_ms log_write stop_request getpid arc4random_buf \
	relay_bound_due
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
		$(if $(HOURS),--hours $(HOURS)) $(if $(MOST),--most $(MOST)) $(if $(KEEP),--keep $(KEEP)) $(SIMULATE_FLAGS)

SIMULATED_SEEDS = --seeds $(or $(SEEDS),50) --first $(or $(FIRST),1)
DETERMINISM := $(BUILD)/determinism

.PHONY: simulate-determinism
## develop: simulate-determinism  the same traces, whatever compiles it; SEEDS=50
simulate-determinism: $(SIMULATION)
	@$(MAKE) --no-print-directory --silent VARIANT=sanitize build/sanitize/tests/simulation
	@$(MAKE) --no-print-directory --silent CC=clang VARIANT=clang EXTRA_CFLAGS=-Wno-error build/clang/tests/simulation
	@mkdir -p $(DETERMINISM)
	@n=0; for program in $(SIMULATION) $(SIMULATION) build/sanitize/tests/simulation build/clang/tests/simulation; do \
		n=$$((n + 1)); $$program $(SIMULATED_SEEDS) --hashes >$(DETERMINISM)/$$n || exit 1; \
		cmp $(DETERMINISM)/1 $(DETERMINISM)/$$n || exit 1; done
	@tail -n 1 $(DETERMINISM)/1
	@printf 'The same traces by gcc, gcc again, gcc with ASan and UBSan, clang.\n'

.PHONY: simulate-coverage
## develop: simulate-coverage  lines and branches that the simulation runs; SEEDS=50
simulate-coverage:
	@$(MAKE) --no-print-directory --silent VARIANT=coverage build/coverage/tests/simulation
	@find build/coverage -name '*.gcda' -delete
	@build/coverage/tests/simulation $(SIMULATED_SEEDS)
	@find build/coverage/obj/common/outbox build/coverage/obj/*-service -name '*.gcno' -print0 | \
		xargs -0 gcov -b --no-output --relative-only 2>/dev/null | awk -f tests/coverage.awk

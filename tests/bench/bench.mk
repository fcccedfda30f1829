# The benchmarks: a temporary stack, each figure beside a reference measured in the same run.
#   make bench               all but growth, partitions, scale, takeover, peers and tls, 15
#                            minutes or so; kept in tests/bench/results/
#   make bench QUICK=1       a look in under three minutes, with less work; not kept
#   make bench CASE=orders   one case
#   make bench CASE=peers    beside other consumers, 40 minutes or so
#   make bench CASE=tls      what TLS costs order-service, 15 minutes or less
#   make bench-report        the kept table and plot, into docs/benchmarks.md

BENCH_PROGRAMS := feed await bare visible
BENCH_SOURCES_visible := tests/bench/placing.c
BENCH_SOURCES_feed := tests/bench/zipf.c

.PHONY: bench bench-build bench-report

## develop: bench        each figure beside a reference; CASE=orders QUICK=1
## develop: bench-report  the table and the plot of the latest results again
# A second make builds, since the packages that it needs may only come now.
bench:
	$(call refused_if_secure,its references have no TLS to be measured beside)
	@stack/packages.sh install build run load bench $(filter peers,$(CASE))
	@$(MAKE) --no-print-directory --silent all bench-build
	@BUILD_DIR='$(BUILD)' tests/bench/run.sh

bench-report:
	@stack/packages.sh install load
	@tests/bench/run.sh report

bench-build: $(BENCH_PROGRAMS:%=$(BUILD)/tests/bench-%) $(BUILD)/tests/bench

# So that a change that they do not build with is noticed; make test builds them, too.
test-build: $(if $(SANITIZE),,bench-build $(BUILD)/tests/upgrade)

$(BUILD)/tests/bench: LDLIBS += -lm
$(BUILD)/tests/bench: $(call objects,$(addprefix tests/bench/,main.c bench.c measured.c order_cases.c delivery_cases.c scale_cases.c peer_cases.c peer_judge.c tls_cases.c))
	$(link)

define BENCH_PROGRAM_RULE
$(BUILD)/tests/bench-$(1): $$(call objects,tests/bench/$(1).c $$(BENCH_SOURCES_$(1))) \
	$$(call archives,$$(COMMON))
	$$(link)
endef
$(foreach program,$(BENCH_PROGRAMS),$(eval $(call BENCH_PROGRAM_RULE,$(program))))

# The load labs: what a queue buys, each with a temporary stack, under 6 minutes.
#   make lab-levelling          also FULL=1: at the seed's own size; QUICK=1: a look, half a minute
#   make lab-bulk KEEP=1        keeps table and plot in lab/load/results/
#   make lab-report             puts what is kept into README.md

.PHONY: lab-levelling lab-rush lab-bulk lab-threads lab-report

# A second make builds, since the packages that it needs may only come now.
lab-levelling lab-rush lab-bulk lab-threads:
	@stack/packages.sh install build run load
	@$(MAKE) --no-print-directory --silent all
	@BUILD_DIR='$(BUILD)' lab/load/$(@:lab-%=%).sh

lab-report:
	@stack/packages.sh install load
	@lab/load/report.sh README.md

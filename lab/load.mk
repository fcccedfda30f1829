# The load labs: what a queue buys, each with a temporary stack, under 6 minutes.
#   make lab-levelling          also FULL=1: at the seed's own size; QUICK=1: a look, half a minute
#   make lab-bulk KEEP=1        keeps table and plot in lab/load/results/
#   make lab-report             puts what is kept into README.md

.PHONY: lab-levelling lab-rush lab-bulk lab-threads lab-report

## learn: lab-levelling  what an innocent caller feels, with a queue and without
## learn: lab-rush       a rush of orders, and what each way of taking it costs
## learn: lab-bulk       bulk work beside interactive work
## learn: lab-threads    threads, pools and what waits behind them
## develop: lab-report   puts the labs' kept results into the documents

# A second make builds, since the packages that it needs may only come now.
lab-levelling lab-rush lab-bulk lab-threads:
	@stack/packages.sh install build run load
	@$(MAKE) --no-print-directory --silent all
	@BUILD_DIR='$(BUILD)' lab/load/$(@:lab-%=%).sh

lab-report:
	@stack/packages.sh install load
	@lab/load/report.sh README.md

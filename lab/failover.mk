# The fail-over lab: three brokers under load, of which first one is killed and then two.
#   make lab-failover        QUICK=1: in a minute

.PHONY: lab-failover
## learn: lab-failover  three brokers under load, first one and then two killed

# A second make builds, since the packages that it needs may only come now.
lab-failover: packages
	@$(MAKE) --no-print-directory --silent all
	@BUILD_DIR='$(BUILD)' lab/failover.sh

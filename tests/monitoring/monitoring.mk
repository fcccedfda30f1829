# What is in deploy/monitoring/.
#   make check-monitoring   promtool on configuration and rules, the board's queries; nothing runs
#   make test-monitoring    a temporary stack and a real Prometheus: every target, every query

.PHONY: check-monitoring test-monitoring

check-monitoring:
	@tests/monitoring/check.sh

# A second make builds, since the packages that it needs may only come now.
test-monitoring: packages
	@$(MAKE) --no-print-directory --silent all
	@tests/monitoring/live.sh

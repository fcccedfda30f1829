# What is in deploy/monitoring/.
#   make check-monitoring   promtool on configuration and rules, the board's queries; nothing runs
#   make test-monitoring    a temporary stack and a real Prometheus: every target, every query

.PHONY: check-monitoring test-monitoring

## develop: check-monitoring  rules and dashboard, by promtool; nothing runs
## develop: test-monitoring  the same against a real Prometheus and stack
check-monitoring:
	@tests/monitoring/check.sh

# A second make builds, since the packages that it needs may only come now.
test-monitoring: packages
	@$(MAKE) --no-print-directory --silent all
	@tests/monitoring/live.sh

# A rolling upgrade under load, from an older revision to what is here.
#   make test-upgrade FROM=v1 DURATION=60     also RATE=100 CLIENTS=8; FROM: any revision of git
# build/tests/upgrade --help lists all settings.

UPGRADE_OLD = $(abspath $(BUILD))/upgrade/$(shell git rev-parse --short '$(FROM)^{commit}')

.PHONY: test-upgrade
## develop: test-upgrade  rolling upgrade under load; FROM=rev DURATION=60
# A second make builds, since the packages that it needs may only come now.
test-upgrade: packages
	@git rev-parse -q --verify '$(FROM)^{commit}' >/dev/null || { echo "which revision? make test-upgrade FROM=..." >&2; exit 2; }
	@$(MAKE) --no-print-directory --silent all $(BUILD)/tests/upgrade
	@mkdir -p '$(UPGRADE_OLD)'
	@git archive '$(FROM)' | tar -x -C '$(UPGRADE_OLD)'
	@'$(UPGRADE_OLD)/stack/packages.sh' install build run
	@env -u MAKEFLAGS -u MAKELEVEL -u MAKEOVERRIDES $(MAKE) --silent -j2 -C '$(UPGRADE_OLD)' all
	@BUILD_DIR='$(BUILD)' OLD='$(UPGRADE_OLD)' stack/temporary_stack.sh run upgrade $(BUILD)/tests/upgrade

$(BUILD)/tests/upgrade: $(call objects,tests/upgrade/main.c) \
	$(call archives,tools/order-clients $(SUPPORT) $(COMMON))
	$(link)

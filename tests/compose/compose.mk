# docker-compose.yml and deploy/docker/stack.yml for real:
#   make test-compose               STEP="images lab": some steps; see tests/compose/main.c

.PHONY: test-compose compose-build

## develop: test-compose  docker-compose.yml and the swarm for real; STEP=lab
# A second make builds, since the packages that it needs may only come now.
test-compose: packages
	@$(MAKE) --no-print-directory --silent all compose-build
	@BUILD_DIR='$(BUILD)' tests/compose/run.sh $(STEP)

compose-build: $(BUILD)/tests/compose

$(eval $(call ARCHIVE_RULE,tests/compose))

# Without Criterion: what of tests/support it takes has none, or this does not link.
$(BUILD)/tests/compose: $(call objects,tests/compose/main.c) \
	$(call archives,tests/compose tools/order-clients $(SUPPORT) $(COMMON))
	$(link)

# docker-compose.yml and deploy/docker/stack.yml for real:
#   make test-compose               STEP=lab: one step; see tests/compose/run.sh

.PHONY: test-compose

## develop: test-compose  docker-compose.yml and the swarm for real; STEP=lab
# A second make builds, since the packages that it needs may only come now.
test-compose: packages
	@$(MAKE) --no-print-directory --silent all
	@BUILD_DIR='$(BUILD)' tests/compose/run.sh $(STEP)

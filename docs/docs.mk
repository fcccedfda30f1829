# The documentation's generated part, and what can be checked of it.
#   make docs-settings       rewrites the tables of docs/settings.md from what the services print
#   make docs-check          every relative link and anchor exists, every make target too, and the
#                            tables of docs/settings.md are what the services print

.PHONY: docs-settings docs-check

docs-settings docs-check: all
	@BUILD_DIR='$(BUILD)' docs/$(@:docs-%=%).sh

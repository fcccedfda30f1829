# The documentation's generated part, and what can be checked of it.
#   make docs-settings       rewrites the tables of docs/settings.md from what the services print
#   make docs-check          every relative link and anchor exists, every make target too, and the
#                            tables of docs/settings.md are what the services print

.PHONY: docs-settings docs-check

## develop: docs-settings  the tables of docs/settings.md, from the services
## develop: docs-check   links, anchors, targets and settings of the documents
docs-settings docs-check: all
	@BUILD_DIR='$(BUILD)' docs/$(@:docs-%=%).sh

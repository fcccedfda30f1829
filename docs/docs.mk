# The documentation's generated part, and what can be checked of it.

.PHONY: docs-settings docs-check

## develop: docs-settings  the tables of docs/settings.md, from the services
## develop: docs-check   links, files and settings of the documents
docs-settings docs-check: all
	@BUILD_DIR='$(BUILD)' docs/$(@:docs-%=%).sh

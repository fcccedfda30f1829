# The documents of docs/api/: public linters, and against the sources. What runs is held against them by
# make test-specs.
#   make check-api

# A linter of OpenAPI and AsyncAPI documents, and a client of Kafka for tests/specs/. Without npm they
# are left out.
SPECS_NPM := @redocly/cli@2.77.0 kafkajs@2.2.4
NPM_FOLDER := $(or $(CACHE_DIR),.cache)/npm-specs
SPECS_NPM_MADE := $(if $(shell command -v npm),$(NPM_FOLDER)/made)

.PHONY: check-api
## develop: check-api    docs/api/ by public linters, and against the sources
check-api:
	@stack/packages.sh install check
	@$(MAKE) --no-print-directory --silent $(PYTHON_VENV)api/made $(SPECS_NPM_MADE)
	@NODE_PATH='$(abspath $(NPM_FOLDER))/node_modules' $(PYTHON_VENV)api/bin/python -B tests/api/documents.py

$(NPM_FOLDER)/made: tests/api/api.mk
	@mkdir -p $(@D)
	@npm install --silent --no-audit --no-fund --prefix $(@D) $(SPECS_NPM)
	@touch $@

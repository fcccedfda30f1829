# The documents of docs/api/, and the services against them: public linters, schemathesis, and the
# messages of the topic against their schemas. On a temporary stack.
#   make test-specs

# A linter of OpenAPI and AsyncAPI documents, and a client of Kafka. Without npm they are left out.
SPECS_NPM := @redocly/cli@2.77.0 kafkajs@2.2.4
NPM_FOLDER := $(or $(CACHE_DIR),.cache)/npm-specs

.PHONY: test-specs
## develop: test-specs   the services and the topic against docs/api/
test-specs: packages
	@stack/packages.sh install check
	@$(MAKE) --no-print-directory --silent all $(PYTHON_VENV)specs/made $(if $(shell command -v npm),$(NPM_FOLDER)/made)
	@NODE_PATH='$(abspath $(NPM_FOLDER))/node_modules' stack/temporary_stack.sh run specs \
		$(PYTHON_VENV)specs/bin/python -u tests/specs/play.py

$(NPM_FOLDER)/made: tests/specs/specs.mk
	@mkdir -p $(@D)
	@npm install --silent --no-audit --no-fund --prefix $(@D) $(SPECS_NPM)
	@touch $@

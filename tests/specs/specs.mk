# The documents of docs/api/, and the services against them: public linters, schemathesis, and the
# messages of the topic against their schemas. On a temporary stack.
#   make test-specs

# npm's linter of OpenAPI and AsyncAPI documents.
REDOCLY := @redocly/cli@2.77.0
NPM_REDOCLY := $(or $(CACHE_DIR),.cache)/npm-$(subst /,-,$(REDOCLY))

.PHONY: test-specs
## develop: test-specs   the services and the topic against docs/api/
test-specs: packages
	@stack/packages.sh install check
	@$(MAKE) --no-print-directory --silent all $(PYTHON_VENV)specs/made $(if $(shell command -v npm),$(NPM_REDOCLY)/made)
	@REDOCLY='$(NPM_REDOCLY)/node_modules/.bin/redocly' stack/temporary_stack.sh run specs \
		$(PYTHON_VENV)specs/bin/python -u tests/specs/play.py

$(NPM_REDOCLY)/made:
	@npm install --silent --no-audit --no-fund --prefix $(@D) $(REDOCLY)
	@touch $@

# What runs, against the documents of docs/api/: schemathesis, the messages of the topic against their
# schemas, spans, and the clients of others. On a temporary stack.
#   make test-specs

.PHONY: test-specs
## develop: test-specs   the services and the topic against docs/api/
test-specs: packages check-api
	@$(MAKE) --no-print-directory --silent all $(PYTHON_VENV)specs/made
	@NODE_PATH='$(abspath $(NPM_FOLDER))/node_modules' PYTHONPATH=tests/api stack/temporary_stack.sh run specs \
		$(PYTHON_VENV)specs/bin/python -B -u tests/specs/play.py

# The live page in a real browser: Debian's Chromium, driven by Selenium from PyPI, pinned.
#   make test-page    plays the guided lab by clicks on a temporary stack
#   make page-shots   pictures of the page in all sizes, languages and themes into .run/shots, and
#                     docs/page.png
#   make page-load    what the page costs under 5,000 orders a second; SECONDS_EACH=60 RATE=5000

.PHONY: test-page page-shots page-load

# Python packages for tests/<name>/, as its requirements.txt pins them; again when that changes.
PYTHON_VENV := $(or $(CACHE_DIR),.cache)/python-
$(PYTHON_VENV)%/made: tests/%/requirements.txt
	@rm -rf $(@D)
	@python3 -m venv $(@D)
	@$(@D)/bin/pip install -q --disable-pip-version-check -r $<
	@touch $@

## develop: test-page    the live page in headless Chromium
## develop: page-shots   pictures of the live page, and docs/page.png
## develop: page-load    what the live page costs under 5,000 orders a second
# A second make builds, since the packages that it needs may only come now.
test-page page-shots page-load: packages
	@stack/packages.sh install page
	@$(MAKE) --no-print-directory --silent all $(PYTHON_VENV)page/made
	@stack/temporary_stack.sh run page $(PYTHON_VENV)page/bin/python -u \
		tests/page/$(subst page-,,$(subst test-page,play,$@)).py

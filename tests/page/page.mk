# The live page in a real browser: Debian's Chromium, driven by Selenium from PyPI, pinned.
#   make test-page   plays the guided lab by clicks on a temporary stack; SHOTS=FOLDER keeps pictures

.PHONY: test-page

## develop: test-page    the live page in headless Chromium
# A second make builds, since the packages that it needs may only come now.
test-page: packages
	@stack/packages.sh install page
	@$(MAKE) --no-print-directory --silent all
	@tests/page/run.sh

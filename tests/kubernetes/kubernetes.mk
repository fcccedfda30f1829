# What is in deploy/kubernetes/.
#   make check-kubernetes   against the API's schema, each other, and the services' settings

.PHONY: check-kubernetes

## develop: check-kubernetes  the manifests against schema, each other, settings
check-kubernetes: $(BUILD)/order-service $(BUILD)/delivery-service $(BUILD)/page
	@stack/packages.sh install check
	@$(MAKE) --no-print-directory --silent $(PYTHON_VENV)kubernetes/made
	@BUILD_DIR='$(BUILD)' tests/kubernetes/check.sh $(PYTHON_VENV)kubernetes/bin
	@for overlay in overlay overlay-tls; do \
		command -v kubectl >/dev/null || { echo "deploy/$$overlay: not checked, there is no kubectl here"; continue; }; \
		kubectl kustomize deploy/$$overlay >$(BUILD)/$$overlay.yaml && \
		$(PYTHON_VENV)kubernetes/bin/kubernetes-validate -k 1.33.0 --strict --quiet $(BUILD)/$$overlay.yaml || exit 1; \
		echo "deploy/$$overlay: valid"; done

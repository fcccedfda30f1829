# What is in deploy/kubernetes/.
#   make check-kubernetes   against the API's schema, each other, and the services' settings

.PHONY: check-kubernetes

## develop: check-kubernetes  the manifests against schema, each other, settings
check-kubernetes: $(BUILD)/order-service $(BUILD)/delivery-service
	@stack/packages.sh install check
	@BUILD_DIR='$(BUILD)' tests/kubernetes/check.sh

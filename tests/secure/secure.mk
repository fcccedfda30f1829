# Is a stack with SECURE=1 closed to who should not come in, and open to the others? Two minutes.

.PHONY: test-secure
## develop: test-secure  TLS, identities, ACLs and secrets of SECURE=1
# A second make builds, since the packages that it needs may only come now.
test-secure: packages
	@$(MAKE) --no-print-directory --silent all $(BUILD)/tests/secure
	@SECURE=1 DELIVERY_DELAY_MS=$(or $(DELIVERY_DELAY_MS),10) PAGE=$(or $(PAGE),on) BUILD_DIR='$(BUILD)' stack/temporary_stack.sh run secure $(BUILD)/tests/secure

$(BUILD)/tests/secure: $(call objects,$(wildcard tests/secure/*.c)) $(call archives,$(SUPPORT) $(COMMON))
	$(link)

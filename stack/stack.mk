# What a user runs. Settings go to the scripts and services as environment: make exports every
# variable of its command line (make up EVENT_KEY=none DELIVERY_DELAY_MS=1000).
# demo and up build through a second make, since the packages that the build needs may only come
# now.

.PHONY: demo up down status scale scale-orders partitions skip-missing psql topic packages

demo: packages
	@$(MAKE) --no-print-directory --silent all
	@lab/ordering.sh

up: packages
	@$(MAKE) --no-print-directory --silent all
	@stack/stack.sh up

down status psql topic:
	@stack/stack.sh $@

# The shell reads N from the environment.
scale scale-orders partitions:
	@stack/stack.sh $@ "$$N"

skip-missing:
	@stack/stack.sh $@ "$$ORDER"

packages:
	@stack/packages.sh install

# What a user runs. Settings go to the scripts and services as environment: make exports every
# variable of its command line (make up EVENT_KEY=none DELIVERY_DELAY_MS=1000). Their names go along,
# so that up refuses one that nothing knows.
up: export SETTINGS_GIVEN = $(foreach v,$(.VARIABLES),$(if $(findstring command,$(origin $v)),$v))
# demo and up build through a second make, since the packages that the build needs may only come
# now.

# The user's locale is for what is shown. To the scripts' shells it is nothing, and one that the
# machine lacks makes each of them warn.
ifeq ($(origin LAB_LOCALE),undefined)
export LAB_LOCALE := $(or $(LC_ALL),$(LC_MESSAGES),$(LANG))
endif
export LC_ALL := C.UTF-8

.PHONY: demo up down status page reset scale scale-orders partitions skip-missing psql topic produce packages
.PHONY: kill pause resume broker-stop broker-start

## learn: demo         the lab, from nothing to its verdict; PACE=enter
demo: packages
	@$(MAKE) --no-print-directory --silent all
	@PROGRESS_PRINTER=: BUILD_DIR='$(BUILD)' stack/temporary_stack.sh run demo '$(BUILD)/demo'

## operate: up           starts the stack, or applies new settings; SECURE=1
up: packages
	@$(MAKE) --no-print-directory --silent all
	@stack/stack.sh up

## learn: page         the live page's address; starts it on a stack that runs
## learn: reset        empties everything, with one partition, while all runs
## operate: down         stops the stack; the data stay
## operate: status       what runs, and which replica has which partitions
## operate: psql [SQL="..."]  psql on the lab's tables, or one statement
## operate: topic        the topic from its beginning, live; FOLLOW=0 RAW=1
## operate: produce      key:value lines to the topic; KEY= PARTITION= HEADERS=
## operate: broker-stop  Kafka alone
## operate: broker-start  Kafka alone
down status page reset broker-stop broker-start psql topic produce:
	@stack/stack.sh $@

## operate: scale N=3    delivery-services, up or down, while running
## operate: scale-orders N=2  order-services, up or down, while running
## operate: partitions N=2  partitions of the topic, more of them, while running
## operate: kill N=1     kill -9 for a delivery-service
## operate: pause N=1    SIGSTOP for a delivery-service
## operate: resume N=1   SIGCONT for it
# The shell reads N from the environment.
scale scale-orders partitions kill pause resume:
	@stack/stack.sh $@ "$$N"

## operate: skip-missing ORDER=7  the order no longer waits for a missing event
skip-missing:
	@stack/stack.sh $@ "$$ORDER"

## develop: packages     installs the Debian packages that are missing
packages:
	@stack/packages.sh install

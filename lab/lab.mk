# The labs beside the demo, most with a temporary stack, under 6 minutes.
#   make lab-failover           three brokers, of which first one is killed and then two
#   make lab-levelling          what a queue buys; also lab-rush, lab-bulk, lab-threads
#   make lab-bulk QUICK=1       a look, half a minute; FULL=1: in the original lab's size
#   make lab-bulk KEEP=1        keeps table and plot in lab/results/
#   make lab-hello              the smallest producer and consumer (lab/hello/), four partitions with two
#                               replicas on three brokers, and what the loss of a leader does
#   make lab-innocent           on the stack that runs, and empties it
#   make lab-report             puts what is kept into docs/labs/load.md
#   make lab-jmeter LAB=bulk    a lab's load by JMeter, beside our own generator; WAY=pool

.PHONY: lab-hello lab-jmeter lab-innocent lab-failover lab-levelling lab-rush lab-bulk lab-threads lab-report

## learn: lab-hello      REST in, Kafka, consumer prints: the gentlest beginning
## learn: lab-failover   three brokers under load, first one and then two killed
## learn: lab-levelling  what an innocent caller feels, with a queue and without
## learn: lab-rush       a rush of orders, and what each way of taking it costs
## learn: lab-bulk       more orders than a synchronous chain can take
## learn: lab-threads    threads, pools and what waits behind them
## learn: lab-innocent   ten seconds of load, and empties the stack that runs
## learn: lab-jmeter     a load of the original lab by JMeter; LAB=bulk
## develop: lab-report   puts the labs' kept results into docs/labs/load.md

# A second make builds, since the packages that it needs may only come now.
lab-failover lab-levelling lab-rush lab-bulk lab-threads:
	$(if $(filter lab-bulk,$@),$(call refused_if_secure,its callers come faster than two processors can shake hands))
	@stack/packages.sh install build run load
	@$(MAKE) --no-print-directory --silent all
	@BUILD_DIR='$(BUILD)' lab/$(@:lab-%=%).sh

# The smallest pair of programs. They know nothing of the project, and link no archive of it.
HELLO := $(BUILD)/hello-producer $(BUILD)/hello-consumer
all: $(HELLO)
$(HELLO): $(BUILD)/hello-%: $(BUILD)/obj/lab/hello/%.o
	$(link)

# refused_if_secure WHY: a command that cannot do with SECURE says so before anything is started.
refused_if_secure = $(if $(SECURE),$(error make $@ cannot do with SECURE=$(SECURE): $(1). Type it without SECURE))

lab-hello:
	$(call refused_if_secure,its programs know of no certificates)
	@stack/packages.sh install
	@$(MAKE) --no-print-directory --silent all
	@BUILD_DIR='$(BUILD)' lab/hello/hello.sh

lab-innocent: packages
	@$(MAKE) --no-print-directory --silent all
	@lab/innocent.sh

lab-jmeter:
	$(call refused_if_secure,its plans call by plain HTTP)
	@stack/packages.sh install build run load jmeter
	@$(MAKE) --no-print-directory --silent all
	@BUILD_DIR='$(BUILD)' lab/jmeter.sh $(LAB)

lab-report:
	@stack/packages.sh install load
	@lab/report.sh

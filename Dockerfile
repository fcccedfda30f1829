# The project's images, one target each: migrate, order-service, delivery-service, page, tools.
#
# The programs are built on Debian and put, with the libraries they load and nothing else, into
# images without a shell, a package manager or a root user. deploy/docker/images.sh shows what is in them.
# No BuildKit is needed.

# --- migrate: the schema, by PostgreSQL's own psql ------------------------------------------------
FROM postgres:15.14-bookworm AS migrate
LABEL org.opencontainers.image.title="ordering-lab migrate" \
	org.opencontainers.image.description="Brings the lab's database schema up to date, then ends" \
	org.opencontainers.image.version="0.2.0" \
	org.opencontainers.image.licenses="MIT"
COPY sql/migrate.sh /lab/sql/
COPY sql/migrations /lab/sql/migrations
COPY deploy/docker/secrets.sh /lab/deploy/docker/
USER postgres
ENTRYPOINT ["/lab/sql/migrate.sh"]

# --- build ----------------------------------------------------------------------------------------
FROM debian:bookworm-slim AS build
WORKDIR /src
COPY stack/packages.sh stack/packages.txt stack/process.sh stack/
RUN stack/packages.sh install build \
	&& apt-get install -y -qq --no-install-recommends ca-certificates >/dev/null \
	&& rm -rf /var/lib/apt/lists/*
COPY . .
RUN make build/order-service build/delivery-service build/page build/verify-history \
		build/dead-letters build/topics \
	&& deploy/docker/collect.sh /out/order-service build/order-service \
	&& deploy/docker/collect.sh /out/delivery-service build/delivery-service \
	&& deploy/docker/collect.sh /out/page build/page \
	&& deploy/docker/collect.sh /out/tools build/verify-history build/dead-letters build/topics

# --- order-service --------------------------------------------------------------------------------
FROM scratch AS order-service
LABEL org.opencontainers.image.title="order-service" \
	org.opencontainers.image.description="Takes orders over REST, announces them on Kafka" \
	org.opencontainers.image.version="0.2.0" \
	org.opencontainers.image.licenses="MIT"
COPY --from=build /out/order-service /
ENV HTTP_HOST=0.0.0.0 REPLICA=order-%h
USER 10001:10001
EXPOSE 8081
HEALTHCHECK --interval=3s --timeout=3s --start-period=30s --retries=3 \
	CMD ["/usr/bin/order-service", "--ready"]
ENTRYPOINT ["/usr/bin/order-service"]

# --- delivery-service -----------------------------------------------------------------------------
FROM scratch AS delivery-service
LABEL org.opencontainers.image.title="delivery-service" \
	org.opencontainers.image.description="Makes deliveries of the order events on Kafka" \
	org.opencontainers.image.version="0.2.0" \
	org.opencontainers.image.licenses="MIT"
COPY --from=build /out/delivery-service /
ENV HTTP_HOST=0.0.0.0 REPLICA=delivery-%h
USER 10002:10002
EXPOSE 8082
HEALTHCHECK --interval=3s --timeout=3s --start-period=30s --retries=3 \
	CMD ["/usr/bin/delivery-service", "--ready"]
ENTRYPOINT ["/usr/bin/delivery-service"]

# --- page -----------------------------------------------------------------------------------------
FROM scratch AS page
LABEL org.opencontainers.image.title="page" \
	org.opencontainers.image.description="Shows the lab in a browser, as it happens" \
	org.opencontainers.image.version="0.2.0" \
	org.opencontainers.image.licenses="MIT"
COPY --from=build /out/page /
ENV HTTP_HOST=0.0.0.0
USER 10004:10004
EXPOSE 8080
HEALTHCHECK --interval=3s --timeout=3s --start-period=30s --retries=3 \
	CMD ["/usr/bin/page", "--alive"]
ENTRYPOINT ["/usr/bin/page"]

# --- tools: the history checker, the dead letters, topics and ACLs --------------------------------
FROM scratch AS tools
LABEL org.opencontainers.image.title="ordering-lab tools" \
	org.opencontainers.image.description="The lab's history checker, dead letters, topics and ACLs" \
	org.opencontainers.image.version="0.2.0" \
	org.opencontainers.image.licenses="MIT"
COPY --from=build /out/tools /
USER 10003:10003
ENTRYPOINT ["/usr/bin/verify-history"]

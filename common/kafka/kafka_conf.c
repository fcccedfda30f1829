#include "common/kafka/kafka_conf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/runtime/log.h"

/* A name of ours, as librdkafka would call it. */
#define PASSWORD_LOCATION "sasl.password.location"

/* Runs on librdkafka's threads. */
static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
	enum log_level ours = level <= 3 ? LOG_WARN : level <= 5 ? LOG_INFO : LOG_DEBUG;

	(void)rk;
	/* A broker that is away is librdkafka's business to mend: never our ERROR. */
	log_write(ours, "kafka", "librdkafka says", "fac=%s text=%s", LOG_QUOTE(facility),
		  LOG_QUOTE(text));
}

/* sasl.password from the first line of a file, so that it is in no environment. */
static enum status set_password(rd_kafka_conf_t *conf, const char *path, struct error *err)
{
	char password[1024] = "", why[200];
	FILE *file = fopen(path, "re");
	const char *read = file ? fgets(password, sizeof(password), file) : NULL;

	if (!read)
		(void)error_set(err, ST_INVALID, "KAFKA_CONF: " PASSWORD_LOCATION "=%s: %s", path,
				file ? "nothing can be read" : strerror(errno));
	if (file)
		(void)fclose(file);
	if (!read)
		return err->status;
	password[strcspn(password, "\r\n")] = '\0';
	if (rd_kafka_conf_set(conf, "sasl.password", password, why, sizeof(why)) !=
	    RD_KAFKA_CONF_OK)
		return error_set(err, ST_INVALID, "KAFKA_CONF: %s", why);
	return ST_OK;
}

static enum status set_one(rd_kafka_conf_t *conf, const char *name, const char *value,
			   struct error *err)
{
	char why[200];

	if (strcmp(name, PASSWORD_LOCATION) == 0)
		return set_password(conf, value, err);
	if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) != RD_KAFKA_CONF_OK)
		return error_set(err, ST_INVALID, "KAFKA_CONF: %s", why);
	return ST_OK;
}

/* Sets each name=value of text; values may hold anything but ';' and newline. No error shows a
 * value: it may be what follows a ';' in a password. */
enum status kafka_conf_extra(rd_kafka_conf_t *conf, const char *text, struct error *err)
{
	char pair[1024];

	for (int number = 1; *text; number++) {
		size_t len = strcspn(text, ";\n");
		char *equals;

		if (len >= sizeof(pair))
			return error_set(err, ST_INVALID, "KAFKA_CONF: a property is too long");
		memcpy(pair, text, len);
		pair[len] = '\0';
		text += len + (text[len] != '\0');
		if (len == 0)
			continue;
		equals = strchr(pair, '=');
		if (!equals)
			return error_set(
				err, ST_INVALID,
				"KAFKA_CONF: property %d is not name=value (separate with ;)",
				number);
		*equals = '\0';
		if (set_one(conf, pair, equals + 1, err) != ST_OK)
			return err->status;
	}
	return ST_OK;
}

enum status kafka_conf_set(rd_kafka_conf_t *conf, const char *const *pairs, struct error *err)
{
	char why[200];

	for (size_t i = 0; pairs[i]; i += 2) {
		if (rd_kafka_conf_set(conf, pairs[i], pairs[i + 1], why, sizeof(why)) !=
		    RD_KAFKA_CONF_OK)
			return error_set(err, ST_INVALID, "%s", why);
	}
	return ST_OK;
}

/*
 * What newer libraries than 2.0.2 need. From 2.10 on librdkafka drops each broker that the others
 * do not name, and after an answer that names none it has nobody left to ask: it would begin again
 * with bootstrap.servers only five minutes later, which is as long as a topic stands still here
 * that a broker without its old data has. A library that does not know a property does not need it.
 */
static enum status set_newer(rd_kafka_conf_t *conf, struct error *err)
{
	static const char *const pairs[] = { "metadata.recovery.rebootstrap.trigger.ms", "3000",
					     NULL };
	char why[200];

	for (size_t i = 0; pairs[i]; i += 2) {
		if (rd_kafka_conf_set(conf, pairs[i], pairs[i + 1], why, sizeof(why)) ==
		    RD_KAFKA_CONF_INVALID)
			return error_set(err, ST_INTERNAL, "%s", why);
	}
	return ST_OK;
}

/* What the user sets, if it leaves alone what the role relies on. */
static enum status set_users(rd_kafka_conf_t *conf, const char *extra,
			     const struct kafka_fixed *fixed, struct error *err)
{
	struct kafka_fixed_values values;

	kafka_fixed_remember(&values, fixed, conf);
	if (kafka_conf_extra(conf, extra, err) != ST_OK)
		return err->status;
	return kafka_fixed_check(&values, fixed, conf, err);
}

enum status kafka_conf(rd_kafka_conf_t **out, const struct kafka_settings *settings,
		       const char *const *pairs, const struct kafka_fixed *fixed, struct error *err)
{
	/* clang-format off */
	const char *const shared[] = {
		"bootstrap.servers", settings->bootstrap_servers,
		"client.id", settings->client_id,
		"message.max.bytes", KAFKA_MESSAGE_MAX_BYTES,
		/* New partitions are noticed within a second, not within the default 5 minutes. */
		"topic.metadata.refresh.interval.ms", "1000",
		"metadata.max.age.ms", "3000",
		"reconnect.backoff.ms", "50",
		"reconnect.backoff.max.ms", "1000",
		"socket.keepalive.enable", "true",
		"socket.nagle.disable", "true",
		"log.connection.close", "false",
		NULL,
	};
	/* clang-format on */
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	enum status st;

	/* Properties of topics can be read only when there is one. */
	rd_kafka_conf_set_default_topic_conf(conf, rd_kafka_topic_conf_new());
	rd_kafka_conf_set_log_cb(conf, on_log);
	st = kafka_conf_set(conf, shared, err);
	if (st == ST_OK)
		st = set_newer(conf, err);
	if (st == ST_OK)
		st = kafka_conf_set(conf, pairs, err);
	if (st == ST_OK)
		st = set_users(conf, settings->extra, fixed, err);
	if (st != ST_OK) {
		rd_kafka_conf_destroy(conf);
		return st;
	}
	*out = conf;
	return ST_OK;
}

enum status kafka_conf_client(rd_kafka_t **out, rd_kafka_type_t type, rd_kafka_conf_t *conf,
			      struct error *err)
{
	char why[200];

	*out = rd_kafka_new(type, conf, why, sizeof(why));
	if (*out)
		return ST_OK;
	rd_kafka_conf_destroy(conf);
	return error_set(err, ST_INVALID, "Kafka %s: %s",
			 type == RD_KAFKA_PRODUCER ? "producer" : "consumer", why);
}

/*
 * No secret shows: in no log, no command line, no file that others may read; not in what
 * --print-config and /about say. A secret is looked for by its text: passwords, tokens, and the
 * middle of each key.
 */
#include <dirent.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/runtime/command.h"
#include "tests/secure/secure.h"
#include "tests/support/arena.h"
#include "tests/support/http_client.h"
#include "tests/support/wait.h"

#define SECRETS_MAX 60
#define CONFIG_MS   60000
#define LEAST_LEN   16 /* of a text that nothing else has by chance */

struct secrets {
	const char *text[SECRETS_MAX], *file[SECRETS_MAX];
	size_t count;
};

/* All of a file, NUL-terminated, NULs in it made blanks; "" if it cannot be read. */
static const char *read_all(const char *path)
{
	static char text[4 << 20];
	FILE *file = fopen(path, "re");
	size_t len = file ? fread(text, 1, sizeof(text) - 1, file) : 0;

	for (size_t i = 0; i < len; i++)
		text[i] = text[i] ? text[i] : ' ';
	text[len] = '\0';
	if (file)
		(void)fclose(file);
	return text;
}

/* take for each entry of the folder. */
static void each_file(struct secure *secure, const char *folder,
		      void (*take)(struct secure *secure, const char *path, void *context),
		      void *context)
{
	DIR *dir = opendir(folder);

	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		if (entry->d_name[0] != '.')
			take(secure, arena_format("%s/%s", folder, entry->d_name), context);
	}
	if (dir)
		(void)closedir(dir);
}

static void add(struct secrets *secrets, const char *text, size_t len, const char *file)
{
	if (len < LEAST_LEN || secrets->count == SECRETS_MAX)
		return;
	secrets->text[secrets->count] = arena_copy(text, len);
	secrets->file[secrets->count++] = file;
}

/* The second line of a key, the last field of a line of a password file, or the first line. */
static void collect(struct secure *secure, const char *path, void *context)
{
	const char *text, *line;

	(void)secure;
	if (fnmatch("*.key", path, 0) == 0) {
		text = read_all(path);
		line = strchr(text, '\n');
		if (line)
			add(context, line + 1, strcspn(line + 1, "\n"), path);
	} else if (fnmatch("*.token", path, 0) == 0 || fnmatch("*.password", path, 0) == 0) {
		text = read_all(path);
		add(context, text, strcspn(text, "\n"), path);
	} else if (fnmatch("*/pgpass", path, 0) == 0) {
		for (text = read_all(path); *text; text += strcspn(text, "\n") + (*text != '\0')) {
			line = arena_copy(text, strcspn(text, "\n"));
			line = strrchr(line, ':');
			if (line)
				add(context, line + 1, strlen(line + 1), path);
			if (!text[strcspn(text, "\n")])
				break;
		}
	}
}

static const char *found_in(const struct secrets *secrets, const char *text)
{
	for (size_t i = 0; i < secrets->count; i++) {
		if (strstr(text, secrets->text[i]))
			return secrets->file[i];
	}
	return NULL;
}

static void look_at_log(struct secure *secure, const char *path, void *context)
{
	const char *file = found_in(context, read_all(path));

	if (file)
		secure_expect(secure, false, "what is in %s is not in %s", file, path);
}

static void look_at_process(struct secure *secure, const char *path, void *context)
{
	const char *file = found_in(context, read_all(arena_format("%s/cmdline", path)));

	if (file)
		secure_expect(secure, false, "what is in %s is not in a command line, %s", file,
			      path);
}

/* Only its owner may read what has a secret in it. */
static void look_at_mode(struct secure *secure, const char *path, void *context)
{
	struct stat info;

	if (stat(path, &info) == 0 && S_ISREG(info.st_mode) && (info.st_mode & 077) &&
	    found_in(context, read_all(path)))
		secure_expect(secure, false, "%s is its owner's alone", path);
}

static void expect_silent_services(struct secure *secure, const struct secrets *secrets)
{
	const char *const names[] = { "order-service", "delivery-service" };
	const int64_t ports[] = { secure->order_port, secure->delivery_port };

	(void)setenv("HTTP_TOKEN_FILE", secure_path(secure, "secure/operator.token"), 1);
	for (size_t i = 0; i < 2; i++) {
		const char *output = secure_path(secure, arena_format("%s.config", names[i]));
		const char *conf = arena_format("KAFKA_CONF=%s;sasl.password=%s",
						secure_setting(secure, names[i], "KAFKA_CONF"),
						secrets->text[0]);
		const struct command print = {
			.arguments = { "env", conf,
				       arena_format("%s/%s", secure->build_dir, names[i]),
				       "--print-config" },
			.output_path = output,
			.timeout_ms = wait_stretch(CONFIG_MS)
		};
		struct http_answer about = http_call((int)ports[i], "GET", "/about", NULL, NULL);

		secure_expect(secure,
			      command_run(&print) == 0 && !found_in(secrets, read_all(output)),
			      "%s --print-config shows no secret", names[i]);
		secure_expect(secure, about.status == 200 && !found_in(secrets, about.body),
			      "%s/about shows no secret", names[i]);
	}
}

void secrets_expect(struct secure *secure)
{
	struct secrets secrets = { .count = 0 };
	int failed = secure->failed;

	each_file(secure, secure_path(secure, "secure"), collect, &secrets);
	each_file(secure, secure->run_dir, collect, &secrets);
	secure_expect(secure, secrets.count >= 20, "%zu secrets are looked for", secrets.count);
	each_file(secure, secure_path(secure, "log"), look_at_log, &secrets);
	each_file(secure, "/proc", look_at_process, &secrets);
	each_file(secure, secure_path(secure, "secure"), look_at_mode, &secrets);
	each_file(secure, secure_path(secure, "kafka/1"), look_at_mode, &secrets);
	each_file(secure, secure->run_dir, look_at_mode, &secrets);
	secure_expect(secure, secure->failed == failed,
		      "no secret is in a log, a command line, or a file that others may read");
	if (secrets.count > 0)
		expect_silent_services(secure, &secrets);
}

#include "common/service/http_caller.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT(member) offsetof(struct http_caller, member)

const struct config_key http_caller_keys[] = {
	{ "HTTP_CA", CONFIG_TEXT, CONFIG_PUBLIC, AT(ca), "", 0, 0, NULL,
	  "PEM file of the authorities that servers' certificates are checked with (empty: the "
	  "system's)" },
	{ "HTTP_CLIENT_CERT", CONFIG_TEXT, CONFIG_PUBLIC, AT(certificate), "", 0, 0, NULL,
	  "PEM file of the certificate to show to them" },
	{ "HTTP_CLIENT_KEY", CONFIG_TEXT, CONFIG_PUBLIC, AT(key), "", 0, 0, NULL,
	  "PEM file of its key" },
	{ "HTTP_TOKEN_FILE", CONFIG_TEXT, CONFIG_PUBLIC, AT(token_file), "", 0, 0, NULL,
	  "file with the bearer token to send to them" },
	{ 0 },
};

static bool given(const char *path)
{
	return path && path[0];
}

size_t http_caller_check(const void *settings, struct strbuf *problems)
{
	const struct http_caller *caller = settings;

	if (given(caller->certificate) == given(caller->key))
		return 0;
	strbuf_puts(problems, "HTTP_CLIENT_CERT, HTTP_CLIENT_KEY: both or neither\n");
	return 1;
}

struct http_caller http_caller_from_environment(void)
{
	return (struct http_caller){ .ca = getenv("HTTP_CA"),
				     .certificate = getenv("HTTP_CLIENT_CERT"),
				     .key = getenv("HTTP_CLIENT_KEY"),
				     .token_file = getenv("HTTP_TOKEN_FILE") };
}

const char *http_caller_scheme(const struct http_caller *caller)
{
	return given(caller->ca) || given(caller->certificate) ? "https" : "http";
}

enum status http_caller_token(const struct http_caller *caller, char token[HTTP_CALLER_TOKEN_SIZE],
			      struct error *err)
{
	FILE *file;
	bool good;

	token[0] = '\0';
	if (!given(caller->token_file))
		return ST_OK;
	file = fopen(caller->token_file, "re");
	if (!file)
		return error_set(err, ST_INVALID, "HTTP_TOKEN_FILE=%.100s: %s", caller->token_file,
				 strerror(errno));
	good = fgets(token, HTTP_CALLER_TOKEN_SIZE, file) != NULL;
	(void)fclose(file);
	token[good ? strcspn(token, "\r\n") : 0] = '\0';
	if (token[0] && !strpbrk(token, " \t"))
		return ST_OK;
	return error_set(err, ST_INVALID, "HTTP_TOKEN_FILE=%.100s: its first line is no token",
			 caller->token_file);
}

enum status http_caller_apply(const struct http_caller *caller, void *curl, struct error *err)
{
	char token[HTTP_CALLER_TOKEN_SIZE];

	if (given(caller->ca))
		(void)curl_easy_setopt(curl, CURLOPT_CAINFO, caller->ca);
	if (given(caller->certificate)) {
		(void)curl_easy_setopt(curl, CURLOPT_SSLCERT, caller->certificate);
		(void)curl_easy_setopt(curl, CURLOPT_SSLKEY, caller->key);
	}
	if (http_caller_token(caller, token, err) != ST_OK)
		return err->status;
	if (token[0]) {
		(void)curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
		(void)curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, token);
	}
	return ST_OK;
}

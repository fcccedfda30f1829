#include "tests/compose/call.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/runtime/command.h"
#include "tests/support/arena.h"
#include "tests/support/wait.h"

#define CALL_MS (INT64_C(30) * 60 * 1000) /* a build of all images is the longest */

const char *call_file(const char *path)
{
	size_t size = (size_t)command_output_size(path) + 1;
	char *text = arena_alloc(size);

	command_read_output(path, 0, text, size);
	return text;
}

bool call_vector(struct run *run, const char *input_path, const char *const *arguments)
{
	struct command command = { .input_path = input_path,
				   .output_path = run_path(run, "answer.txt"),
				   .error_path = run_path(run, "log/compose.log"),
				   .timeout_ms = wait_stretch(CALL_MS),
				   .cancel = run->closing ? NULL : &run->interrupted };
	const char *answer;
	size_t len;

	for (size_t i = 0; arguments[i]; i++)
		command.arguments[i] = arguments[i];
	(void)unlink(command.output_path);
	run->exit_status = command_run(&command);
	answer = call_file(command.output_path);
	for (len = strlen(answer); len > 0 && answer[len - 1] == '\n'; len--)
		;
	run->answer = arena_copy(answer, len);
	return run->exit_status == 0;
}

size_t call_append(const char **arguments, size_t count, va_list ap)
{
	for (; count < COMMAND_ARGUMENTS_MAX; count++)
		if (!(arguments[count] = va_arg(ap, const char *)))
			return count;
	abort();
}

bool call_run(struct run *run, const char *program, ...)
{
	const char *arguments[COMMAND_ARGUMENTS_MAX] = { program };
	va_list ap;

	va_start(ap, program);
	(void)call_append(arguments, 1, ap);
	va_end(ap);
	return call_vector(run, NULL, arguments);
}

const char *call_line(const char **text)
{
	size_t len = strcspn(*text, "\n");
	const char *line = arena_copy(*text, len);

	if (**text == '\0')
		return NULL;
	*text += len + ((*text)[len] == '\n');
	return line;
}

int call_line_count(const char *text)
{
	int count = 0;

	while (call_line(&text))
		count++;
	return count;
}

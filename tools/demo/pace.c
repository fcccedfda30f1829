#include "tools/demo/pace.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "tools/demo/guess.h"

#define LOOK_MS   100
#define LINE_SIZE 64

/* A line of the terminal, without its end. */
static enum status read_line(struct lab *lab, char line[LINE_SIZE], struct error *err)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	ssize_t len;

	for (;;) {
		if (lab_goes_on(lab, err) != ST_OK)
			return err->status;
		if (poll(&input, 1, LOOK_MS) > 0)
			break;
	}
	len = read(STDIN_FILENO, line, LINE_SIZE - 1);
	if (len <= 0)
		return error_set(err, ST_UNAVAILABLE,
				 "the input has ended, so nobody sets the "
				 "pace any more");
	line[len] = '\0';
	line[strcspn(line, "\r\n")] = '\0';
	return ST_OK;
}

enum status pace_wait(struct lab *lab, struct error *err)
{
	char line[LINE_SIZE];

	if (!lab->config->enter)
		return ST_OK;
	screen_gap(&lab->screen);
	screen_say(&lab->screen, STYLE_DIM, "pace.enter", NULL);
	return read_line(lab, line, err);
}

enum status pace_predict(struct lab *lab, const char **guess, struct error *err)
{
	char line[LINE_SIZE];

	*guess = NULL;
	if (!lab->config->enter)
		return ST_OK;
	screen_gap(&lab->screen);
	screen_say(&lab->screen, STYLE_BOLD, "lab.predict", NULL);
	while (!*guess) {
		screen_say(&lab->screen, STYLE_PLAIN, "pace.choices", NULL);
		if (read_line(lab, line, err) != ST_OK)
			return err->status;
		*guess = guess_status(line);
	}
	return ST_OK;
}

void pace_judge(struct lab *lab, const char *guess, const char *status)
{
	bool hit = guess && strcmp(guess, status) == 0;

	if (!guess)
		return;
	screen_say(&lab->screen, STYLE_PLAIN, "lab.predicted", "guess", guess, NULL);
	screen_say(&lab->screen, STYLE_BOLD, hit ? "lab.hit" : "lab.miss", NULL);
}

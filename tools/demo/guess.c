#include "tools/demo/guess.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

const char *guess_status(const char *answer)
{
	static const struct {
		const char *letter, *word, *status;
	} guesses[] = {
		{ "m", "modified", "DELIVERY MODIFIED" },
		{ "c", "cancelled", "DELIVERY CANCELLED" },
	};

	answer += strspn(answer, " ");
	for (size_t i = 0; i < sizeof(guesses) / sizeof(guesses[0]); i++) {
		if (strcasecmp(answer, guesses[i].letter) == 0 ||
		    strcasecmp(answer, guesses[i].word) == 0)
			return guesses[i].status;
	}
	return NULL;
}

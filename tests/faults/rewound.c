#include "tests/faults/rewound.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/database.h"

static void read_line(struct rewound *rewound, const char *line, bool before)
{
	char method[8];
	int64_t id;

	if (sscanf(line, "%*d %7s %" SCNd64, method, &id) != 2)
		return;
	if (before) {
		rewound->last_id = id > rewound->last_id ? id : rewound->last_id;
		return;
	}
	if (id > rewound->last_id)
		rewound->operations++;
	else if (strcmp(method, "POST") == 0)
		rewound->repeated++;
}

void rewound_read(struct rewound *rewound, const char *acks, int64_t size)
{
	FILE *file = fopen(acks, "re");
	char line[120];
	int64_t at = 0;

	*rewound = (struct rewound){ 0 };
	while (file && fgets(line, sizeof(line), file)) {
		read_line(rewound, line, at < size);
		at += (int64_t)strlen(line);
	}
	if (file)
		(void)fclose(file);
}

int64_t rewound_stored(const struct rewound *rewound, const char *database_url)
{
	char statement[160];

	(void)snprintf(statement, sizeof(statement),
		       "select coalesce(sum(version), 0) from orders.orders where id > %" PRId64,
		       rewound->last_id);
	return database_number(database_url, statement);
}

int64_t rewound_differing(const struct rewound *rewound, const char *database_url)
{
	char statement[500];

	(void)snprintf(statement, sizeof(statement),
		       "select count(*) from orders.orders o "
		       "left join delivery.delivery d on d.order_id = o.id where o.id > %" PRId64
		       " and (d.version, d.customer_id, d.qty) is distinct from "
		       "(o.version, o.customer_id, o.qty)",
		       rewound->last_id);
	return database_number(database_url, statement);
}

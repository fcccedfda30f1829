#include "tests/simulation/sim_sql.h"

const struct sim_sql sim_sql_relay[] = { { 0 } };

#pragma once

#include <stdbool.h>

/* Have Python's small objects in large pages; HPCPY_ARENAS=stock, which counts
   where the environment does, leaves them in small ones. */
void hpcpy_arenas_prepare(bool use_environment);

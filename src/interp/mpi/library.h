/* Where shared libraries lie, without the loader's search: see library.c. */

#pragma once

#include <stdbool.h>
#include <stddef.h>

#define HPCPY_NOWHERE -1
#define HPCPY_UNREADABLE -2

/* The index of the library that the loader would find in LD_LIBRARY_PATH: of those in
   the first folder that has one, the first.  HPCPY_NOWHERE without any, HPCPY_UNREADABLE
   if only the loader can read the variable. */
int hpcpy_in_library_path(const char *const *sonames, int count);

/* Writes a path of each library in /etc/ld.so.cache, besides `own`, or "".  False if the
   cache cannot be read. */
bool hpcpy_in_loader_cache(const char *const *sonames, int count, const char *own,
                           char (*paths)[4096]);

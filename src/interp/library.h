/* Where shared libraries lie, without the loader's search: see library.c. */

#ifndef HPCPY_LIBRARY_H
#define HPCPY_LIBRARY_H

#include <stddef.h>

#define HPCPY_NOWHERE -1
#define HPCPY_UNREADABLE -2

/* Which of the libraries the first folder of LD_LIBRARY_PATH has that has any of
   them: its index, HPCPY_NOWHERE, or HPCPY_UNREADABLE for a variable that only the
   loader can read. */
int hpcpy_in_library_path(const char *const *sonames, int count);

/* Writes the path that /etc/ld.so.cache has for each library, or "": the first one,
   but `last` only where there is no other. */
void hpcpy_in_loader_cache(const char *const *sonames, int count, const char *last,
                           char (*paths)[4096]);

#endif

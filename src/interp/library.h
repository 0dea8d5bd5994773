/* Where a shared library lies, without the loader's search: see library.c. */

#ifndef HPCPY_LIBRARY_H
#define HPCPY_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>

/* Whether a folder of LD_LIBRARY_PATH may have the library: one has the file, or
   has a name that only the loader can read. */
bool hpcpy_in_library_path(const char *soname);

/* Writes the path that /etc/ld.so.cache has for the library. */
bool hpcpy_in_loader_cache(const char *soname, char *path, size_t room);

#endif

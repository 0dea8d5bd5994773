#pragma once

#include <stdbool.h>
#include <stddef.h>

/* The library's files, in the executable of `make standalone` alone: recipes/standalone. */
extern const unsigned char hpcpy_files[] __attribute__((weak, visibility("hidden")));
extern const unsigned char hpcpy_files_end[] __attribute__((weak, visibility("hidden")));

static inline bool hpcpy_is_standalone(void)
{
    return hpcpy_files != NULL;
}

/* It owns all its strings; what cannot be found out is NULL. */
typedef struct {
    char *executable;      /* as it was called, absolute */
    char *base_executable; /* behind a virtual environment's link */
    char *prefix;          /* of the virtual environment, else `base` */
    char *base;            /* the prefix with the library */
} HpcpyLocation;

/* Find out where this interpreter lies.  `argv` ends with NULL, as main's does, and
   may be empty. */
void hpcpy_location_find(HpcpyLocation *location, char *const *argv);
void hpcpy_location_clear(HpcpyLocation *location);

/* The folder of the library, which is the build's until `hpcpy_location_find` was called. */
const char *hpcpy_library(void);

/* The absolute path, with links and `..` in it left as they are; NULL if the working
   directory is gone.  free() it. */
char *hpcpy_absolute(const char *path);

/* Whether somebody ran `/lib64/ld-linux-x86-64.so.2 …/python3`: then /proc/self/exe
   is the loader. */
bool hpcpy_started_by_loader(void);

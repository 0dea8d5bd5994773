/* Files that lie compressed in the executable and are read as if they lay in the
   library's folder: see docs/interpreter.md.  Calls of the C library's that name
   files go through the wrappers of store_*.c (--wrap). */

#ifndef HPCPY_STORE_H
#define HPCPY_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As src/interp/store/write.py lays them out; offsets are from the header. */
typedef struct {
    char magic[8];
    unsigned char sha256[32]; /* of all but these 32 bytes */
    uint64_t epoch, size, strings;
    uint32_t folder_count, file_count;
} StoreHeader;

typedef struct {
    uint32_t name, name_length; /* of its path below the library, no slash before it */
    uint32_t first, count;      /* its files, sorted by name */
} StoreFolder;

typedef struct {
    uint32_t name, name_length, size;
    /* It lies in `whole` bytes, behind so many; the same number packed where they are
       not compressed. */
    uint32_t packed, whole, skip;
    uint64_t offset;
} StoreFile;

extern const unsigned char hpcpy_files[];

static inline const StoreHeader *hpcpy_store_header(void)
{
    return (const StoreHeader *)hpcpy_files;
}

/* Where the library is, …/lib/python3.x; before it is known, nothing is stored. */
void hpcpy_store_start(const char *library);
const char *hpcpy_store_library(void);

/* The stored file of a path that begins with the library's, or NULL: no call is made. */
const StoreFile *hpcpy_store_find(const char *path);
/* The same for all other paths, which the disk does not have (errno is ENOENT, and
   stays that): relative ones, ones with links. */
const StoreFile *hpcpy_store_find_late(int folder, const char *path);
/* Either; for calls that would make a file. */
const StoreFile *hpcpy_store_find_any(int folder, const char *path);
/* A folder with stored files, or NULL; by its path, or by an open one. */
const StoreFolder *hpcpy_store_folder(const char *path);
const StoreFolder *hpcpy_store_folder_of(int file);
/* Whether it is worth asking for the open folder of that path. */
bool hpcpy_store_may_be_folder(const char *path);
/* Whether a folder has any, however deep. */
bool hpcpy_store_is_below(const char *path);

/* The table; paths below the library. */
const StoreFolder *hpcpy_store_exact_folder(const char *path, size_t length);
const StoreFile *hpcpy_store_exact_file(const char *path);
bool hpcpy_store_has_below(const char *path);
const char *hpcpy_store_name(const StoreFile *file);
const StoreFile *hpcpy_store_files(const StoreFolder *folder);
const StoreFile *hpcpy_store_look_up(const StoreFolder *folder, const char *name, size_t length);
uint64_t hpcpy_store_inode(const StoreFile *file);
/* Its contents in a new open file, or -1 with errno. */
int hpcpy_store_open(const StoreFile *file, int flags);

#endif

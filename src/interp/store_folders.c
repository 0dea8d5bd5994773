/* Listings: what the disk has, then the stored files.  All functions that take a DIR
   are wrapped, so that ours can be another struct. */

#define _GNU_SOURCE
#include "store.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    DIR *disk;
    const StoreFolder *folder; /* or NULL */
    uint32_t next;
    bool is_read; /* the disk's: at its end, each further call would ask the kernel again */
    struct dirent64 entry;
} Listing;

DIR *__real_opendir(const char *path);
DIR *__real_fdopendir(int file);
struct dirent64 *__real_readdir64(DIR *disk);
int __real_closedir(DIR *disk);
void __real_rewinddir(DIR *disk);
int __real_dirfd(DIR *disk);
DIR *__wrap_opendir(const char *path);
DIR *__wrap_fdopendir(int file);
struct dirent64 *__wrap_readdir64(DIR *handle);
struct dirent *__wrap_readdir(DIR *handle);
int __wrap_closedir(DIR *handle);
void __wrap_rewinddir(DIR *handle);
int __wrap_dirfd(DIR *handle);

static DIR *listing(DIR *disk, const StoreFolder *folder)
{
    Listing *made = disk == NULL ? NULL : calloc(1, sizeof(*made));
    if (made != NULL) {
        made->disk = disk;
        made->folder = folder;
    }
    return (DIR *)made;
}

DIR *__wrap_opendir(const char *path)
{
    DIR *disk = __real_opendir(path);
    if (disk == NULL) {
        return NULL;
    }
    const StoreFolder *folder = hpcpy_store_folder(path);
    if (folder == NULL && hpcpy_store_may_be_folder(path)) {
        folder = hpcpy_store_folder_of(__real_dirfd(disk));
    }
    DIR *made = listing(disk, folder);
    if (made == NULL) {
        __real_closedir(disk);
        errno = ENOMEM;
    }
    return made;
}

DIR *__wrap_fdopendir(int file)
{
    DIR *disk = __real_fdopendir(file);
    /* Without memory for ours the disk's leaks: closing it would close the file. */
    return disk == NULL ? NULL : listing(disk, hpcpy_store_folder_of(file));
}

static struct dirent64 *stored(Listing *list)
{
    if (list->folder == NULL || list->next == list->folder->count) {
        return NULL;
    }
    const StoreFile *file = &hpcpy_store_files(list->folder)[list->next++];
    list->entry.d_ino = hpcpy_store_inode(file);
    list->entry.d_off = list->next;
    list->entry.d_reclen = sizeof(list->entry);
    list->entry.d_type = DT_REG;
    memcpy(list->entry.d_name, hpcpy_store_name(file), file->name_length + 1);
    return &list->entry;
}

struct dirent64 *__wrap_readdir64(DIR *handle)
{
    Listing *list = (Listing *)handle;
    if (list->is_read) {
        return stored(list);
    }
    int before = errno;
    struct dirent64 *entry;
    errno = 0;
    do {
        entry = __real_readdir64(list->disk);
        /* One that somebody has put there all the same is the stored one. */
    } while (entry != NULL && list->folder != NULL
             && hpcpy_store_look_up(list->folder, entry->d_name, strlen(entry->d_name)) != NULL);
    if (entry == NULL && errno == 0) {
        list->is_read = true;
        entry = stored(list);
    }
    errno = errno == 0 ? before : errno;
    return entry;
}

_Static_assert(sizeof(struct dirent) == sizeof(struct dirent64), "one struct on 64-bit machines");

struct dirent *__wrap_readdir(DIR *handle)
{
    return (struct dirent *)__wrap_readdir64(handle);
}

int __wrap_closedir(DIR *handle)
{
    DIR *disk = ((Listing *)handle)->disk;
    free(handle);
    return __real_closedir(disk);
}

void __wrap_rewinddir(DIR *handle)
{
    Listing *list = (Listing *)handle;
    list->next = 0;
    list->is_read = false;
    __real_rewinddir(list->disk);
}

int __wrap_dirfd(DIR *handle)
{
    return __real_dirfd(((Listing *)handle)->disk);
}

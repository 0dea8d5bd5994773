/* The table of stored files.  Paths are those below the library. */

#include "store.h"

#include <string.h>

/* Above what file systems count up to; a stored file keeps its own. */
#define FIRST_INODE (UINT64_C(1) << 50)

static const void *at(uint64_t offset)
{
    return (const char *)hpcpy_files + offset;
}

static const char *string(uint32_t offset)
{
    return (const char *)at(hpcpy_store_header()->strings) + offset;
}

static const StoreFolder *folders(void)
{
    return at(sizeof(StoreHeader));
}

static const StoreFile *files(void)
{
    return at(sizeof(StoreHeader) + hpcpy_store_header()->folder_count * sizeof(StoreFolder));
}

const char *hpcpy_store_name(const StoreFile *file)
{
    return string(file->name);
}

uint64_t hpcpy_store_inode(const StoreFile *file)
{
    return FIRST_INODE + (uint64_t)(file - files());
}

static int compare(const char *name, size_t length, const char *other, size_t other_length)
{
    int order = memcmp(name, other, length < other_length ? length : other_length);
    return order != 0 ? order : (length > other_length) - (length < other_length);
}

/* The first folder that does not come before that path. */
static uint32_t lower_bound(const char *path, size_t length)
{
    uint32_t low = 0, high = hpcpy_store_header()->folder_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const StoreFolder *folder = &folders()[middle];
        if (compare(path, length, string(folder->name), folder->name_length) > 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const StoreFolder *hpcpy_store_exact_folder(const char *path, size_t length)
{
    uint32_t place = lower_bound(path, length);
    if (place == hpcpy_store_header()->folder_count) {
        return NULL;
    }
    const StoreFolder *folder = &folders()[place];
    bool same = compare(path, length, string(folder->name), folder->name_length) == 0;
    return same ? folder : NULL;
}

const StoreFile *hpcpy_store_files(const StoreFolder *folder)
{
    return &files()[folder->first];
}

const StoreFile *hpcpy_store_look_up(const StoreFolder *folder, const char *name, size_t length)
{
    uint32_t low = 0, high = folder->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const StoreFile *file = &hpcpy_store_files(folder)[middle];
        int order = compare(name, length, string(file->name), file->name_length);
        if (order == 0) {
            return file;
        }
        if (order > 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

const StoreFile *hpcpy_store_exact_file(const char *rest)
{
    const char *slash = rest == NULL ? NULL : strrchr(rest, '/');
    const char *name = slash == NULL ? rest : slash + 1;
    if (rest == NULL || *name == '\0') {
        return NULL;
    }
    const StoreFolder *folder = hpcpy_store_exact_folder(rest, slash == NULL ? 0 : (size_t)(slash - rest));
    return folder == NULL ? NULL : hpcpy_store_look_up(folder, name, strlen(name));
}

bool hpcpy_store_has_below(const char *path)
{
    size_t length = strlen(path);
    uint32_t place = lower_bound(path, length);
    if (place == hpcpy_store_header()->folder_count) {
        return false;
    }
    /* The first that does not come before it: itself, or one below it, or neither;
       a name such as a-b lies between a and a/b. */
    for (; place < hpcpy_store_header()->folder_count; place++) {
        const StoreFolder *folder = &folders()[place];
        const char *name = string(folder->name);
        if (strncmp(name, path, length) != 0) {
            return false;
        }
        if (length == 0 || name[length] == '/' || name[length] == '\0') {
            return true;
        }
    }
    return false;
}

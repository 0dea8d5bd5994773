/* A root of the image's folders and of the host's, for an image that is a whole system. */

#define _GNU_SOURCE
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pack.h"

/* Of the image; all others are the host's, as far as it has them. */
static const char *const SYSTEM[] = {"usr", "etc", "var", "opt", "bin", "sbin", "lib", "lib64", NULL};
/* Of the host in the image's /etc. */
static const char *const FILES[] = {
    "passwd", "group", "hosts", "resolv.conf", "nsswitch.conf", "localtime", NULL};

int prepare_root(const char **why)
{
    *why = "a new root";
    if (mount("tmpfs", config.prefix, "tmpfs", MS_NODEV | MS_NOSUID, "mode=755,size=1m"))
        return -1;
    return chdir(config.prefix) || mkdir(".image", 0755) ? -1 : 0;
}

static int is_of_image(const char *name)
{
    for (const char *const *one = SYSTEM; *one; one++)
        if (!strcmp(*one, name))
            return 1;
    return 0;
}

/* Have the folders and links at the top of the image, or of the host, at the new root's. */
static int take(const char *from, int is_image)
{
    char source[4200], target[4096];
    struct stat status;
    DIR *folder = opendir(from);
    struct dirent *entry;

    while (folder && (entry = readdir(folder))) {
        snprintf(source, sizeof source, "%s/%s", from, entry->d_name);
        if (*entry->d_name == '.' || is_of_image(entry->d_name) != is_image)
            continue;
        ssize_t size = readlink(source, target, sizeof target - 1);
        if (size >= 0) {
            target[size] = 0;
            if (symlink(target, entry->d_name))
                return -1;
        } else if (!stat(source, &status) && S_ISDIR(status.st_mode))
            if (mkdir(entry->d_name, 0755) ||
                mount(source, entry->d_name, NULL, MS_BIND | MS_REC, NULL))
                return -1;
    }
    return folder ? closedir(folder) : -1;
}

int fill_root(const char **why)
{
    char source[64];
    *why = "the new root";
    if (take(".image", 1) || take("/", 0))
        return -1;
    for (const char *const *file = FILES; *file; file++) {
        snprintf(source, sizeof source, "/etc/%s", *file);
        if (!access(source, F_OK) && !access(source + 1, F_OK))
            mount(source, source + 1, NULL, MS_BIND, NULL);
    }
    /* The folder stays, empty, where the host's have a copy of the mount. */
    umount2(".image", MNT_DETACH);
    /* Moved over the old root, which works on nodes without a disk too. */
    if (mount(".", "/", NULL, MS_MOVE, NULL) || chroot("."))
        return -1;
    return mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL);
}

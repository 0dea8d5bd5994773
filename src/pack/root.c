/* A root of the image's folders and of the host's, for an image that is a whole system. */

#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pack.h"

int prepare_root(const char **why)
{
    *why = "a new root";
    if (mount("tmpfs", config.prefix, "tmpfs", MS_NODEV | MS_NOSUID, "mode=755,size=1m"))
        return -1;
    return chdir(config.prefix) || mkdir(".image", 0755) ? -1 : 0;
}

/* "image usr", "link bin usr/bin", "host home", "file etc/passwd". */
static int fill(char *line)
{
    char kind[8], name[4096], target[4096], source[4200];
    if (sscanf(line, "%7s %4095s %4095s", kind, name, target) < 2)
        return 0;
    if (!strcmp(kind, "link"))
        return symlink(target, name);
    snprintf(source, sizeof source, "%s/%s", strcmp(kind, "image") ? "" : ".image", name);
    if (access(source, F_OK))  /* not on this node */
        return 0;
    if (!strcmp(kind, "file"))
        return access(name, F_OK) ? 0 : mount(source, name, NULL, MS_BIND, NULL);
    return mkdir(name, 0755) || mount(source, name, NULL, MS_BIND | MS_REC, NULL);
}

int fill_root(const char **why)
{
    for (int i = 0; i < config.roots; i++) {
        *why = config.root[i];
        if (fill(config.root[i]))
            return -1;
    }
    *why = "the new root";
    umount2(".image", MNT_DETACH);
    rmdir(".image");
    /* Moved over the old root, which works on nodes without a disk too. */
    if (mount(".", "/", NULL, MS_MOVE, NULL) || chroot("."))
        return -1;
    return mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL);
}

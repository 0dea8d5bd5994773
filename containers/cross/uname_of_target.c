/* uname(2) with the target's machine, preloaded: recipes, configure scripts and meson ask it,
   and build as they would on such a machine.  What they compile runs by QEMU. */

#define _GNU_SOURCE
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

int uname(struct utsname *names)
{
    int done = (int)syscall(SYS_uname, names);
    if (done == 0) {
        strcpy(names->machine, "aarch64");
    }
    return done;
}

/* Memory that arrays free stays in the process for the next ones (README.md: what that costs).

   glibc gives the end of the heap back as soon as 128 KiB of it are free, and maps what is
   larger by itself.  A formula of NumPy makes an array for each operation and frees it: the
   kernel takes its pages, and clears new ones, again and again.  glibc raises both limits to
   these values by itself once a program has freed an array of 32 MiB. */

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#define MIB (1 << 20)

__attribute__((constructor)) static void start(void)
{
    const char *tunables = getenv("GLIBC_TUNABLES");

    if ((tunables != NULL && strstr(tunables, "glibc.malloc.") != NULL) ||
        getenv("MALLOC_TRIM_THRESHOLD_") != NULL || getenv("MALLOC_MMAP_THRESHOLD_") != NULL) {
        return;   /* the user has chosen */
    }
    mallopt(M_MMAP_THRESHOLD, 32 * MIB);   /* its largest */
    mallopt(M_TRIM_THRESHOLD, 64 * MIB);
}

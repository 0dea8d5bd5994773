/* What a program will read of the image, read ahead.  On a busy file system a request takes
   milliseconds, and a start asks for a thousand blocks, one after the other; the readers here
   ask for many at once.  What they read is in the kernel's page cache, for all ranks of the node.

   HPCPY_PACK_HOT has the ranges that a program has read when it was recorded, without those of
   `python -c pass`, in the order of their first use: AT+SIZE AT+SIZE …, in bytes.
   HPCPY_PACK_RECORD=FILE records: a line for each read, AT SIZE. */

#include <pthread.h>
#include <squashfuse/squashfuse.h>
#include <stdatomic.h>
#include <sys/uio.h>

#include "pack.h"

#define READERS 8
#define MOST 4096          /* pieces */
#define PIECE (1L << 20)   /* Lustre and GPFS answer that in one request */
#define PART (32L << 10)
#define FEW 4              /* reads in the ranges: below, the program is a short one */

static struct piece { long at, size; } pieces[MOST];
static atomic_int count, next, asked;
static int image, record = -1;

/* One small buffer, again and again: what is cached already costs little. */
static void *read_pieces(void *none)
{
    char buffer[PART];
    struct iovec parts[PIECE / PART];

    nice(10);
    for (int i; (i = next++) < count;) {
        int number = 0;
        for (long left = pieces[i].size; left > 0; left -= PART)
            parts[number++] = (struct iovec){buffer, left < PART ? left : PART};
        if (preadv(image, parts, number, pieces[i].at) < 0)
            break;
    }
    return none;
}

static long available_memory(void)
{
    char line[256];
    long kibibytes = 0;
    FILE *file = fopen("/proc/meminfo", "re");

    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "MemAvailable: %ld", &kibibytes) == 1)
            break;
    if (file)
        fclose(file);
    return kibibytes * 1024;
}

static void start_readers(void)
{
    long left = available_memory() / 2;
    int fitting = 0;
    pthread_t reader;

    while (fitting < count && (left -= pieces[fitting].size) >= 0)
        fitting++;
    count = fitting;
    for (int i = 0; i < READERS && i < fitting; i++)
        if (!pthread_create(&reader, NULL, read_pieces, NULL))
            pthread_detach(reader);
}

static int is_hot(long at)
{
    for (int i = 0; i < count; i++)
        if (at >= pieces[i].at && at < pieces[i].at + pieces[i].size)
            return 1;
    return 0;
}

/* In the place of squashfuse's own. */
ssize_t sqfs_pread(sqfs_fd_t file, void *buffer, size_t size, sqfs_off_t at)
{
    if (record >= 0)
        dprintf(record, "%lld %zu\n", (long long)at, size);
    else if (asked < FEW && is_hot(at) && ++asked == FEW) {
        image = file;
        start_readers();
    }
    return pread(file, buffer, size, at);
}

void prepare_hot(void)
{
    const char *file = getenv("HPCPY_PACK_RECORD");
    char *text = getenv("HPCPY_PACK_HOT") ?: "";
    long size;
    int number = 0;

    if (file)
        record = open(file, O_WRONLY | O_APPEND | O_CLOEXEC);
    do {
        long at = strtol(text, &text, 10);
        size = strtol(text, &text, 10);
        for (long left = size; at >= 0 && left > 0 && number < MOST; at += PIECE, left -= PIECE)
            pieces[number++] = (struct piece){at, left < PIECE ? left : PIECE};
    } while (size > 0);
    count = number;
}

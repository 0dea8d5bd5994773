/* Functions that Python takes from the builder's glibc and 2.28 lacks, by those that it has. */

#define _GNU_SOURCE
#include <errno.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#pragma GCC visibility push(hidden)

int close_range(unsigned first, unsigned last, int flags)
{
    return (int)syscall(SYS_close_range, first, last, flags);
}

/* libexpat's salt of a hash table. */
void arc4random_buf(void *buffer, size_t size)
{
    char *place = buffer;
    while (size > 0) {
        ssize_t got = getrandom(place, size, 0);
        if (got < 0 && errno != EINTR) {
            abort(); /* as glibc's own */
        }
        place += got > 0 ? got : 0;
        size -= got > 0 ? (size_t)got : 0;
    }
}

uint32_t arc4random(void)
{
    uint32_t number;
    arc4random_buf(&number, sizeof number);
    return number;
}

/* A semaphore's wait by another clock than the wall's: by the wall's, as long as that goes
   evenly.  An hour at a time: a far end, as Python's threading.TIMEOUT_MAX sets one, has no
   number of nanoseconds. */
int sem_clockwait(sem_t *semaphore, clockid_t clock, const struct timespec *until)
{
    const time_t second = 1000000000, hour = 3600;
    for (;;) {
        struct timespec now, wall;
        if (clock_gettime(clock, &now) != 0 || until->tv_nsec < 0 || until->tv_nsec >= second) {
            errno = EINVAL;
            return -1;
        }
        clock_gettime(CLOCK_REALTIME, &wall);
        time_t left = 0;
        if (until->tv_sec > now.tv_sec + hour) {
            left = hour * second;
        } else if (until->tv_sec >= now.tv_sec) {
            left = (until->tv_sec - now.tv_sec) * second + until->tv_nsec - now.tv_nsec;
        }
        time_t end = wall.tv_nsec + (left > 0 ? left : 0);
        struct timespec limit = {wall.tv_sec + end / second, end % second};
        if (sem_timedwait(semaphore, &limit) == 0) {
            return 0;
        }
        if (errno != ETIMEDOUT || left <= 0) {
            return -1;
        }
    }
}

#pragma GCC visibility pop

/* Functions that Python takes from the builder's glibc and 2.28 lacks, by those that it has. */

#define _GNU_SOURCE
#include <errno.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#pragma GCC visibility push(hidden)

int close_range(unsigned first, unsigned last, int flags)
{
    return (int)syscall(SYS_close_range, first, last, flags);
}

/* A semaphore's wait by another clock than the wall's: by the wall's, as long as that goes
   evenly. */
int sem_clockwait(sem_t *semaphore, clockid_t clock, const struct timespec *until)
{
    const long long second = 1000000000;
    struct timespec now, wall;
    for (;;) {
        clock_gettime(clock, &now);
        clock_gettime(CLOCK_REALTIME, &wall);
        long long left = (until->tv_sec - now.tv_sec) * second + until->tv_nsec - now.tv_nsec;
        long long end = wall.tv_sec * second + wall.tv_nsec + (left > 0 ? left : 0);
        struct timespec limit = {end / second, end % second};
        if (sem_timedwait(semaphore, &limit) == 0) {
            return 0;
        }
        if (errno != ETIMEDOUT || left <= 0) {
            return -1;
        }
    }
}

#pragma GCC visibility pop

/* trace FILE PROGRAM...: prints the functions that a program enters, each once, in
   the order of their first entries.  A line of FILE is an address and the number of
   bytes from there on that are watched, both hexadecimal; a line of output is the
   address.  Breakpoints lie in all of these bytes until one of them is hit. */

#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

/* int3 of x86-64, one byte; the instruction pointer is behind it when it was hit. */
static const unsigned char stop = 0xCC;

struct point {
    uint64_t address, size;
    unsigned char *was; /* the program's own `size` bytes */
};

static void fail(const char *what)
{
    fprintf(stderr, "trace: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int compare(const void *one, const void *other)
{
    const struct point *a = one, *b = other;
    return (a->address > b->address) - (a->address < b->address);
}

/* For bsearch: 0 if the address lies within the point. */
static int place(const void *address, const void *point)
{
    const struct point *p = point;
    uint64_t at = *(const uint64_t *)address;
    return at < p->address ? -1 : at >= p->address + p->size;
}

static size_t read_points(const char *name, struct point **points)
{
    FILE *file = fopen(name, "r");
    size_t number = 0, room = 0;
    struct point new = {0};
    *points = NULL;
    while (file != NULL && fscanf(file, "%lx %lx", &new.address, &new.size) == 2) {
        if (number == room) {
            room = room ? 2 * room : 1 << 12;
            *points = realloc(*points, room * sizeof **points);
        }
        new.size = new.size ? new.size : 1;
        if (*points == NULL || (new.was = malloc(new.size)) == NULL) {
            fail(name);
        }
        (*points)[number++] = new;
    }
    if (number == 0) {
        fail(name);
    }
    fclose(file);
    qsort(*points, number, sizeof **points, compare);
    return number;
}

static int set_points(pid_t child, const struct point *points, size_t number)
{
    char name[32];
    snprintf(name, sizeof name, "/proc/%d/mem", (int)child);
    int memory = open(name, O_RDWR | O_CLOEXEC);
    for (size_t i = 0; i < number; i++) {
        off_t at = (off_t)points[i].address;
        if (pread(memory, points[i].was, points[i].size, at) != (ssize_t)points[i].size) {
            fail("cannot read the program");
        }
    }
    for (size_t i = 0; i < number; i++) {
        for (uint64_t at = 0; at < points[i].size; at++) {
            if (pwrite(memory, &stop, 1, (off_t)(points[i].address + at)) != 1) {
                fail("cannot set a breakpoint");
            }
        }
    }
    return memory;
}

/* Returns whether it was a breakpoint of ours; if so, removes it and prints its address. */
static int hit(pid_t child, int memory, const struct point *points, size_t number)
{
    struct user_regs_struct registers;
    struct iovec all = {&registers, sizeof registers};
    if (ptrace(PTRACE_GETREGSET, child, NT_PRSTATUS, &all) != 0) {
        fail("cannot read registers");
    }
    uint64_t address = registers.rip - 1;
    const struct point *found = bsearch(&address, points, number, sizeof *points, place);
    if (found == NULL) {
        return 0;
    }
    printf("%lx\n", found->address);
    registers.rip = address;
    if (pwrite(memory, found->was, found->size, (off_t)found->address) != (ssize_t)found->size
        || ptrace(PTRACE_SETREGSET, child, NT_PRSTATUS, &all) != 0) {
        fail("cannot go on behind a breakpoint");
    }
    return 1;
}

int main(int argc, char **argv)
{
    struct point *points;
    if (argc < 3) {
        fprintf(stderr, "usage: trace FILE PROGRAM [ARGUMENT...]\n");
        return 2;
    }
    size_t number = read_points(argv[1], &points);
    pid_t child = fork();
    if (child == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) {
            fail("the kernel forbids tracing (kernel.yama.ptrace_scope is to be 0 or 1)");
        }
        execv(argv[2], argv + 2);
        fail(argv[2]);
    }
    int status, memory = -1;
    while (waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
        int given = WSTOPSIG(status);
        if (memory < 0) {
            memory = set_points(child, points, number); /* it has become the program */
            given = 0;
        } else if (given == SIGTRAP && hit(child, memory, points, number)) {
            given = 0;
        }
        ptrace(PTRACE_CONT, child, NULL, (void *)(intptr_t)given);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

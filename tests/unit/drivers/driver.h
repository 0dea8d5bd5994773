/* A fuzzer's end of the pipe.  `one_case` is called for each case.  Each field is allocated with
   exactly the size that was sent, so that the sanitizers see a read past its end.
   tests/unit/fuzzing.py has the other end. */

#ifndef DRIVER_H
#define DRIVER_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIELDS = 256 };

static char *field[FIELDS];
static size_t field_size[FIELDS];
static uint32_t fields;
static char *answered;
static size_t answered_size;
static FILE *answers;

static void one_case(void);

/* The first field of the files that a case brings: path and content in turn. */
static uint32_t first_file = FIELDS;

static __attribute__((unused)) FILE *open_field(const char *path)
{
    for (uint32_t i = first_file; i + 1 < fields; i += 2) {
        if (strcmp(field[i], path) == 0) {
            return fmemopen(field[i + 1], field_size[i + 1], "r");
        }
    }
    errno = ENOENT;
    return NULL;
}

/* The content of such a file, or NULL. */
static __attribute__((unused)) const char *text_of(const char *path)
{
    for (uint32_t i = first_file; i + 1 < fields; i += 2) {
        if (strcmp(field[i], path) == 0) {
            return field[i + 1];
        }
    }
    return NULL;
}

static __attribute__((unused, format(printf, 1, 2))) void answer(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(answers, format, arguments);
    va_end(arguments);
    fputc('\n', answers);
}

static uint32_t read_number(void)
{
    uint32_t number;
    if (fread(&number, sizeof(number), 1, stdin) != 1) {
        exit(0);
    }
    return number;
}

int main(void)
{
    for (;;) {
        fields = read_number();
        for (uint32_t i = 0; i < fields; i++) {
            field_size[i] = read_number();
            field[i] = malloc(field_size[i]);
            if (fread(field[i], 1, field_size[i], stdin) != field_size[i]) {
                return 1;
            }
        }
        answers = open_memstream(&answered, &answered_size);
        one_case();
        fclose(answers);
        uint32_t size = (uint32_t)answered_size;
        fwrite(&size, sizeof(size), 1, stdout);
        fwrite(answered, 1, answered_size, stdout);
        fflush(stdout);
        free(answered);
        for (uint32_t i = 0; i < fields; i++) {
            free(field[i]);
        }
    }
}

#endif

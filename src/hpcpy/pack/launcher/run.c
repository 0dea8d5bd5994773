/* The program behind every name in PREFIX/bin: it starts what has this name in the image,
   where the image lies over PREFIX.  Nothing of it is setuid.  Or it is the begin of one file
   that has the image and its configuration behind it (src/hpcpy/pack/standalone.py). */

#include <limits.h>
#include <sys/auxv.h>
#include <sys/stat.h>

#include "pack.h"

static char own[PATH_MAX];   /* PREFIX/.pack, where this program lies */
static char *image;          /* it, or this one file */
static int is_alone;

static char *join(const char *begin, const char *separator, const char *end)
{
    char *text;
    if (asprintf(&text, "%s%s%s", begin, separator, end) < 0)
        err(69, "%s", end);
    return text;
}

/* Open the configuration: the last bytes of one file say where it is in there. */
static FILE *open_config(void)
{
    struct {
        char mark[24];
        long at;
    } end = {0};
    FILE *file = fopen("/proc/self/exe", "re");

    if (readlink("/proc/self/exe", own, sizeof own - 1) < 0)
        err(69, "/proc/self/exe");
    image = strdup(own);
    if (file && !fseek(file, -(long)sizeof end, SEEK_END) && fread(&end, sizeof end, 1, file) &&
        !memcmp(end.mark, "hpcpy-pack configuration", sizeof end.mark)) {
        is_alone = 1;
        fseek(file, end.at, SEEK_SET);
        return file;
    }
    if (file)
        fclose(file);
    *strrchr(own, '/') = 0;
    return fopen(join(own, "/", "config"), "re");
}

/* Read PREFIX/.pack/config, whose entries end with a null byte: NAME=VALUE sets a variable, -NAME
   removes it, +NAME=FOLDER puts a folder before its others.  It does not in a virtual environment
   on top of this one: there nobody has activated this one either. */
static void read_config(void)
{
    char *line = NULL;
    size_t size = 0;

    FILE *file = open_config();
    if (!file)
        err(69, errno == EACCES ? "%s/config: it is closed to you; ask its owner"
                                : "%s/config: is it whole?", own);
    while (getdelim(&line, &size, 0, file) > 0 && *line) {
        char *value = line, *name = strsep(&value, "=");
        value = value ?: "";
        const char *old = getenv(name + 1);
        if (*name == '-')
            unsetenv(name + 1);
        else if (*name != '+')
            setenv(name, value, 1);
        else if (!getenv("VIRTUAL_ENV"))
            setenv(name + 1, old && *old ? join(value, ":", old) : value, 1);
    }
    fclose(file);
    if (!is_alone)
        image = join(own, "/", getenv("HPCPY_PACK_IMAGE"));
}

/* Tell whether a command was named in a folder that is not the packed prefix, nor a link to it: in
   a copy, or where a bind mount shows the folder once more.  A virtual environment's link to a
   command lies in neither, and keeps its name. */
static int is_strayed(const char *path)
{
    const char *prefix = getenv("HPCPY_PACK_PREFIX"), *bin = getenv("HPCPY_PACK_BIN") ?: "";

    if (is_alone || !*bin || !strcmp(own, join(prefix, "/", ".pack")))
        return 0;
    char *named = strchr(path, '/') ? strdup(path) : strdup("./");
    if (!named)
        err(69, "%s", path);
    *strrchr(named, '/') = 0;
    const char *folder = realpath(named, NULL), *packed = realpath(join(prefix, "/", "bin"), NULL);
    const char *here = realpath(join(own, "/../", "bin"), NULL);
    return folder && here && !strcmp(folder, here) && (!packed || strcmp(packed, here));
}

/* Tell whether a path leads to this program, which would start itself without end. */
static int is_launcher(const char *path)
{
    struct stat status, this;
    return !stat(path, &status) && !stat("/proc/self/exe", &this) &&
           status.st_ino == this.st_ino && status.st_dev == this.st_dev;
}

/* Be where the environment is at its place; else the script beside this program starts what has
   a name: by Apptainer, or from the folder as it was. */
static void go_inside(char **words, const char *name)
{
    const char *engine = getenv("HPCPY_PACK_ENGINE");
    const char *folder = getcwd(NULL, 0), *reason;
    if (engine && *engine)
        reason = join("HPCPY_PACK_ENGINE", "=", engine);
    else
        reason = enter(image);
    unsetenv("HPCPY_PACK_HOT");   /* some kilobytes for the daemon alone */
    if (reason && is_alone)
        errx(69, "%s; this file has no other engine than its own mount, which needs a folder %s, "
             "user namespaces and /dev/fuse", reason, getenv("HPCPY_PACK_PREFIX"));
    if (reason) {
        setenv("HPCPY_PACK_NAME", name, 1);
        setenv("HPCPY_PACK_REASON", reason, 1);
        execv(join(own, "/", "otherwise"), words);
        errx(69, "%s", reason);
    }
    if (folder && chdir(folder))
        err(69, "%s", folder);
}

/* Leave the program no variable of the configuration that is for this one alone. */
static void forget_config(void)
{
    static const char *const names[] = {"PREFIX", "BIN", "OFFSET", "BINDS", "ENTRIES", "ACTIVATE",
                                        "HOT", "IMAGE", "APPTAINER", "ACL"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unsetenv(join("HPCPY_PACK_", "", names[i]));
}

/* Start a program by the environment's activation scripts, if it has any: they see what the user
   and the job have set, as by `conda run`. */
static void activate(const char *script, const char *program, char **words)
{
    const char *file = getenv("BASH_ENV");
    int count = 0;

    if (file)
        setenv("HPCPY_PACK_BASH_ENV", file, 1);
    unsetenv("BASH_ENV");
    while (words[count])
        count++;
    const char **all = calloc(count + 5, sizeof *all);
    if (!all)
        err(69, "%s", program);
    memcpy(all, (const char *[]){"bash", "-c", script, program}, 4 * sizeof *all);
    memcpy(all + 4, words, count * sizeof *all);
    execv("/bin/bash", (char **)all);
    err(69, "/bin/bash, for the activation scripts");
}

int main(int count, char **words)
{
    if (count == 4 && !strcmp(words[0], "hpcpy-mount"))
        return serve(words);
    program_invocation_short_name = "hpcpy pack";
    read_config();
    /* A script that names this program as its interpreter is what the kernel calls started. */
    char *path = (char *)getauxval(AT_EXECFN);
    for (int i = 1; i < count && i < 3; i++)
        if (!strcmp(words[i], path))
            path = words[0];
    char *name = basename(path), *program = join(getenv("HPCPY_PACK_BIN"), "", name);
    int is_any = !strcmp(name, "pack-exec");
    const char *given_path = path, *verbose = getenv("HPCPY_VERBOSE");
    /* The image lies over the prefix alone: the program finds its files by its name there. */
    if (!is_any && is_strayed(path))
        path = words[0] = program;
    go_inside(words, name);
    if (path != given_path && verbose && *verbose)
        warnx("%s: was packed as %s, and runs there", given_path, getenv("HPCPY_PACK_PREFIX"));
    if (is_alone && (!strcmp(name, basename(image)) || (!is_any && access(program, F_OK)))) {
        /* A command of the image, by its name, or what its Python is given. */
        const char *given = words[1] ? join(getenv("HPCPY_PACK_BIN"), "", words[1]) : "";
        int is_command = words[1] && (!strcmp(words[1], "pack-exec") ||
                                      (!strchr(words[1], '/') && !access(given, X_OK)));
        name = is_command ? *++words : "python";
        program = join(getenv("HPCPY_PACK_BIN"), "", name);
        if (!is_command && access(program, F_OK))
            program = join(program, "", "3");
    }
    if (is_alone)
        path = words[0] = program;   /* nothing else of the file's is on this node */
    is_any = !strcmp(name, "pack-exec");
    if (is_any && !words[1])
        errx(2, "usage: pack-exec COMMAND …");
    if (is_any)
        program = *++words;
    else if (*program != '/')
        words[0] = name;   /* an image's: it may look for what lies beside it, by PATH */
    else if (!strchr(words[0], '/'))
        words[0] = path;   /* it may look for itself on PATH, which may have changed */
    if (!is_any && *program == '/' && access(program, F_OK)) {
        program = path;   /* a link with another name */
        if (is_launcher(program))
            errx(69, "%s: leads to a copy of what was packed as %s; next: have it lead there", path,
                 getenv("HPCPY_PACK_PREFIX"));
    }
    const char *script = getenv("HPCPY_PACK_ACTIVATE") ?: "";
    forget_config();
    if (*script && (!strchr(program, '/') || !access(program, F_OK)))
        activate(script, program, words);
    execvp(program, words);
    err(69, "%s", program);
}

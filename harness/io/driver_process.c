#define _GNU_SOURCE /* pipe2, posix_spawn_file_actions_addclosefrom_np, sigabbrev_np */
#include "io/driver_process.h"

#include "io/files.h"

#include <assert.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define MARK_NAME             "GAPCHECK_PID" /* in the environment of drivers, with our number */
#define MARK_BYTES            64
#define ENVIRONMENT_BYTES_MAX (4u << 20)
#define ORPHAN_ROUNDS_MAX     100 /* what starts others faster than they are ended is left */

extern char **environ;

struct pipes {
    int ends[3][2]; /* of standard input, output and error; -1: not open */
};

static void close_pipes(struct pipes *pipes)
{
    for (int i = 0; i < 3; i++)
        for (int end = 0; end < 2; end++)
            if (pipes->ends[i][end] >= 0)
                close(pipes->ends[i][end]);
}

static bool open_pipes(struct pipes *pipes)
{
    memset(pipes, -1, sizeof *pipes);
    for (int i = 0; i < 3; i++) {
        if (pipe2(pipes->ends[i], O_CLOEXEC) != 0) {
            pipes->ends[i][0] = pipes->ends[i][1] = -1;
            return false;
        }
        /* Ours only: the client may well expect its own to block. */
        int ours = pipes->ends[i][i == 0];
        fcntl(ours, F_SETFL, fcntl(ours, F_GETFL) | O_NONBLOCK);
    }
    return true;
}

/* What we block or ignore is no business of the client's. */
static void set_signals(posix_spawnattr_t *attributes)
{
    sigset_t none, defaults;
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    sigaddset(&defaults, SIGINT);
    sigaddset(&defaults, SIGTERM);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &defaults);
}

static int spawn(pid_t *pid, const char *command, const struct pipes *pipes)
{
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                              POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attributes, 0);
    set_signals(&attributes);
    for (int i = 0; i < 3; i++)
        posix_spawn_file_actions_adddup2(&actions, pipes->ends[i][i != 0], i);
    /* Libraries open descriptors without O_CLOEXEC, too. */
    posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    char shell[] = "/bin/sh", option[] = "-c";
    char *arguments[] = {shell, option, (char *)command, NULL};
    int reason = posix_spawn(pid, shell, &actions, &attributes, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return reason;
}

bool driver_process_start(struct driver_process *process, const char *command, struct error *error)
{
    *process = (struct driver_process){.input = -1, .output = -1, .error_output = -1};
    struct pipes pipes;
    int reason = 0;
    if (!open_pipes(&pipes))
        reason = errno;
    else
        reason = spawn(&process->pid, command, &pipes);
    if (reason != 0) {
        close_pipes(&pipes);
        process->pid = 0;
        error_set(error, NULL, "cannot start the driver: %s", strerror(reason));
        return false;
    }
    process->input = pipes.ends[0][1];
    process->output = pipes.ends[1][0];
    process->error_output = pipes.ends[2][0];
    pipes.ends[0][1] = pipes.ends[1][0] = pipes.ends[2][0] = -1;
    close_pipes(&pipes);
    return true;
}

bool driver_process_has_exited(struct driver_process *process)
{
    siginfo_t info = {0};
    assert(process->pid > 0);
    if (waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
        info.si_pid == 0)
        return false;
    process->was_killed = info.si_code != CLD_EXITED;
    process->number = info.si_status;
    return true;
}

void driver_process_signal(const struct driver_process *process, int signal_number)
{
    if (process->pid > 0)
        kill(-process->pid, signal_number);
}

void driver_process_reap(struct driver_process *process)
{
    if (process->pid <= 0)
        return;
    driver_process_signal(process, SIGKILL);
    while (waitpid(process->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    process->pid = 0;
}

/* ---- what leaves the group ---- */

/* The parent of a process: the second field behind the name, which may hold anything. 0 if it is
 * gone. */
static pid_t parent_of(const char *pid)
{
    char path[64], text[512], state;
    int parent = 0;
    snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return 0;
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    const char *name_end = strrchr(text, ')');
    if (!name_end || sscanf(name_end + 1, " %c %d", &state, &parent) != 2)
        return 0;
    return parent;
}

/* Whether it was started by a driver of ours: its environment says so. */
static bool is_marked(const char *pid)
{
    char path[64], mark[MARK_BYTES];
    struct buffer text;
    struct error error;
    buffer_init(&text, ENVIRONMENT_BYTES_MAX);
    snprintf(path, sizeof path, "/proc/%.20s/environ", pid);
    int mark_bytes = snprintf(mark, sizeof mark, "%s=%ld", MARK_NAME, (long)getpid());
    /* With the zero behind it, which ends every one: 12 is not 123. */
    bool is_found = files_read(path, &text, &error) && text.size_bytes > 0 &&
                    memmem(text.data, text.size_bytes, mark, (size_t)mark_bytes + 1);
    buffer_free(&text);
    return is_found;
}

/* False if there was none. */
static bool kill_orphans(void)
{
    bool had_any = false;
    DIR *processes = opendir("/proc");
    const struct dirent *entry;
    while (processes && (entry = readdir(processes))) {
        if (!isdigit((unsigned char)entry->d_name[0]) || parent_of(entry->d_name) != getpid() ||
            !is_marked(entry->d_name))
            continue;
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        had_any = true;
        kill(pid, SIGKILL);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    if (processes)
        closedir(processes);
    return had_any;
}

void driver_process_adopt_orphans(void)
{
    char pid[24];
    snprintf(pid, sizeof pid, "%ld", (long)getpid());
    setenv(MARK_NAME, pid, 1);
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

void driver_process_end_orphans(void)
{
    /* The children of one that ends become ours in turn. */
    for (int i = 0; i < ORPHAN_ROUNDS_MAX && kill_orphans(); i++)
        ;
}

void driver_process_append_words(const struct driver_process *process, struct buffer *out)
{
    if (process->was_killed) {
        const char *name = sigabbrev_np(process->number);
        const char *text = sigdescr_np(process->number);
        buffer_printf(out, "was killed by SIG%s (%s)", name ? name : "?", text ? text : "unknown");
        return;
    }
    buffer_printf(out, "exited with status %d", process->number);
    /* What the shell means by these. */
    if (process->number == 127)
        buffer_append_text(out, " (command not found)");
    else if (process->number == 126)
        buffer_append_text(out, " (cannot be executed)");
    else if (process->number > 128 && sigabbrev_np(process->number - 128))
        buffer_printf(out, " (SIG%s in the shell's words)", sigabbrev_np(process->number - 128));
}

#define _GNU_SOURCE /* pipe2, posix_spawn_file_actions_addclosefrom_np, sigabbrev_np */
#include "io/driver_process.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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

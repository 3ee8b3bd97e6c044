/* The built program as tests run it: its exit, output and memory, and what it leaves behind. */
#ifndef GAPCHECK_CMD_SAMPLE_PROGRAM_H
#define GAPCHECK_CMD_SAMPLE_PROGRAM_H

#include "cmd/sample_folder.h"
#include "core/buffer.h"
#include "io/files.h"
#include "io/processes_fixture.h"

#include <cjson/cJSON.h>
#include <grp.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

struct sample_result {
    int status; /* its exit status; 1000 and the signal's number where it was killed */
    double seconds, cpu_seconds; /* the latter its children's, too */
    long peak_kib; /* of its memory, or of a child's if that took more */
};

static inline double sample_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Whom it runs as, where that is not root: root may do everything. */
static uid_t sample_user;

/* Starts gapcheck by way of the shell; its output goes to the files `out` and `err`. The process is
 * gapcheck itself. `before` is shell, such as "ulimit -n 200; ". */
static inline pid_t sample_program_start(const char *before, const char *arguments)
{
    char command[4000];
    snprintf(command, sizeof command, "%sexec '%s' %s >out 2>err </dev/null", before,
             GAPCHECK_BINARY, arguments);
    /* What is free is given back soon: memory is measured. */
    setenv("ASAN_OPTIONS", "quarantine_size_mb=8", 1);
    pid_t pid = fork();
    cr_assert_geq(pid, 0);
    if (pid == 0) {
        if (sample_user && geteuid() == 0 &&
            (setgroups(0, NULL) != 0 || setgid(sample_user) != 0 || setuid(sample_user) != 0))
            _exit(127);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    return pid;
}

static inline struct sample_result sample_program_wait(pid_t pid, double begin_seconds)
{
    struct rusage usage;
    int status = 0;
    cr_assert_eq(wait4(pid, &status, 0, &usage), pid);
    return (struct sample_result){
        .status = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status),
        .seconds = sample_seconds() - begin_seconds,
        .cpu_seconds = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6,
        .peak_kib = usage.ru_maxrss,
    };
}

/* Whether a text, quotes and all, stands in what the program printed. */
static inline bool sample_printed(const char *text)
{
    struct buffer printed;
    struct error error;
    buffer_init(&printed, BUFFER_NO_LIMIT);
    files_read("out", &printed, &error);
    files_read("err", &printed, &error);
    bool is_printed = strstr(buffer_text(&printed), text) != NULL;
    buffer_free(&printed);
    return is_printed;
}

/* Expects an exit status, a text in its output and no word of a sanitizer. */
static inline void sample_expect(const struct sample_result *result, const char *arguments,
                                 int status, const char *text)
{
    bool is_printed = sample_printed(text);
    cr_expect_eq(result->status, status, "%s: exit %d instead of %d", arguments, result->status,
                 status);
    cr_expect(is_printed, "%s: no `%s`", arguments, text);
    cr_expect_not(sample_shell("grep -E 'Sanitizer|runtime error' err >&2"), "%s", arguments);
    if (result->status != status || !is_printed)
        sample_shell("cat out err | head -c 4000 >&2");
}

/* Runs it, and expects the same. */
static inline struct sample_result sample_program_run(const char *before, const char *arguments,
                                                      int status, const char *text)
{
    double begin_seconds = sample_seconds();
    struct sample_result result =
        sample_program_wait(sample_program_start(before, arguments), begin_seconds);
    sample_expect(&result, arguments, status, text);
    return result;
}

static inline void sample_run(const char *arguments, int status, const char *text)
{
    sample_program_run("", arguments, status, text);
}

/* ---- results.json ---- */

/* Owned by the caller; NULL if the file is not there or no JSON. */
static inline cJSON *sample_json(const char *path)
{
    struct buffer text;
    struct error error;
    buffer_init(&text, BUFFER_NO_LIMIT);
    cJSON *json = NULL;
    if (files_read(path, &text, &error))
        json = cJSON_ParseWithLength(text.data, text.size_bytes);
    buffer_free(&text);
    return json;
}

static inline cJSON *sample_results(const char *folder)
{
    char path[200];
    snprintf(path, sizeof path, "%s/results.json", folder);
    return sample_json(path);
}

/* The scenario of that name; borrowed from `results`, NULL if there is none. */
static inline const cJSON *sample_scenario(const cJSON *results, const char *name)
{
    const cJSON *scenario;
    cJSON_ArrayForEach(scenario, cJSON_GetObjectItemCaseSensitive(results, "scenarios")) {
        const char *found =
            cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(scenario, "name"));
        if (found && strcmp(found, name) == 0)
            return scenario;
    }
    return NULL;
}

static inline const char *sample_verdict(const cJSON *results, const char *name)
{
    const cJSON *scenario = sample_scenario(results, name);
    const char *verdict =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(scenario, "verdict"));
    return verdict ? verdict : "none";
}

/* Whether a finding of that rule holds the text. */
static inline bool sample_finds(const cJSON *results, const char *name, const char *rule,
                                const char *text)
{
    const cJSON *finding;
    cJSON_ArrayForEach(finding, cJSON_GetObjectItemCaseSensitive(sample_scenario(results, name),
                                                                 "findings")) {
        const char *found =
            cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(finding, "rule"));
        const char *message =
            cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(finding, "message"));
        if (found && message && strcmp(found, rule) == 0 && strstr(message, text))
            return true;
    }
    return false;
}

/* ---- scenarios ---- */

/* At a time-out scale of 0.1 bad clients have half a second, good ones more than a busy machine
 * takes. */
#define SAMPLE_PATIENT "\"timeout_ms\": 200000"
#define SAMPLE_ONCE    "{ \"accept\": {} }, { \"publish\": { \"count\": 5 } }, { \"settle\": {} }"
#define SAMPLE_GOOD                                                                                \
    "{ \"accept\": { " SAMPLE_PATIENT " } }, { \"publish\": { \"count\": 5 } }, "                  \
    "{ \"settle\": { " SAMPLE_PATIENT " } }"
#define SAMPLE_GAP "{ \"drop\": { \"how\": \"reset\" } }, { \"publish\": { \"count\": 5 } }"
#define SAMPLE_RECONNECTS                                                                          \
    SAMPLE_GOOD ", " SAMPLE_GAP ", { \"accept\": { " SAMPLE_PATIENT " } }, "                       \
                "{ \"settle\": { " SAMPLE_PATIENT " } }"
/* Ten minutes, far more than any test has. */
#define SAMPLE_ENDLESS                                                                             \
    "{ \"accept\": { \"timeout_ms\": 600000 } }, "                                                 \
    "{ \"wait\": { \"ms\": 600000, \"timeout_ms\": 700000 } }"

/* Writes scenarios/NAME.jsonc; the channel says how the hostile client behaves in it. One with a
 * patient step has time for it. */
static inline void sample_scenario_write(const char *name, const char *steps, const char *channel)
{
    char path[80], text[1000];
    snprintf(path, sizeof path, "scenarios/%s.jsonc", name);
    snprintf(text, sizeof text,
             "{ \"title\": \"%s\", \"rules\": [\"S-10\"], \"timeout_ms\": %s,\n"
             "  \"client\": { \"channels\": [\"%s\"] },\n  \"steps\": [ %s ] }\n",
             name, strstr(steps, "00000") ? "700000" : "15000", channel, steps);
    sample_folder_write(path, text);
}

/* ---- processes ---- */

/* Dying takes a moment. */
static inline bool sample_no_process_is_left(const char *mark)
{
    for (int i = 0; i < 100; i++) {
        if (processes_count(mark) == 0)
            return true;
        usleep(10000);
    }
    return false;
}

#endif

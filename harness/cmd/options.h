/* The options of every subcommand: one table gives the parser, --help and completion. */
#ifndef GAPCHECK_CMD_OPTIONS_H
#define GAPCHECK_CMD_OPTIONS_H

#include "core/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The one list: symbol, name, argument (NULL: none), the commands that take it, help. A line
 * break in the help is one in --help too. */
#define OPTIONS(X)                                                                                 \
    X(CLIENT, "client", "CLIENT", "run soak baseline doctor fuzz shrink",                          \
      "who is tested: reference (default), a driver as in\nrelaycast@6.0.2, or a shell command; "  \
      "of `run` again:\nall of them, and what differs")                                            \
    X(FILTER, "filter", "GLOB", "run serve soak baseline mutants explain list",                    \
      "only scenarios whose name matches (* and ?); again: or")                                    \
    X(TAG, "tag", "TAG", "run soak baseline mutants explain list",                                 \
      "only scenarios with this tag; again: or")                                                   \
    X(SHARD, "shard", "I/N", "run soak baseline mutants",                                          \
      "only part I of N; what lies in it hangs on the names\nalone")                               \
    X(JOBS, "jobs", "N", "run soak baseline mutants sim fuzz shrink",                              \
      "how many scenarios at once (default: as many as helps)")                                    \
    X(SEED, "seed", "N", "run serve soak baseline mutants sim fuzz shrink",                        \
      "what shuffled orders are made from (default: 1);\nwith sim: of the first session; "         \
      "with fuzz:\nof the scenarios")                                                              \
    X(REPEAT, "repeat", "N", "run", "plays everything N times; verdicts that differ are exit 3")   \
    X(FAIL_FAST, "fail-fast", NULL, "run", "starts no further scenario after a failure")           \
    X(STRICT, "strict", NULL, "run serve soak judge lint fuzz shrink",                             \
      "a broken SHOULD, or a warning of lint, is exit 1 too")                                      \
    X(TIMEOUT_SCALE, "timeout-scale", "X", "run serve soak baseline mutants doctor fuzz shrink",   \
      "stretches every time-out (default: 1)")                                                     \
    X(REQUIRE, "require", "CAP", "run soak",                                                       \
      "a driver without this capability is exit 3; again: and")                                    \
    X(WATCH, "watch", NULL, "run",                                                                 \
      "runs again when a scenario or the driver changes, until Ctrl-C")                            \
    X(BASELINE, "baseline", "FILE", "run",                                                         \
      "known failures: they are no exit 1; again: one for each client")                            \
    X(MERGE, "merge", NULL, "report", "puts the parts of one run together (--shard)")              \
    X(OUT, "out", "DIR", "run serve soak report mutants sim fuzz shrink",                          \
      "folder of the report (default: a new one in\nreports/out, and reports/out/latest; "         \
      "report: DIR itself)\nwith shrink: the file (default: beside FILE)")                         \
    X(JSON, "json", NULL, "judge mutants sim bench doctor list",                                   \
      "prints JSON, as it stands in results.json, mutants.json")                                   \
    X(POLICY, "policy", "NAME", "mutants sim reference-client",                                    \
      "only this mutant (`gapcheck mutants` lists them); again: or\n"                              \
      "sim: also `all` of them, or reference (default)")                                           \
    X(RUNS, "runs", "N", "sim bench fuzz",                                                         \
      "how many sessions (default: 10,000; of a mutant\n200,000; with bench in each round 2,000; " \
      "with\nfuzz 2,000)")                                                                         \
    X(ROUNDS, "rounds", "N", "soak bench",                                                         \
      "how often everything is played or measured\n(default: soak for --time, bench 7)")           \
    X(TIME, "time", "T", "soak sim fuzz",                                                          \
      "how long, as in 90s, 10m, 2h (default: soak 1h,\nsim until --runs are done)")               \
    X(LIVE, "live", NULL, "mutants", "plays all of them on real sockets")                          \
    X(SIMULATED, "simulated", NULL, "mutants", "plays none of them on real sockets")               \
    X(FAST, "fast", NULL, "mutants", "plays large scenarios only as often as the proof needs")     \
    X(VERBOSE, "verbose", NULL, "mutants", "names every scenario that kills, and its rules")       \
    X(RULE, "rule", "RULE", "new shrink", "the rule that the scenario shall show, as in C-9")      \
    X(MARKDOWN, "markdown", NULL, "schema", "prints the reference of scenarios/README.md")         \
    X(WRITE, "write", NULL, "schema", "renews what is made from the tables")                       \
    X(PORT, "port", "N", "serve", "where it listens (default: any free port)")                     \
    X(LISTEN, "listen", "ADDRESS", "serve",                                                        \
      "for whom it listens (default: 127.0.0.1, this machine\nonly; 0.0.0.0: everybody)")          \
    X(QUIET, "quiet", NULL, "run serve soak report judge mutants sim bench doctor fuzz shrink",    \
      "shows only what failed, and the summary")                                                   \
    X(NO_COLOR, "no-color", NULL, "run serve soak report judge mutants doctor fuzz shrink",        \
      "no colours (as with NO_COLOR set)")                                                         \
    X(HELP, "help", NULL,                                                                          \
      "run serve judge report baseline mutants sim soak bench doctor lint explain list "           \
      "new schema fuzz shrink "                                                                    \
      "export-corpus "                                                                             \
      "completion complete man reference-client",                                                  \
      "tells this")

enum option_id {
#define X(symbol, name, argument, commands, help) OPTION_##symbol,
    OPTIONS(X)
#undef X
        OPTION_COUNT
};

struct option_info {
    const char *name;
    const char *argument; /* NULL: none */
    const char *commands; /* names with a space between */
    const char *help;
};

const struct option_info *option_info(enum option_id option);
bool option_is_for(enum option_id option, const char *command);

#define OPTION_TEXTS_MAX 64

struct option_texts {
    const char *items[OPTION_TEXTS_MAX]; /* borrowed from argv */
    size_t count;
};

/* Texts are borrowed from argv. */
struct options {
    const char *client;          /* the first */
    struct option_texts clients; /* as they were given; none: the default */
    struct option_texts baselines;
    struct option_texts filters, tags, required, policies;
    size_t shard_index; /* from 1 */
    size_t shard_count; /* 1: all */
    size_t job_count;   /* 0: as many as helps */
    uint64_t seed;
    size_t repeat_count;
    uint64_t port;      /* 0: any free one */
    const char *listen; /* IPv4 address */
    size_t round_count;   /* 0: as the command likes */
    uint64_t run_count;   /* 0: as the command likes */
    int64_t time_ms;      /* 0: no limit */
    bool is_fail_fast, is_strict, is_quiet, has_no_color, is_json, is_help;
    bool is_merge, is_watch;
    bool is_live, is_simulated, is_fast, is_verbose;
    bool is_markdown, is_write;
    const char *rule;   /* NULL: none */
    double timeout_scale;
    const char *out;      /* NULL: the usual place */
    const char **paths; /* what is no option; owned */
    size_t path_count;
};

/* Parses what stands behind the command (argv[0] is its name). False, with the error filled, on
 * anything that the command does not take. Freed with options_free either way. */
bool options_parse(const char *command, int argc, char **argv, struct options *options,
                   struct error *error);
void options_free(struct options *options);

#endif

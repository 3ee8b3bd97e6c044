#include "cmd/options.h"

#include "core/driver_line.h"
#include "core/memory.h"
#include "core/text.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JOBS_MAX          1000
#define REPEAT_MAX        100000
#define SHARDS_MAX        10000
#define SEED_MAX          9007199254740991 /* what every JSON reader keeps */
#define ROUNDS_MAX        100
#define RUNS_MAX          1000000000000
#define TIME_MAX_MS       (INT64_C(30) * 86400000)
#define TIMEOUT_SCALE_MIN 0.1
#define TIMEOUT_SCALE_MAX 1000.0

/* getopt_long hands a plain argument over as 1; options of ours come after it. */
#define PLAIN_ARGUMENT 1
#define FIRST_OPTION   256

static const struct option_info infos[OPTION_COUNT] = {
#define X(symbol, name, argument, commands, help)                                                  \
    [OPTION_##symbol] = {name, argument, commands, help},
    OPTIONS(X)
#undef X
};

const struct option_info *option_info(enum option_id option)
{
    return &infos[option];
}

bool option_is_for(enum option_id option, const char *command)
{
    size_t command_bytes = strlen(command);
    const char *rest = infos[option].commands;
    while (*rest) {
        size_t word_bytes = strcspn(rest, " ");
        if (word_bytes == command_bytes && memcmp(rest, command, word_bytes) == 0)
            return true;
        rest += word_bytes;
        rest += strspn(rest, " ");
    }
    return false;
}

/* ---- values ---- */

static bool parse_count(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
    char *end;
    if (!isdigit((unsigned char)text[0]))
        return false;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (errno || *end || number < min || number > max)
        return false;
    *value = number;
    return true;
}

static bool take_count(enum option_id option, const char *text, uint64_t min, uint64_t max,
                       uint64_t *value, struct error *error)
{
    if (parse_count(text, min, max, value))
        return true;
    error_set(error, NULL, "--%s takes a number from %llu to %llu, not `%s`", infos[option].name,
              (unsigned long long)min, (unsigned long long)max, text);
    return false;
}

static bool take_size(enum option_id option, const char *text, uint64_t max, size_t *value,
                      struct error *error)
{
    uint64_t count;
    if (!take_count(option, text, 1, max, &count, error))
        return false;
    *value = (size_t)count;
    return true;
}

static bool take_shard(const char *text, struct options *options, struct error *error)
{
    char index_text[24];
    uint64_t index, count;
    size_t index_bytes = strcspn(text, "/");
    if (index_bytes < sizeof index_text && text[index_bytes] == '/') {
        memcpy(index_text, text, index_bytes);
        index_text[index_bytes] = '\0';
        if (parse_count(text + index_bytes + 1, 1, SHARDS_MAX, &count) &&
            parse_count(index_text, 1, count, &index)) {
            options->shard_index = (size_t)index;
            options->shard_count = (size_t)count;
            return true;
        }
    }
    error_set(error, "--shard 2/4 is the second of four parts",
              "--shard takes I/N with I from 1 to N and N up to %d, not `%s`", SHARDS_MAX, text);
    return false;
}

static bool take_scale(const char *text, double *value, struct error *error)
{
    char *end;
    double number = strtod(text, &end);
    /* strtod knows hexadecimal, names and leading blanks: none of them is meant here. */
    bool is_plain = text[0] && strspn(text, "0123456789.") == strlen(text);
    if (is_plain && !*end && number >= TIMEOUT_SCALE_MIN && number <= TIMEOUT_SCALE_MAX) {
        *value = number;
        return true;
    }
    error_set(error, NULL, "--timeout-scale takes a number from %g to %g, not `%s`",
              TIMEOUT_SCALE_MIN, TIMEOUT_SCALE_MAX, text);
    return false;
}

/* A number and a unit. */
static bool take_duration(enum option_id option, const char *text, int64_t *ms,
                          struct error *error)
{
    static const struct {
        const char *name;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
    char digits[16];
    uint64_t count;
    size_t digit_count = strspn(text, "0123456789");
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(text + digit_count, units[i].name) != 0 || digit_count >= sizeof digits)
            continue;
        memcpy(digits, text, digit_count);
        digits[digit_count] = '\0';
        if (!parse_count(digits, 1, (uint64_t)(TIME_MAX_MS / units[i].ms), &count))
            break;
        *ms = (int64_t)count * units[i].ms;
        return true;
    }
    error_set(error, "write 90s, 10m or 2h",
              "--%s takes a number and a unit (ms, s, m, h or d), at most 30d, not `%s`",
              infos[option].name, text);
    return false;
}

static bool take_text(enum option_id option, const char *text, struct option_texts *texts,
                      struct error *error)
{
    if (texts->count == OPTION_TEXTS_MAX) {
        error_set(error, NULL, "--%s is given more than %d times", infos[option].name,
                  OPTION_TEXTS_MAX);
        return false;
    }
    texts->items[texts->count++] = text;
    return true;
}

static bool take_capability(const char *text, struct option_texts *texts, struct error *error)
{
    const char *names[DRIVER_CAPABILITY_COUNT];
    for (int i = 0; i < DRIVER_CAPABILITY_COUNT; i++) {
        names[i] = driver_capability_name((enum driver_capability)i);
        if (strcmp(names[i], text) == 0)
            return take_text(OPTION_REQUIRE, text, texts, error);
    }
    int nearest = text_nearest(span_of(text), names, DRIVER_CAPABILITY_COUNT);
    char hint[80];
    snprintf(hint, sizeof hint, "did you mean `%s`?", nearest >= 0 ? names[nearest] : "");
    error_set(error, nearest >= 0 ? hint : NULL, "no driver has a capability called `%s`", text);
    return false;
}

static bool take_path(const char *text, const char **value, enum option_id option,
                      struct error *error)
{
    *value = text;
    if (text[0])
        return true;
    error_set(error, NULL, "--%s takes a name, not nothing", infos[option].name);
    return false;
}

/* One of several that must not be the same. */
static bool take_named(enum option_id option, const char *text, struct option_texts *texts,
                       struct error *error)
{
    const char *name;
    if (!take_path(text, &name, option, error))
        return false;
    for (size_t i = 0; i < texts->count; i++) {
        if (strcmp(texts->items[i], text) == 0) {
            error_set(error, NULL, "--%s %.100s is given twice", infos[option].name, text);
            return false;
        }
    }
    return take_text(option, text, texts, error);
}

static bool take_client(const char *text, struct options *options, struct error *error)
{
    if (!take_named(OPTION_CLIENT, text, &options->clients, error))
        return false;
    options->client = options->clients.items[0];
    return true;
}

/* `text` is NULL for an option without argument. */
static bool take_option(enum option_id option, const char *text, struct options *options,
                        struct error *error)
{
    switch (option) {
    case OPTION_CLIENT:
        return take_client(text, options, error);
    case OPTION_FILTER:
        return take_text(option, text, &options->filters, error);
    case OPTION_TAG:
        return take_text(option, text, &options->tags, error);
    case OPTION_SHARD:
        return take_shard(text, options, error);
    case OPTION_JOBS:
        return take_size(option, text, JOBS_MAX, &options->job_count, error);
    case OPTION_SEED:
        return take_count(option, text, 0, SEED_MAX, &options->seed, error);
    case OPTION_REPEAT:
        return take_size(option, text, REPEAT_MAX, &options->repeat_count, error);
    case OPTION_FAIL_FAST:
        return options->is_fail_fast = true;
    case OPTION_STRICT:
        return options->is_strict = true;
    case OPTION_TIMEOUT_SCALE:
        return take_scale(text, &options->timeout_scale, error);
    case OPTION_REQUIRE:
        return take_capability(text, &options->required, error);
    case OPTION_BASELINE:
        return take_named(option, text, &options->baselines, error);
    case OPTION_OUT:
        return take_path(text, &options->out, option, error);
    case OPTION_WATCH:
        return options->is_watch = true;
    case OPTION_MERGE:
        return options->is_merge = true;
    case OPTION_JSON:
        return options->is_json = true;
    case OPTION_POLICY:
        return take_text(option, text, &options->policies, error);
    case OPTION_RUNS:
        return take_count(option, text, 1, RUNS_MAX, &options->run_count, error);
    case OPTION_ROUNDS:
        return take_size(option, text, ROUNDS_MAX, &options->round_count, error);
    case OPTION_TIME:
        return take_duration(option, text, &options->time_ms, error);
    case OPTION_LIVE:
        return options->is_live = true;
    case OPTION_SIMULATED:
        return options->is_simulated = true;
    case OPTION_FAST:
        return options->is_fast = true;
    case OPTION_VERBOSE:
        return options->is_verbose = true;
    case OPTION_RULE:
        return take_path(text, &options->rule, option, error);
    case OPTION_PORT:
        return take_count(option, text, 0, UINT16_MAX, &options->port, error);
    case OPTION_LISTEN:
        return take_path(text, &options->listen, option, error);
    case OPTION_MARKDOWN:
        return options->is_markdown = true;
    case OPTION_WRITE:
        return options->is_write = true;
    case OPTION_QUIET:
        return options->is_quiet = true;
    case OPTION_NO_COLOR:
        return options->has_no_color = true;
    case OPTION_HELP:
        return options->is_help = true;
    case OPTION_COUNT:
        break;
    }
    return false;
}

/* ---- the parser ---- */

/* The options of one command, as getopt_long wants them; `count` of them before the empty one. */
struct option_table {
    struct option items[OPTION_COUNT + 1];
    const char *names[OPTION_COUNT]; /* with their dashes, for the nearest */
    char dashed[OPTION_COUNT][32];
    size_t count;
};

static void fill_table(const char *command, struct option_table *table)
{
    *table = (struct option_table){0};
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (!option_is_for((enum option_id)i, command))
            continue;
        size_t at = table->count++;
        snprintf(table->dashed[at], sizeof table->dashed[at], "--%s", infos[i].name);
        table->names[at] = table->dashed[at];
        table->items[at] = (struct option){
            infos[i].name, infos[i].argument ? required_argument : no_argument, NULL,
            FIRST_OPTION + i};
    }
}

static void set_unknown(const char *text, const char *command, const struct option_table *table,
                        struct error *error)
{
    size_t name_bytes = strcspn(text, "=");
    int nearest = text_nearest((struct span){text, name_bytes}, table->names, table->count);
    char hint[120];
    if (nearest >= 0)
        snprintf(hint, sizeof hint, "did you mean `%s`?", table->names[nearest]);
    else
        snprintf(hint, sizeof hint, "`gapcheck %s --help` lists the options", command);
    error_set(error, hint, "`gapcheck %s` has no option `%.*s`", command, (int)name_bytes, text);
}

/* getopt_long takes `--cl` for --client, which would break with the next option that begins so:
 * an option counts only when it is written out. */
static bool is_written_out(const char *text, const char *name)
{
    size_t name_bytes = strlen(name);
    return strncmp(text, "--", 2) == 0 && strncmp(text + 2, name, name_bytes) == 0 &&
           (text[2 + name_bytes] == '\0' || text[2 + name_bytes] == '=');
}

/* What getopt_long could not take: says why. */
static void set_refused(const char *text, const char *command, const struct option_table *table,
                        struct error *error)
{
    for (size_t i = 0; i < table->count; i++) {
        if (!is_written_out(text, table->items[i].name))
            continue;
        if (table->items[i].has_arg == no_argument)
            error_set(error, NULL, "%s takes no value", table->names[i]);
        else
            error_set(error, NULL, "%s wants a value: %s", table->names[i],
                      infos[table->items[i].val - FIRST_OPTION].argument);
        return;
    }
    set_unknown(text, command, table, error);
}

static void add_path(const char *path, struct options *options)
{
    options->paths[options->path_count++] = path;
}

/* Only `run` plays several side by side. */
static bool check_client_count(const char *command, const struct options *options,
                               struct error *error)
{
    if (options->clients.count < 2 || strcmp(command, "run") == 0)
        return true;
    error_set(error, "`gapcheck run` takes several", "`gapcheck %s` takes one --client, not %zu",
              command, options->clients.count);
    return false;
}

bool options_parse(const char *command, int argc, char **argv, struct options *options,
                   struct error *error)
{
    *options = (struct options){.client = "reference",
                                .shard_index = 1,
                                .shard_count = 1,
                                .seed = 1,
                                .repeat_count = 1,
                                .listen = "127.0.0.1",
                                .timeout_scale = 1.0};
    options->paths = memory_alloc((size_t)argc, sizeof *options->paths);
    struct option_table table;
    fill_table(command, &table);
    opterr = 0;
    optind = 0; /* starts anew (glibc) */
    for (;;) {
        /* In the order of "-" every argument is taken where it stands, so it is argv[at]. */
        int at = optind ? optind : 1;
        int taken = getopt_long(argc, argv, "-:h", table.items, NULL);
        if (taken == -1)
            break;
        if (taken == PLAIN_ARGUMENT) {
            add_path(optarg, options);
        } else if (taken == 'h') {
            options->is_help = true;
        } else if (taken < FIRST_OPTION) {
            set_refused(argv[at], command, &table, error);
            return false;
        } else {
            enum option_id option = (enum option_id)(taken - FIRST_OPTION);
            if (!is_written_out(argv[at], infos[option].name)) {
                set_unknown(argv[at], command, &table, error);
                return false;
            }
            if (!take_option(option, optarg, options, error))
                return false;
        }
    }
    while (optind < argc)
        add_path(argv[optind++], options);
    return check_client_count(command, options, error);
}

void options_free(struct options *options)
{
    free(options->paths);
    options->paths = NULL;
    options->path_count = 0;
}

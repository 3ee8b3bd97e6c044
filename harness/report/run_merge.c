#include "report/run_merge.h"

#include "core/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- whether they belong together ---- */

/* A driver that never said hello is known only by what was asked for. */
static bool has_said_hello(const struct run *run)
{
    return run->client_version[0] || strcmp(run->client_name, run->client_command) != 0;
}

static void append_client(const struct run *run, struct buffer *out)
{
    buffer_printf(out, "%.100s %.60s", run->client_name, run->client_version);
}

static void append_command(const struct run *run, struct buffer *out)
{
    buffer_printf(out, "%.150s", run->client_command);
}

static void append_seed(const struct run *run, struct buffer *out)
{
    buffer_printf(out, "%" PRIu64, run->seed);
}

static void append_strict(const struct run *run, struct buffer *out)
{
    buffer_append_text(out, run->is_strict ? "given" : "not given");
}

static void append_shard_count(const struct run *run, struct buffer *out)
{
    buffer_printf(out, "%zu", run->shard_count);
}

/* What all parts must have in common, each as the text that is compared and shown. */
static const struct {
    const char *what;
    void (*append)(const struct run *run, struct buffer *out);
    bool needs_hello;
} common[] = {
    {"the client", append_client, true},
    {"--client", append_command, false},
    {"--seed", append_seed, false},
    {"--strict", append_strict, false},
    {"the number of shards", append_shard_count, false},
};

static bool check_common(const struct run_part *first, const struct run_part *other,
                         struct error *error)
{
    bool is_same = true;
    for (size_t i = 0; is_same && i < sizeof common / sizeof common[0]; i++) {
        struct buffer left, right;
        if (common[i].needs_hello &&
            !(has_said_hello(&first->run) && has_said_hello(&other->run)))
            continue;
        buffer_init(&left, BUFFER_NO_LIMIT);
        buffer_init(&right, BUFFER_NO_LIMIT);
        common[i].append(&first->run, &left);
        common[i].append(&other->run, &right);
        is_same = strcmp(buffer_text(&left), buffer_text(&right)) == 0;
        if (!is_same)
            error_set(error, "only parts of one run can be merged; `gapcheck report A B` compares",
                      "%s is %s in %.60s, but %s in %.60s", common[i].what, buffer_text(&left),
                      first->name, buffer_text(&right), other->name);
        buffer_free(&left);
        buffer_free(&right);
    }
    return is_same;
}

/* The first that knows who the client is, else the first. */
static struct run_part *find_leader(struct run_part *parts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (has_said_hello(&parts[i].run))
            return &parts[i];
    return &parts[0];
}

/* ---- scenarios ---- */

struct candidate {
    struct run_scenario *scenario; /* borrowed from its part */
    size_t part_index;
};

static int compare_candidates(const void *left, const void *right)
{
    const struct candidate *a = left, *b = right;
    int order = strcmp(a->scenario->path, b->scenario->path);
    if (order == 0)
        order = strcmp(a->scenario->name, b->scenario->name);
    if (order == 0) /* the worst first */
        order = (int)a->scenario->judgement->verdict - (int)b->scenario->judgement->verdict;
    return order ? order : (a->part_index > b->part_index) - (a->part_index < b->part_index);
}

static struct candidate *list_candidates(struct run_part *parts, size_t part_count, size_t *count)
{
    size_t total_count = 0, at = 0;
    for (size_t i = 0; i < part_count; i++)
        total_count += parts[i].run.scenario_count;
    struct candidate *candidates = memory_alloc(total_count + 1, sizeof *candidates);
    for (size_t i = 0; i < part_count; i++)
        for (size_t j = 0; j < parts[i].run.scenario_count; j++)
            candidates[at++] = (struct candidate){&parts[i].run.scenarios[j], i};
    qsort(candidates, at, sizeof *candidates, compare_candidates);
    *count = at;
    return candidates;
}

static void add_plays(struct run_scenario *kept, const struct run_scenario *other)
{
    for (int i = 0; i < VERDICT_COUNT; i++)
        kept->play_counts[i] += other->play_counts[i];
}

static void take_scenarios(struct run_part *parts, size_t part_count, struct run_merge *merge)
{
    size_t count;
    struct candidate *candidates = list_candidates(parts, part_count, &count);
    struct run *run = &merge->run;
    bool is_again = false;
    run->scenarios = memory_alloc(count + 1, sizeof *run->scenarios);
    merge->part_indexes = memory_alloc(count + 1, sizeof *merge->part_indexes);
    for (size_t i = 0; i < count; i++) {
        struct run_scenario *scenario = candidates[i].scenario;
        struct run_scenario *last =
            run->scenario_count > 0 ? &run->scenarios[run->scenario_count - 1] : NULL;
        if (last && strcmp(last->name, scenario->name) == 0) {
            add_plays(last, scenario);
            merge->twice_count += !is_again;
            is_again = true;
            continue;
        }
        is_again = false;
        merge->part_indexes[run->scenario_count] = candidates[i].part_index;
        run->scenarios[run->scenario_count++] = *scenario;
        *scenario = (struct run_scenario){0}; /* taken */
    }
    free(candidates);
}

/* ---- the rest ---- */

static bool is_listed(const struct run *run, const char *sentence)
{
    for (size_t i = 0; i < run->fixed_count; i++)
        if (strcmp(run->fixed[i], sentence) == 0)
            return true;
    return false;
}

/* What of the baseline must be looked at; what every part says (an entry has expired) once. */
static void take_fixed(struct run_part *parts, size_t count, struct run *run)
{
    size_t total_count = 0;
    for (size_t i = 0; i < count; i++)
        total_count += parts[i].run.fixed_count;
    run->fixed = memory_alloc(total_count + 1, sizeof *run->fixed);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < parts[i].run.fixed_count; j++) {
            const char *sentence = parts[i].run.fixed[j];
            if (!is_listed(run, sentence))
                run->fixed[run->fixed_count++] = memory_copy_text(sentence, strlen(sentence));
        }
    }
}

static void take_times(const struct run_part *parts, size_t count, struct run *run)
{
    int64_t start_ms = INT64_MAX, end_ms = INT64_MIN;
    for (size_t i = 0; i < count; i++) {
        const struct run *part = &parts[i].run;
        if (part->started_ms < start_ms)
            start_ms = part->started_ms;
        if (part->started_ms + part->duration_ms > end_ms)
            end_ms = part->started_ms + part->duration_ms;
    }
    run->started_ms = start_ms;
    run->duration_ms = end_ms - start_ms;
}

static void find_missing(const struct run_part *parts, size_t count, struct run_merge *merge)
{
    size_t shard_count = parts[0].run.shard_count;
    bool *is_there = memory_alloc(shard_count + 1, sizeof *is_there);
    for (size_t i = 0; i < count; i++)
        is_there[parts[i].run.shard_index] = true;
    merge->missing = memory_alloc(shard_count + 1, sizeof *merge->missing);
    for (size_t i = 1; i <= shard_count; i++)
        if (!is_there[i])
            merge->missing[merge->missing_count++] = i;
    merge->run.is_inconclusive |= merge->missing_count > 0;
    free(is_there);
}

static void take_client(struct run_part *leader, struct run *run)
{
    run->client_name = leader->run.client_name;
    run->client_version = leader->run.client_version;
    run->client_command = leader->run.client_command;
    run->capabilities = leader->run.capabilities;
    run->seed = leader->run.seed;
    run->is_strict = leader->run.is_strict;
    leader->run.client_name = leader->run.client_version = leader->run.client_command = NULL;
}

/* What was taken is no longer there; a scenario that was not lacks nothing. */
static void free_part(struct run *run)
{
    size_t kept_count = 0;
    for (size_t i = 0; i < run->scenario_count; i++)
        if (run->scenarios[i].judgement)
            run->scenarios[kept_count++] = run->scenarios[i];
    run->scenario_count = kept_count;
    run_free(run);
}

bool run_merge(struct run_part *parts, size_t count, struct run_merge *merge, struct error *error)
{
    struct run_part *leader = find_leader(parts, count);
    bool is_one_run = true;
    *merge = (struct run_merge){.run = {.shard_index = 1, .shard_count = 1}};
    for (size_t i = 0; is_one_run && i < count; i++)
        is_one_run = check_common(leader, &parts[i], error);
    if (is_one_run) {
        for (size_t i = 0; i < count; i++) {
            merge->run.is_interrupted |= parts[i].run.is_interrupted;
            merge->run.is_inconclusive |= parts[i].run.is_inconclusive;
            merge->run.unplayed_count += parts[i].run.unplayed_count;
        }
        find_missing(parts, count, merge);
        take_times(parts, count, &merge->run);
        take_fixed(parts, count, &merge->run);
        take_client(leader, &merge->run);
        take_scenarios(parts, count, merge);
        merge->run.exit = run_exit_code(&merge->run);
    }
    for (size_t i = 0; i < count; i++)
        free_part(&parts[i].run);
    return is_one_run;
}

void run_merge_free(struct run_merge *merge)
{
    run_free(&merge->run);
    free(merge->part_indexes);
    free(merge->missing);
    *merge = (struct run_merge){0};
}

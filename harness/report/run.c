#include "report/run.h"

#include "core/buffer.h"

#include <stdlib.h>
#include <string.h>

#define PLAIN_LETTERS                                                                              \
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"                               \
    "._/@+,:=-"
#define FILE_LETTERS                                                                               \
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"                               \
    "._/[],-"

const char *run_dialect_name(enum dialect dialect)
{
    switch (dialect) {
    case DIALECT_AGENT:
        return "agent";
    case DIALECT_NODE:
        return "node";
    }
    return "agent";
}

bool run_scenario_is_flaky(const struct run_scenario *scenario)
{
    size_t seen_count = 0;
    for (size_t i = 0; i < VERDICT_COUNT; i++)
        seen_count += scenario->play_counts[i] > 0;
    return seen_count > 1;
}

struct run_place run_finding_place(const struct run_scenario *scenario, size_t finding)
{
    return scenario->finding_places ? scenario->finding_places[finding] : (struct run_place){0};
}

const char *run_known_reason(const struct run_scenario *scenario, size_t finding)
{
    if (!scenario->finding_is_known || !scenario->finding_is_known[finding])
        return NULL;
    const char *reason = scenario->known_reasons ? scenario->known_reasons[finding] : NULL;
    return reason ? reason : "";
}

struct run_summary run_summarize(const struct run *run)
{
    struct run_summary summary = {.scenario_count = run->scenario_count,
                                  .fixed_count = run->fixed_count};
    for (size_t i = 0; i < run->scenario_count; i++) {
        const struct run_scenario *scenario = &run->scenarios[i];
        summary.verdict_counts[scenario->judgement->verdict]++;
        summary.flaky_count += run_scenario_is_flaky(scenario);
        for (size_t j = 0; scenario->finding_is_known && j < scenario->judgement->finding_count;
             j++)
            summary.known_count += scenario->finding_is_known[j];
    }
    return summary;
}

static bool is_broken(const struct run *run)
{
    for (size_t i = 0; i < run->scenario_count; i++) {
        const struct run_scenario *scenario = &run->scenarios[i];
        enum verdict verdict = scenario->judgement->verdict;
        if (scenario->is_known)
            continue;
        if (verdict == VERDICT_FAIL || (verdict == VERDICT_WARN && run->is_strict))
            return true;
    }
    return false;
}

enum run_exit run_exit_code(const struct run *run)
{
    struct run_summary summary = run_summarize(run);
    const size_t *counts = summary.verdict_counts;
    /* None at all, too, unless other shards have them, or a search found none. */
    bool is_rightly_empty = (run->shard_count > 1 || run->is_campaign) &&
                            run->scenario_count == 0 && run->unplayed_count == 0;
    bool is_all_skipped = counts[VERDICT_SKIP] == run->scenario_count && !is_rightly_empty;
    if (run->is_interrupted || run->is_inconclusive || is_all_skipped || summary.flaky_count > 0 ||
        counts[VERDICT_CLIENT_ERROR] > 0 || counts[VERDICT_ERROR] > 0)
        return RUN_EXIT_INCONCLUSIVE;
    if (is_broken(run))
        return RUN_EXIT_BROKEN;
    return summary.fixed_count > 0 ? RUN_EXIT_FIXED : RUN_EXIT_EXPECTED;
}

enum run_exit run_exit_worst(enum run_exit left, enum run_exit right)
{
    static const int ranks[] = {
        [RUN_EXIT_USAGE] = 4,  [RUN_EXIT_INCONCLUSIVE] = 3, [RUN_EXIT_BROKEN] = 2,
        [RUN_EXIT_FIXED] = 1, [RUN_EXIT_EXPECTED] = 0,
    };
    return ranks[left] >= ranks[right] ? left : right;
}

/* As one word of a shell, in quotes only where it needs them. */
static void append_word(const char *text, struct buffer *out)
{
    if (text[0] && text[strspn(text, PLAIN_LETTERS)] == '\0') {
        buffer_append_text(out, text);
        return;
    }
    buffer_append_text(out, "'");
    for (; *text; text++)
        buffer_append(out, *text == '\'' ? "'\\''" : text, *text == '\'' ? 4 : 1);
    buffer_append_text(out, "'");
}

char *run_reproduce_command(const struct run_origin *origin)
{
    struct buffer out;
    buffer_init(&out, BUFFER_NO_LIMIT);
    buffer_printf(&out, "%s run ", origin->program ? origin->program : "./gapcheck");
    append_word(origin->path, &out);
    if (strchr(origin->name, '[')) { /* one of several that its file holds */
        buffer_append_text(&out, " --filter ");
        append_word(origin->name, &out);
    }
    buffer_append_text(&out, " --client ");
    append_word(origin->client, &out);
    if (origin->seed != 1)
        buffer_printf(&out, " --seed %llu", (unsigned long long)origin->seed);
    if (origin->timeout_scale != 1)
        buffer_printf(&out, " --timeout-scale %g", origin->timeout_scale);
    return buffer_take_text(&out);
}

/* `.` and empty parts would leave the folder. */
static bool is_safe_part(const char *part, size_t size_bytes)
{
    return size_bytes > 0 && part[0] != '.';
}

char *run_transcript_path(const char *scenario_name)
{
    struct buffer out;
    buffer_init(&out, BUFFER_NO_LIMIT);
    buffer_append_text(&out, "transcripts");
    const char *part = scenario_name;
    for (;;) {
        size_t part_bytes = strcspn(part, "/");
        buffer_append_text(&out, is_safe_part(part, part_bytes) ? "/" : "/_");
        for (size_t i = 0; i < part_bytes; i++)
            buffer_append(&out, strchr(FILE_LETTERS, part[i]) ? &part[i] : "_", 1);
        if (!part[part_bytes])
            break;
        part += part_bytes + 1;
    }
    buffer_append_text(&out, ".ndjson");
    return buffer_take_text(&out);
}

void run_scenario_free(struct run_scenario *scenario)
{
    free(scenario->name);
    free(scenario->path);
    free(scenario->title);
    free(scenario->why);
    for (size_t i = 0; i < scenario->tag_count; i++)
        free(scenario->tags[i]);
    free(scenario->tags);
    free(scenario->transcript);
    free(scenario->reproduce);
    free(scenario->finding_places);
    free(scenario->finding_is_known);
    for (size_t i = 0; scenario->known_reasons && i < scenario->judgement->finding_count; i++)
        free(scenario->known_reasons[i]);
    free(scenario->known_reasons);
    judgement_free(scenario->judgement);
    *scenario = (struct run_scenario){0};
}

void run_free(struct run *run)
{
    for (size_t i = 0; i < run->scenario_count; i++)
        run_scenario_free(&run->scenarios[i]);
    free(run->scenarios);
    for (size_t i = 0; run->fixed && i < run->fixed_count; i++)
        free(run->fixed[i]);
    free(run->fixed);
    free(run->client_name);
    free(run->client_version);
    free(run->client_command);
    *run = (struct run){0};
}

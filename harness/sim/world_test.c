/* The whole library in the simulated world: the reference passes, every mutant is found by the
 * rule that it breaks, and what is written down can be judged again. */
#include "sim/world.h"

#include "core/judge.h"
#include "core/memory.h"
#include "core/transcript_file.h"

#include <criterion/criterion.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCENARIOS GAPCHECK_SOURCE_DIR "/scenarios/"

static struct scenario_set library;

/* ---- the library ---- */

static char *read_file(const char *path, size_t *size_bytes)
{
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file, "%s cannot be read", path);
    struct buffer text;
    buffer_init(&text, SCENARIO_FILE_BYTES_MAX);
    char piece[4096];
    for (size_t size; (size = fread(piece, 1, sizeof(piece), file)) > 0;)
        buffer_append(&text, piece, size);
    fclose(file);
    *size_bytes = text.size_bytes;
    return buffer_take_text(&text);
}

static void load_file(const char *path)
{
    size_t size_bytes;
    char *text = read_file(path, &size_bytes);
    const char *name = path + strlen(SCENARIOS);
    char *stem = memory_copy_text(name, strlen(name) - strlen(".jsonc"));
    struct error_list errors;
    error_list_init(&errors);
    cr_assert(scenario_load(text, size_bytes, path, stem, &library, &errors), "%s:%zu: %s", path,
              errors.items[0].line, errors.items[0].message);
    error_list_free(&errors);
    free(stem);
    free(text);
}

static void load_library(void)
{
    glob_t paths;
    cr_assert_eq(glob(SCENARIOS "*/*.jsonc", 0, NULL, &paths), 0, "no scenarios in " SCENARIOS);
    for (size_t index = 0; index < paths.gl_pathc; index++)
        load_file(paths.gl_pathv[index]);
    globfree(&paths);
    cr_assert_gt(library.count, 80);
}

static void free_library(void)
{
    scenario_set_free(&library);
}

TestSuite(world, .init = load_library, .fini = free_library);

/* ---- playing ---- */

/* A played scenario with its judgement, both owned. */
struct play {
    struct transcript *transcript;
    struct judgement *judgement;
};

static struct play play(const struct scenario *scenario, const struct client_policy *policy,
                        uint64_t seed)
{
    struct play result = {.transcript = sim_play(scenario, policy, seed)};
    result.judgement = judge_transcript(result.transcript, scenario);
    return result;
}

static void play_free(struct play *result)
{
    judgement_free(result->judgement);
    transcript_free(result->transcript);
}

static void write_all(const struct transcript *transcript, struct buffer *out)
{
    buffer_init(out, BUFFER_NO_LIMIT);
    for (size_t index = 0; transcript_write_line(transcript, index, out); index++)
        continue;
}

static const struct client_policy reference; /* all zero */

/* ---- what is written down ---- */

static bool texts_equal(const char *left, const char *right)
{
    return left && right ? !strcmp(left, right) : left == right;
}

static bool findings_equal(const struct finding *left, const struct finding *right)
{
    return left->rule == right->rule && left->level == right->level &&
           texts_equal(left->message, right->message) && texts_equal(left->cause, right->cause) &&
           left->step == right->step && left->at_us == right->at_us &&
           left->entry == right->entry;
}

static bool judgements_equal(const struct judgement *left, const struct judgement *right)
{
    bool is_equal = left->verdict == right->verdict && texts_equal(left->reason, right->reason) &&
                    left->finding_count == right->finding_count &&
                    !memcmp(left->rules, right->rules, sizeof(left->rules)) &&
                    left->published == right->published && left->owed == right->owed &&
                    left->dispatched == right->dispatched && left->lost == right->lost &&
                    left->duplicated == right->duplicated &&
                    left->unrecoverable == right->unrecoverable &&
                    left->connections == right->connections &&
                    left->duration_us == right->duration_us;
    for (size_t index = 0; is_equal && index < left->finding_count; index++)
        is_equal = findings_equal(&left->findings[index], &right->findings[index]);
    return is_equal;
}

/* Written, read and judged again, and written again. */
static void expect_same_again(const struct play *result, const struct scenario *scenario,
                              const char *policy)
{
    struct buffer text, again;
    write_all(result->transcript, &text);
    struct error error = {0};
    struct transcript *read = transcript_read(text.data, text.size_bytes, &error);
    cr_assert_not_null(read, "%s, %s: line %zu: %s", scenario->name, policy, error.line,
                       error.message);
    write_all(read, &again);
    cr_expect(text.size_bytes == again.size_bytes &&
                  !memcmp(text.data, again.data, text.size_bytes),
              "%s, %s: other bytes", scenario->name, policy);
    struct judgement *judgement = judge_transcript(read, scenario);
    cr_expect(judgements_equal(result->judgement, judgement), "%s, %s: another judgement",
              scenario->name, policy);
    judgement_free(judgement);
    transcript_free(read);
    buffer_free(&text);
    buffer_free(&again);
}

static void expect_balance(const struct judgement *judgement, const struct scenario *scenario,
                           const char *policy)
{
    cr_expect_eq(judgement->published, judgement->owed + judgement->unrecoverable,
                 "%s, %s: published %llu, owed %llu, unrecoverable %llu", scenario->name, policy,
                 (unsigned long long)judgement->published, (unsigned long long)judgement->owed,
                 (unsigned long long)judgement->unrecoverable);
    cr_expect_eq(judgement->owed, judgement->dispatched + judgement->lost,
                 "%s, %s: owed %llu, dispatched %llu, lost %llu", scenario->name, policy,
                 (unsigned long long)judgement->owed, (unsigned long long)judgement->dispatched,
                 (unsigned long long)judgement->lost);
}

/* ---- the reference ---- */

Test(world, the_reference_passes_every_scenario_with_no_finding_also_judged_from_the_file)
{
    for (size_t index = 0; index < library.count; index++) {
        const struct scenario *scenario = library.items[index];
        struct play result = play(scenario, &reference, 1);
        const struct judgement *judgement = result.judgement;
        cr_expect_eq(judgement->verdict, VERDICT_PASS, "%s: %s, %s", scenario->name,
                     verdict_name(judgement->verdict),
                     judgement->reason ? judgement->reason : "");
        cr_expect_eq(judgement->finding_count, 0, "%s: %s", scenario->name,
                     judgement->finding_count ? judgement->findings[0].message : "");
        expect_same_again(&result, scenario, "reference");
        play_free(&result);
    }
}

Test(world, the_same_seed_gives_the_same_transcript_to_the_byte)
{
    for (size_t index = 0; index < library.count; index++) {
        struct buffer first, second;
        struct transcript *transcript = sim_play(library.items[index], &reference, 7);
        write_all(transcript, &first);
        transcript_free(transcript);
        transcript = sim_play(library.items[index], &reference, 7);
        write_all(transcript, &second);
        transcript_free(transcript);
        cr_expect(first.size_bytes == second.size_bytes &&
                      !memcmp(first.data, second.data, first.size_bytes),
                  "%s", library.items[index]->name);
        buffer_free(&first);
        buffer_free(&second);
    }
}

/* ---- the mutants ---- */

/* No scenario gets the rule of these yet; one that does takes its line away here. */
static const char *const uncovered[] = {
    NULL,
};

static bool is_uncovered(const char *name)
{
    for (size_t index = 0; uncovered[index]; index++)
        if (!strcmp(uncovered[index], name))
            return true;
    return false;
}

/* Under a sanitizer all of it would take minutes: there, a mutant plays only until it is found,
 * and thousands of events only if it needs so many. Else every mutant plays everything. */
#ifdef __SANITIZE_ADDRESS__
#define IS_THOROUGH false
#else
#define IS_THOROUGH true
#endif

static bool is_left_out(const struct scenario *scenario, const char *policy, bool is_found)
{
    int64_t count = 0;
    for (size_t index = 0; index < scenario->step_count; index++)
        if (scenario->steps[index].verb == VERB_PUBLISH)
            count += scenario->steps[index].publish.count;
    bool is_too_large = count > 1000 && strncmp(policy, "dedupe-", strlen("dedupe-")) != 0;
    return !IS_THOROUGH && (is_found || is_too_large);
}

static bool has_finding(const struct judgement *judgement, const char *rule)
{
    for (size_t index = 0; index < judgement->finding_count; index++)
        if (!strcmp(rule_info(judgement->findings[index].rule)->id, rule))
            return true;
    return false;
}

/* Plays the whole library with each policy of one in four: the counts must balance, and the rule
 * that the policy breaks must be named, in a judgement that can be had again from the file. */
static void play_quarter(size_t first)
{
    for (size_t index = first; index < client_policy_count(); index += 4) {
        const struct client_policy_info *info = client_policy_at(index);
        bool is_found = false;
        for (size_t at = 0; at < library.count; at++) {
            if (is_left_out(library.items[at], info->name, is_found))
                continue;
            struct play result = play(library.items[at], &info->policy, 1);
            expect_balance(result.judgement, library.items[at], info->name);
            if (!is_found && has_finding(result.judgement, info->rule)) {
                is_found = true;
                expect_same_again(&result, library.items[at], info->name);
            }
            play_free(&result);
        }
        bool must_be_found = info->rule[0] && !is_uncovered(info->name);
        cr_expect_eq(is_found, must_be_found, "%s: %s is %s", info->name, info->rule,
                     is_found ? "found: take it off the list" : "not found");
    }
}

Test(world, mutants_are_found_and_counts_balance_first_quarter)
{
    play_quarter(0);
}

Test(world, mutants_are_found_and_counts_balance_second_quarter)
{
    play_quarter(1);
}

Test(world, mutants_are_found_and_counts_balance_third_quarter)
{
    play_quarter(2);
}

Test(world, mutants_are_found_and_counts_balance_last_quarter)
{
    play_quarter(3);
}

Test(world, the_list_of_uncovered_mutants_names_policies)
{
    for (size_t index = 0; uncovered[index]; index++)
        cr_expect(client_policy_find(uncovered[index], NULL), "%s", uncovered[index]);
}

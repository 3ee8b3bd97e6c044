/* What the library shows, as a whole: every rule of the client in two ways, every one of the server
 * in one. That a scenario brings up the rules that it names is part of its verdict. */
#include "cmd/select.h"
#include "core/client_policy.h"
#include "core/judge.h"
#include "sim/world.h"

#include <criterion/criterion.h>
#include <string.h>

static struct scenario_set library;

static void set_up(void)
{
    const char *const paths[] = {GAPCHECK_SOURCE_DIR "/scenarios"};
    struct select_query query = {.paths = paths, .path_count = 1};
    struct buffer messages;
    buffer_init(&messages, BUFFER_NO_LIMIT);
    cr_assert_eq(select_scenarios(&query, &library, &messages), SELECT_DONE, "%s",
                 buffer_text(&messages));
    buffer_free(&messages);
}

static void tear_down(void)
{
    scenario_set_free(&library);
}

TestSuite(library_rules, .init = set_up, .fini = tear_down, .timeout = 120);

/* Instances of one file differ in a number or a kind of drop only, and in the brackets of their
 * names. They follow one another. */
static size_t count_files(enum rule rule)
{
    size_t count = 0;
    struct span last = {0};
    for (size_t i = 0; i < library.count; i++) {
        const char *name = library.items[i]->name;
        struct span file = {name, strcspn(name, "[")};
        if (!library.items[i]->rules[rule])
            continue;
        bool is_same = last.size_bytes == file.size_bytes &&
                       strncmp(last.data, name, file.size_bytes) == 0;
        count += !is_same;
        last = file;
    }
    return count;
}

Test(library_rules, every_rule_of_the_client_is_shown_in_two_ways_every_one_of_the_server_in_one)
{
    for (int rule = 0; rule < RULE_COUNT; rule++) {
        const struct rule_info *info = rule_info((enum rule)rule);
        if (rule == RULE_STEP)
            continue;
        size_t wanted = info->level == RULE_LEVEL_SERVER ? 1 : 2;
        cr_expect_geq(count_files((enum rule)rule), wanted, "%s", info->id);
    }
}

static bool comes_up(const struct scenario *scenario, const struct client_policy *policy)
{
    struct transcript *transcript = sim_play(scenario, policy, 1);
    struct judgement *judgement = judge_transcript(transcript, scenario);
    bool came_up = judgement->rules[RULE_S7] == RULE_STATUS_PASS;
    judgement_free(judgement);
    transcript_free(transcript);
    return came_up;
}

/* The verdict does not ask for it, as only a client that is wrong brings it up. */
Test(library_rules, s_7_comes_up_with_some_mutant_wherever_it_is_named)
{
    for (size_t i = 0; i < library.count; i++) {
        const struct client_policy_info *info;
        size_t count = 0;
        if (!library.items[i]->rules[RULE_S7])
            continue;
        for (size_t j = 1; (info = client_policy_at(j)) != NULL; j++)
            count += comes_up(library.items[i], &info->policy);
        cr_expect_gt(count, 0, "%s", library.items[i]->name);
        cr_expect_not(comes_up(library.items[i], &client_policy_at(0)->policy), "%s",
                      library.items[i]->name);
    }
}

/* The judge must not cry wolf: whatever a server does to the reference client, which keeps every
 * rule, no MUST may be found broken, and the books must balance. */
#include "core/judge.h"
#include "sim/generator.h"
#include "sim/world.h"

#include <criterion/criterion.h>

#define SEED_COUNT 600

struct play {
    struct buffer text; /* of the scenario */
    struct scenario *scenario;
    struct judgement *judgement;
};

static void play_seed(uint64_t seed, const struct client_policy *policy, struct play *play)
{
    *play = (struct play){0};
    buffer_init(&play->text, BUFFER_NO_LIMIT);
    struct generator_config config = {
        .length = GENERATOR_MIXED, .capabilities = sim_capabilities(), .seed = seed};
    struct choices choices;
    choices_init_seed(&choices, seed);
    play->scenario = generator_load(&choices, &config, &play->text);
    struct transcript *transcript = sim_play(play->scenario, policy, seed);
    play->judgement = judge_transcript(transcript, play->scenario);
    transcript_free(transcript);
}

static void play_free(struct play *play)
{
    judgement_free(play->judgement);
    scenario_free(play->scenario);
    buffer_free(&play->text);
}

static void assert_books_balance(const struct judgement *judgement, uint64_t seed)
{
    cr_assert_eq(judgement->published, judgement->owed + judgement->unrecoverable, "seed %lu",
                 seed);
    cr_assert_eq(judgement->owed, judgement->dispatched + judgement->lost, "seed %lu", seed);
}

Test(judge_property, the_reference_client_is_never_found_to_break_a_must)
{
    static const struct client_policy reference;
    for (uint64_t seed = 1; seed <= SEED_COUNT; seed++) {
        struct play play;
        play_seed(seed, &reference, &play);
        const struct judgement *judgement = play.judgement;
        const struct finding *finding = judgement->finding_count ? judgement->findings : NULL;
        cr_assert(judgement->verdict == VERDICT_PASS || judgement->verdict == VERDICT_WARN,
                  "seed %lu: %s %s %s: %s\n%s", seed, verdict_name(judgement->verdict),
                  judgement->reason ? judgement->reason : "",
                  finding ? rule_info(finding->rule)->id : "", finding ? finding->message : "",
                  buffer_text(&play.text));
        assert_books_balance(judgement, seed);
        play_free(&play);
    }
}

/* And it must not sleep either: of these mutants, enough is seen. */
/* Live events outrun a slow answer: when its ack comes, the client has seen a hole and does not
 * know that all before had come. Its next `since` is early, and the old rows that it brings fill the
 * answer. */
#define OUTRUN_SEED 60140548
static const char outrun_text[] =
    "{ \"title\": \"an answer is outrun\", \"rules\": [\"C-7\"], \"timeout_ms\": 300000, "
    "\"server\": { \"ring\": 6, \"db_limit\": 2, \"clock\": { \"freeze\": true } }, "
    "\"client\": { \"ping_ms\": 300, \"pong_timeout_ms\": 200, \"connect_timeout_ms\": 400 }, "
    "\"steps\": [ "
    "{\"accept\":{}}, {\"publish\":{\"count\":3}}, {\"settle\":{}}, {\"drop\":{\"how\":\"fin\"}}, "
    "{\"set\":{\"write_delay_ms\":12}}, {\"accept\":{}}, {\"settle\":{}}, {\"close\":{\"code\":1013}}, "
    "{\"publish\":{\"type\":\"file.uploaded\",\"count\":4,\"every_ms\":194}}, "
    "{\"advance\":{\"ms\":464000}}, "
    "{\"accept\":{}}, {\"close\":{\"code\":4000}}, "
    "{\"set\":{\"order\":\"shuffled\",\"resync\":\"hold\"}}, {\"accept\":{}}, "
    "{\"publish\":{\"type\":\"message.read\"}}, {\"release\":{}}, {\"set\":{\"resync\":\"auto\"}}, "
    "{\"publish\":{\"count\":2,\"live\":false}}, "
    "{\"publish\":{\"type\":\"thread.reply\",\"count\":6}}, {\"settle\":{}} "
    "] }";

Test(judge_property, a_client_whose_answer_was_outrun_may_ask_from_long_ago)
{
    static const struct client_policy reference;
    struct scenario_set set = {0};
    struct error_list errors;
    error_list_init(&errors);
    cr_assert(
        scenario_load(outrun_text, sizeof outrun_text - 1, "outrun", "outrun", &set, &errors));
    struct transcript *transcript = sim_play(set.items[0], &reference, OUTRUN_SEED);
    struct judgement *judgement = judge_transcript(transcript, set.items[0]);
    cr_expect_eq(judgement->verdict, VERDICT_PASS, "%s",
                 judgement->finding_count ? judgement->findings[0].message : judgement->reason);
    cr_expect_eq(judgement->unrecoverable, 2);
    judgement_free(judgement);
    transcript_free(transcript);
    scenario_set_free(&set);
    error_list_free(&errors);
}

Test(judge_property, mutants_are_found_out_and_the_books_balance)
{
    static const struct {
        const char *policy;
        unsigned found_min; /* of 100 seeds */
    } cases[] = {
        {"dedupe-off", 15},     {"cursor-one-high", 40}, {"cursor-one-low", 15},
        {"since-missing", 40},  {"resync-never", 40},    {"resync-twice", 40},
        {"subscribe-once", 40}, {"ack-unreported", 40},  {"rows-ignored", 15},
    };
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
        struct client_policy policy;
        unsigned found = 0;
        cr_assert(client_policy_find(cases[index].policy, &policy));
        for (uint64_t seed = 1; seed <= 100; seed++) {
            struct play play;
            play_seed(seed, &policy, &play);
            found += play.judgement->verdict == VERDICT_FAIL;
            assert_books_balance(play.judgement, seed);
            play_free(&play);
        }
        cr_assert_geq(found, cases[index].found_min, "%s: found in %u of 100",
                      cases[index].policy, found);
    }
}

/* Short sessions on one core, and what each stage of one costs. */
#include "cmd/bench.h"

#include "core/client_policy.h"
#include "core/judge.h"
#include "sim/generator.h"
#include "sim/world.h"

enum stage {
    STAGE_GENERATE, /* the text is written */
    STAGE_LOAD,     /* and parsed and checked */
    STAGE_CLIENT,
    STAGE_SESSION,
    STAGE_WORLD, /* the rest of playing: messages carried, all made and freed */
    STAGE_JUDGE,
    STAGE_FREE,
    STAGE_COUNT
};

static const char *const stage_names[STAGE_COUNT] = {
    "generate the text",
    "load it",
    "play: the client",
    "play: the server",
    "play: the world",
    "judge",
    "free",
};

struct laps {
    int64_t ns[STAGE_COUNT];
};

static int64_t lap(struct laps *laps, enum stage stage, int64_t start_ns)
{
    int64_t now_ns = bench_wall_ns();
    laps->ns[stage] += now_ns - start_ns;
    return now_ns;
}

/* Plays one; without `laps` no clock is read in between. */
static void play(uint64_t seed, struct buffer *text, struct laps *laps)
{
    struct laps unused = {{0}};
    struct sim_stopwatch stopwatch = {.now_ns = bench_wall_ns};
    struct generator_config config = {
        .length = GENERATOR_SHORT, .capabilities = sim_capabilities(), .seed = seed};
    struct choices choices;
    choices_init_seed(&choices, seed);
    const struct client_policy *reference = &client_policy_at(0)->policy;
    if (!laps)
        laps = &unused;
    bool is_timed = laps != &unused;
    int64_t at_ns = is_timed ? bench_wall_ns() : 0;
    if (is_timed) {
        struct choices same = choices;
        buffer_clear(text);
        generator_write(&same, &config, text);
        at_ns = lap(laps, STAGE_GENERATE, at_ns);
    }
    struct scenario *scenario = generator_load(&choices, &config, text);
    if (is_timed)
        at_ns = lap(laps, STAGE_LOAD, at_ns);
    struct transcript *transcript =
        sim_play_timed(scenario, reference, seed, is_timed ? &stopwatch : NULL);
    if (is_timed)
        at_ns = lap(laps, STAGE_WORLD, at_ns);
    struct judgement *judgement = judge_transcript(transcript, scenario);
    if (is_timed)
        at_ns = lap(laps, STAGE_JUDGE, at_ns);
    judgement_free(judgement);
    transcript_free(transcript);
    scenario_free(scenario);
    if (is_timed)
        lap(laps, STAGE_FREE, at_ns);
    laps->ns[STAGE_CLIENT] += stopwatch.client_ns;
    laps->ns[STAGE_SESSION] += stopwatch.session_ns;
}

/* Loading writes the text once more, and playing is the sum of its parts. */
static void separate(struct laps *laps)
{
    laps->ns[STAGE_LOAD] -= laps->ns[STAGE_GENERATE];
    laps->ns[STAGE_WORLD] -= laps->ns[STAGE_CLIENT] + laps->ns[STAGE_SESSION];
}

/* The clock that is quick enough to be read for every message is the one on the wall, which others
 * on the machine stretch: the stages get their shares of what a session costs the processor. */
static double share_us(const struct laps *laps, enum stage stage, double session_us)
{
    int64_t total_ns = 0;
    for (int i = 0; i < STAGE_COUNT; i++)
        total_ns += laps->ns[i];
    return session_us * (double)laps->ns[stage] / (double)(total_ns ? total_ns : 1);
}

void bench_simulation(struct bench *bench)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    struct bench_row *speed =
        bench_add(bench, "simulation", "short sessions on one core", "a minute", NULL);
    struct bench_row *cost = bench_add(bench, "simulation", "one session", "µs", NULL);
    struct bench_row *stages[STAGE_COUNT];
    for (int stage = 0; stage < STAGE_COUNT; stage++)
        stages[stage] = bench_add(bench, "simulation", stage_names[stage], "µs", NULL);
    double count = (double)bench->session_count;
    for (size_t round = 0; round <= bench->round_count; round++) {
        int64_t start_ns = bench_thread_ns();
        for (uint64_t seed = 1; seed <= bench->session_count; seed++)
            play(seed, &text, NULL);
        double session_us = (double)(bench_thread_ns() - start_ns) / 1000 / count;
        struct laps laps = {{0}};
        for (uint64_t seed = 1; seed <= bench->session_count; seed++)
            play(seed, &text, &laps);
        separate(&laps);
        if (round == 0)
            continue;
        bench_series_add(&speed->own, 60e6 / session_us);
        bench_series_add(&cost->own, session_us);
        for (int stage = 0; stage < STAGE_COUNT; stage++)
            bench_series_add(&stages[stage]->own, share_us(&laps, (enum stage)stage, session_us));
    }
    buffer_free(&text);
}

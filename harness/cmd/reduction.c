#include "cmd/reduction.h"

#include "core/memory.h"

#include <stdlib.h>
#include <string.h>

#define BATCH_COUNT   48   /* candidates at once: nearly as quick as one */
#define ASKED_MAX     3000 /* candidates in all */
#define DEAD_CALLS_MAX 2   /* calls in a row in which no candidate could be played */

/* The shrinker's oracle: a live client. */
struct oracle {
    struct trial *trial;
    struct reduction *reduction;
    const struct reduction_progress *progress;
    size_t times; /* each candidate is played: it counts what all of these plays show */
    size_t dead_call_count;
};

const struct scenario *reduction_scenario(const struct reduction *reduction)
{
    return reduction->smallest ? reduction->smallest : reduction->original;
}

const struct finding *reduction_finding(const struct reduction *reduction)
{
    return reduction->judgement ? failure_find(reduction->failure, reduction->judgement) : NULL;
}

void reduction_free(struct reduction *reduction)
{
    scenario_free(reduction->smallest);
    judgement_free(reduction->judgement);
    transcript_free(reduction->transcript);
    free(reduction->client_trouble);
    *reduction = (struct reduction){0};
}

/* ---- confirming ---- */

/* The play that shows it most clearly is kept. Returns its grade; `confirmed_count` says in how many
 * it was seen. */
static int confirm(struct trial *trial, const struct scenario *scenario,
                   struct reduction *reduction, size_t *confirmed_count)
{
    struct trial_play plays[REDUCTION_CONFIRM_COUNT] = {0};
    int best_grade = 0;
    size_t best = 0;
    *confirmed_count = 0;
    for (size_t i = 0; i < REDUCTION_CONFIRM_COUNT; i++)
        plays[i].scenario = scenario;
    trial_play(trial, plays, REDUCTION_CONFIRM_COUNT);
    reduction->play_count += REDUCTION_CONFIRM_COUNT;
    for (size_t i = 0; i < REDUCTION_CONFIRM_COUNT; i++) {
        int grade =
            plays[i].judgement ? (int)failure_grade(reduction->failure, plays[i].judgement) : 0;
        *confirmed_count += grade > 0;
        if (grade <= best_grade)
            continue;
        best_grade = grade;
        best = i;
    }
    /* One that is seen less often than the one before is not kept: nor is its play. */
    if (best_grade > 0 && *confirmed_count >= reduction->confirmed_count) {
        judgement_free(reduction->judgement);
        transcript_free(reduction->transcript);
        reduction->judgement = plays[best].judgement;
        reduction->transcript = plays[best].transcript;
        plays[best].judgement = NULL;
        plays[best].transcript = NULL;
    }
    trial_play_free(plays, REDUCTION_CONFIRM_COUNT);
    return best_grade;
}

/* ---- shrinking ---- */

/* A client that dies of a candidate is no answer; one that dies of all of them cannot be asked. */
static bool is_alive(struct oracle *oracle, const struct trial_play *plays, size_t count)
{
    const char *why = NULL;
    for (size_t i = 0; i < count; i++) {
        if (!plays[i].judgement || plays[i].judgement->verdict != VERDICT_CLIENT_ERROR) {
            oracle->dead_call_count = 0;
            return true;
        }
        why = plays[i].judgement->reason;
    }
    if (++oracle->dead_call_count < DEAD_CALLS_MAX)
        return true;
    why = why ? why : "it cannot be played with any more";
    oracle->reduction->client_trouble = memory_copy_text(why, strlen(why));
    return false;
}

/* How clearly the least clear of its plays shows it. */
static int grade_of(const struct oracle *oracle, const struct trial_play *plays)
{
    int least = FAILURE_GRADE_MAX;
    for (size_t i = 0; i < oracle->times; i++) {
        int grade = (int)failure_grade(oracle->reduction->failure, plays[i].judgement);
        least = grade < least ? grade : least;
    }
    return least;
}

static bool ask(void *user, const struct scenario *const *candidates, size_t count, int *grades)
{
    struct oracle *oracle = user;
    size_t play_count = count * oracle->times;
    struct trial_play *plays = memory_alloc(play_count, sizeof *plays);
    bool is_answered;
    do {
        for (size_t i = 0; i < play_count; i++)
            plays[i].scenario = candidates[i / oracle->times];
        is_answered =
            trial_play(oracle->trial, plays, play_count) && is_alive(oracle, plays, play_count);
        oracle->reduction->play_count += play_count;
        for (size_t i = 0; is_answered && i < count; i++)
            grades[i] = grade_of(oracle, plays + i * oracle->times);
        trial_play_free(plays, play_count);
    } while (is_answered && oracle->dead_call_count > 0);
    free(plays);
    return is_answered;
}

static void on_step(void *user, size_t step_count, size_t asked_count)
{
    const struct oracle *oracle = user;
    (void)asked_count;
    if (oracle->progress->on_smaller)
        oracle->progress->on_smaller(oracle->progress->user, oracle->reduction->failure, step_count,
                                     oracle->reduction->play_count);
}

/* The smallest whose plays all showed it; keeps it if it still shows it when it is played again, as
 * often as the original did. */
static bool try_smaller(struct trial *trial, size_t times, int grade,
                        const struct reduction_progress *progress, struct reduction *reduction)
{
    static const struct shrink_limits limits = {.batch_count = BATCH_COUNT, .asked_max = ASKED_MAX};
    struct oracle oracle = {
        .trial = trial, .reduction = reduction, .progress = progress, .times = times};
    struct shrink_oracle asked = {.user = &oracle, .ask = ask, .on_step = on_step};
    struct shrink_result result;
    shrink(reduction->original, reduction->failure->rule, grade, &asked, &limits, &result);
    reduction->end = result.end;
    reduction->smallest = result.scenario;
    if (!result.scenario || trial->is_interrupted || reduction->client_trouble)
        return true;
    size_t confirmed_count;
    confirm(trial, result.scenario, reduction, &confirmed_count);
    if (confirmed_count >= reduction->confirmed_count)
        return true;
    scenario_free(reduction->smallest);
    reduction->smallest = NULL;
    return false;
}

bool reduction_make(struct trial *trial, const struct scenario *original,
                    const struct failure *failure, const struct reduction_progress *progress,
                    struct reduction *reduction)
{
    static const struct reduction_progress silent = {0};
    static const size_t times[] = {2, 5}; /* what hangs on the moment is not seen so often */
    *reduction = (struct reduction){.failure = failure, .original = original};
    int grade = confirm(trial, original, reduction, &reduction->confirmed_count);
    bool is_done = grade == 0 || trial->is_interrupted;
    for (size_t i = 0; i < sizeof times / sizeof *times && !is_done; i++)
        is_done = try_smaller(trial, reduction->confirmed_count < REDUCTION_CONFIRM_COUNT ? 1
                                                                                          : times[i],
                              grade, progress ? progress : &silent, reduction);
    return !trial->is_interrupted;
}

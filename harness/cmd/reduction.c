#include "cmd/reduction.h"

#include "core/memory.h"

#include <stdlib.h>
#include <string.h>

#define BATCH_COUNT   64   /* candidates at once: nearly as quick as one */
#define ASKED_MAX     3000 /* candidates in all */
#define QUIET_COUNT   4    /* candidates at once that leave a machine quiet */
#define DEAD_CALLS_MAX 2   /* calls in a row in which no candidate could be played */

/* The shrinker's oracle: a live client. */
struct oracle {
    struct trial *trial;
    struct reduction *reduction;
    const struct reduction_progress *progress;
    size_t quiet_times; /* what shows the failure is played again so often */
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

/* The play that shows it most clearly is kept. Returns its grade; `confirmed_count` says in how
 * many it was seen. */
static int confirm(struct trial *trial, const struct scenario *scenario,
                   struct reduction *reduction, size_t *confirmed_count)
{
    struct trial_play plays[REDUCTION_CONFIRM_COUNT] = {0};
    int best_grade = 0;
    size_t best = 0;
    *confirmed_count = 0;
    for (size_t i = 0; i < REDUCTION_CONFIRM_COUNT; i++)
        plays[i].scenario = scenario;
    for (size_t i = 0; i < REDUCTION_CONFIRM_COUNT && trial_play(trial, &plays[i], 1); i++)
        trial_pause();
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

/* Plays them and lowers `grades` to what is seen. False if nothing can be asked any more. */
static bool play_some(struct oracle *oracle, const struct scenario *const *candidates, size_t count,
                      int *grades)
{
    struct trial_play *plays = memory_alloc(count, sizeof *plays);
    bool is_answered;
    do {
        for (size_t i = 0; i < count; i++)
            plays[i].scenario = candidates[i];
        is_answered = trial_play(oracle->trial, plays, count) && is_alive(oracle, plays, count);
        oracle->reduction->play_count += count;
        for (size_t i = 0; is_answered && i < count; i++) {
            int grade = (int)failure_grade(oracle->reduction->failure, plays[i].judgement);
            grades[i] = grade < grades[i] ? grade : grades[i];
        }
        trial_play_free(plays, count);
    } while (is_answered && oracle->dead_call_count > 0);
    free(plays);
    return is_answered;
}

/* Many at once make a machine slow, and time pass between what follows each other at once: what
 * shows the failure then must show it in another, quiet moment, too. */
static bool play_quietly(struct oracle *oracle, const struct scenario *const *candidates,
                         size_t count, int *grades)
{
    const struct scenario *some[QUIET_COUNT];
    int some_grades[QUIET_COUNT];
    size_t indexes[QUIET_COUNT], some_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (grades[i] > 0) {
            indexes[some_count] = i;
            some_grades[some_count] = grades[i];
            some[some_count++] = candidates[i];
        }
        if (some_count == 0 || (some_count < QUIET_COUNT && i + 1 < count))
            continue;
        if (!play_some(oracle, some, some_count, some_grades))
            return false;
        for (size_t j = 0; j < some_count; j++)
            grades[indexes[j]] = some_grades[j];
        some_count = 0;
    }
    return true;
}

static bool has_any(const int *grades, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (grades[i] > 0)
            return true;
    }
    return false;
}

static bool ask(void *user, const struct scenario *const *candidates, size_t count, int *grades)
{
    struct oracle *oracle = user;
    for (size_t i = 0; i < count; i++)
        grades[i] = FAILURE_GRADE_MAX;
    if (!play_some(oracle, candidates, count, grades))
        return false;
    for (size_t times = 0; times < oracle->quiet_times && has_any(grades, count); times++) {
        trial_pause();
        if (!play_quietly(oracle, candidates, count, grades))
            return false;
    }
    return true;
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
static bool try_smaller(struct trial *trial, size_t quiet_times, int grade,
                        const struct reduction_progress *progress, struct reduction *reduction)
{
    const struct shrink_limits limits = {.batch_count = BATCH_COUNT,
                                         .asked_max = ASKED_MAX,
                                         .is_careful = quiet_times > 1};
    struct oracle oracle = {
        .trial = trial, .reduction = reduction, .progress = progress, .quiet_times = quiet_times};
    struct shrink_oracle asked = {.user = &oracle, .ask = ask, .on_step = on_step};
    struct shrink_result result;
    trial->is_hurried = reduction->failure->rule != RULE_STEP;
    shrink(reduction->original, reduction->failure->rule, grade, &asked, &limits, &result);
    trial->is_hurried = false;
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
    *reduction = (struct reduction){.failure = failure, .original = original};
    int grade = confirm(trial, original, reduction, &reduction->confirmed_count);
    bool is_done = grade == 0 || trial->is_interrupted;
    bool is_sure = reduction->confirmed_count == REDUCTION_CONFIRM_COUNT;
    /* Of what fails now and then, once is enough; else a second try looks more closely. */
    for (size_t quiet_times = is_sure ? 1 : 0; quiet_times <= 2 && !is_done; quiet_times += 2)
        is_done =
            try_smaller(trial, quiet_times, grade, progress ? progress : &silent, reduction);
    return !trial->is_interrupted;
}

#include "cmd/reduction.h"

#include "core/memory.h"
#include "core/scenario_print.h"
#include "sim/shrink_faults.h"

#include <stdlib.h>
#include <string.h>

#define BATCH_COUNT    64   /* candidates at once: nearly as quick as one */
#define ASKED_MAX      3000 /* candidates in all */
#define SHORT_STEPS_MAX 10  /* of a file */
#define DEAD_CALLS_MAX 2    /* calls in a row in which no candidate could be played */
#define STEADY_COUNT   8    /* of REDUCTION_PROVE_COUNT: who plays the file once, sees it fail */

/* A failure may hang on how busy the machine is: it is looked for in quiet moments, one play after
 * the other, and in busy ones, several plays at once. */
#define LOOK_QUIET_COUNT  1
#define LOOK_BUSY_COUNT   4
#define PROVE_QUIET_COUNT 5
#define PROVE_BUSY_COUNT  (REDUCTION_PROVE_COUNT - PROVE_QUIET_COUNT)

/* What an attempt asks of what it takes. */
enum attempt {
    ATTEMPT_CAREFUL,  /* nothing more hangs on the moment, and less of it where that can be mended;
                       * this may take more steps */
    ATTEMPT_WARY,     /* careful, and each is played as often as if it were the last */
    ATTEMPT_CARELESS, /* it failed, which is enough if the original did not fail every time */
};

/* The shrinker's oracle: a live client. */
struct oracle {
    struct trial *trial;
    struct reduction *reduction;
    const struct reduction_progress *progress;
    struct reduction_proof looked; /* of the candidate that was looked at last */
    struct reduction_proof proof;  /* of the smallest so far */
    bool is_sure;                  /* the failure is there every time, and shall stay so */
    bool is_wary;
    size_t dead_call_count;
};

const struct scenario *reduction_scenario(const struct reduction *reduction)
{
    return reduction->smallest ? reduction->smallest : reduction->original;
}

const struct finding *reduction_finding(const struct reduction *reduction)
{
    const struct judgement *judgement = reduction->proof.judgement;
    return judgement ? failure_find(reduction->failure, judgement) : NULL;
}

static void free_proof(struct reduction_proof *proof)
{
    judgement_free(proof->judgement);
    transcript_free(proof->transcript);
    *proof = (struct reduction_proof){0};
}

void reduction_free(struct reduction *reduction)
{
    scenario_free(reduction->smallest);
    free_proof(&reduction->proof);
    free(reduction->client_trouble);
    *reduction = (struct reduction){0};
}

/* ---- proving ---- */

static bool is_dead(const struct trial_play *play)
{
    return !play->judgement || play->judgement->verdict == VERDICT_CLIENT_ERROR;
}

/* Why none of them could be played; NULL if one could. */
static const char *find_trouble(const struct trial_play *plays, size_t count)
{
    const char *why = NULL;
    for (size_t i = 0; i < count; i++) {
        if (!is_dead(&plays[i]))
            return NULL;
        if (plays[i].judgement)
            why = plays[i].judgement->reason;
    }
    return why ? why : "it cannot be played with any more";
}

static void set_trouble(struct reduction *reduction, const char *why)
{
    if (!reduction->client_trouble)
        reduction->client_trouble = memory_copy_text(why, strlen(why));
}

/* Counts the play, unless the client died of it; what shows it most clearly is kept. Returns
 * its grade. */
static int add_play(const struct failure *failure, struct trial_play *play,
                    struct reduction_proof *proof)
{
    int grade = is_dead(play) ? 0 : (int)failure_grade(failure, play->judgement);
    proof->played_count += !is_dead(play);
    proof->failed_count += grade > 0;
    if (grade <= proof->grade)
        return grade;
    judgement_free(proof->judgement);
    transcript_free(proof->transcript);
    proof->grade = grade;
    proof->judgement = play->judgement;
    proof->transcript = play->transcript;
    play->judgement = NULL;
    play->transcript = NULL;
    return grade;
}

/* Plays it so often, `at_once` plays at a time. Returns the least grade: 0, too, if it was
 * interrupted. A proof is spread over the parts of a second, and a client that dies of what it has
 * played before cannot be asked any more. */
static int play_again(struct trial *trial, struct reduction *reduction,
                      const struct scenario *scenario, size_t count, size_t at_once, bool is_proof,
                      struct reduction_proof *proof)
{
    struct trial_play *plays = memory_alloc(count, sizeof *plays);
    int least = FAILURE_GRADE_MAX;
    for (size_t i = 0; i < count; i++)
        plays[i].scenario = scenario;
    for (size_t i = 0; i < count; i += at_once) {
        if (is_proof && shrink_faults_may_replay_rows(scenario))
            trial_pause();
        trial_play(trial, plays + i, at_once);
        reduction->play_count += at_once;
    }
    if (find_trouble(plays, count) && !trial->is_interrupted && is_proof)
        set_trouble(reduction, find_trouble(plays, count));
    for (size_t i = 0; i < count; i++) {
        int grade = add_play(reduction->failure, &plays[i], proof);
        least = grade < least ? grade : least;
    }
    trial_play_free(plays, count);
    free(plays);
    return least;
}

/* ---- shrinking ---- */

/* A client that dies of a candidate is no answer; one that dies of all of them cannot be asked. */
static bool is_alive(struct oracle *oracle, const struct trial_play *plays, size_t count)
{
    const char *why = find_trouble(plays, count);
    oracle->dead_call_count = why ? oracle->dead_call_count + 1 : 0;
    if (oracle->dead_call_count < DEAD_CALLS_MAX)
        return true;
    set_trouble(oracle->reduction, why);
    return false;
}

static bool ask(void *user, const struct scenario *const *candidates, size_t count, int *grades)
{
    struct oracle *oracle = user;
    struct trial_play *plays = memory_alloc(count, sizeof *plays);
    bool is_answered;
    do {
        for (size_t i = 0; i < count; i++)
            plays[i].scenario = candidates[i];
        is_answered = trial_play(oracle->trial, plays, count) && is_alive(oracle, plays, count);
        oracle->reduction->play_count += count;
        for (size_t i = 0; is_answered && i < count; i++)
            grades[i] = (int)failure_grade(oracle->reduction->failure, plays[i].judgement);
        trial_play_free(plays, count);
    } while (is_answered && oracle->dead_call_count > 0);
    free(plays);
    return is_answered;
}

static bool is_steady(const struct reduction_proof *proof)
{
    return proof->failed_count >= STEADY_COUNT;
}

/* What fails now and then has failed once: that is enough. */
static bool look(void *user, const struct scenario *candidate, int *grade)
{
    struct oracle *oracle = user;
    free_proof(&oracle->looked);
    size_t quiet_count = oracle->is_wary ? PROVE_QUIET_COUNT : LOOK_QUIET_COUNT;
    size_t busy_count = oracle->is_wary ? PROVE_BUSY_COUNT : LOOK_BUSY_COUNT;
    int quiet = play_again(oracle->trial, oracle->reduction, candidate, quiet_count, 1, false,
                           &oracle->looked);
    int busy = play_again(oracle->trial, oracle->reduction, candidate, busy_count, busy_count,
                          false, &oracle->looked);
    if (oracle->is_wary)
        *grade = is_steady(&oracle->looked) ? oracle->looked.grade : 0;
    else if (oracle->is_sure)
        *grade = quiet < busy ? quiet : busy;
    return !oracle->trial->is_interrupted;
}

static void on_step(void *user, size_t step_count)
{
    struct oracle *oracle = user;
    free_proof(&oracle->proof);
    oracle->proof = oracle->looked;
    oracle->looked = (struct reduction_proof){0};
    if (oracle->progress->on_smaller)
        oracle->progress->on_smaller(oracle->progress->user, oracle->reduction->failure, step_count,
                                     oracle->reduction->play_count);
}

/* ---- the best of several attempts ---- */

static bool is_over(const struct trial *trial, const struct reduction *reduction)
{
    return trial->is_interrupted || reduction->client_trouble;
}

/* A file that is soon read. */
static bool is_short(const struct scenario *scenario)
{
    return scenario_print_step_count(scenario) <= SHORT_STEPS_MAX;
}

/* A short file that fails every time; or nothing can be asked any more. */
static bool is_done(const struct trial *trial, const struct reduction *reduction)
{
    const struct reduction_proof *proof = &reduction->proof;
    return is_over(trial, reduction) ||
           (reduction->smallest && is_short(reduction->smallest) &&
            proof->failed_count == REDUCTION_PROVE_COUNT);
}

/* A smaller one may fail half as often as the original; another one has to fail more often, or as
 * often in fewer steps where there are too many. */
static bool is_better(const struct scenario *scenario, const struct reduction_proof *proof,
                      const struct reduction *reduction)
{
    size_t own = proof->failed_count * reduction->proof.played_count;
    size_t known = reduction->proof.failed_count * proof->played_count;
    if (proof->failed_count == 0 || !reduction->smallest)
        return proof->failed_count > 0 && own * 2 >= known;
    return own > known || (own == known && !is_short(reduction->smallest) &&
                           scenario_print_step_count(scenario) <
                               scenario_print_step_count(reduction->smallest));
}

/* Takes scenario and proof, if they are better than what there is; else frees them. */
static void keep_better(struct reduction *reduction, const struct shrink_result *result,
                        struct reduction_proof *proof)
{
    if (!result->scenario || !is_better(result->scenario, proof, reduction)) {
        scenario_free(result->scenario);
        free_proof(proof);
        return;
    }
    scenario_free(reduction->smallest);
    free_proof(&reduction->proof);
    reduction->smallest = result->scenario;
    reduction->end = result->end;
    reduction->proof = *proof;
    *proof = (struct reduction_proof){0};
}

/* Plays it as often as its file says, in quiet moments and in busy ones. What `proof` holds from a
 * look stays where that cannot be done any more. */
static void prove(struct trial *trial, struct reduction *reduction,
                  const struct scenario *scenario, struct reduction_proof *proof)
{
    struct reduction_proof longer = {0};
    play_again(trial, reduction, scenario, PROVE_QUIET_COUNT, 1, true, &longer);
    play_again(trial, reduction, scenario, PROVE_BUSY_COUNT, PROVE_BUSY_COUNT, true, &longer);
    bool is_enough = longer.played_count >= proof->played_count;
    free_proof(is_enough ? proof : &longer);
    if (is_enough)
        *proof = longer;
}

/* Makes `from` smaller, the original or what came of it. False if what came of it fails now and
 * then only, though the original failed every time. */
static bool attempt(struct trial *trial, struct reduction *reduction, const struct scenario *from,
                    enum attempt kind, const struct reduction_progress *progress)
{
    bool is_careful = kind != ATTEMPT_CARELESS;
    const struct shrink_limits limits = {
        .batch_count = BATCH_COUNT, .asked_max = ASKED_MAX, .is_careful = is_careful};
    bool was_sure = reduction->proof.failed_count == reduction->proof.played_count;
    struct oracle oracle = {.trial = trial,
                            .reduction = reduction,
                            .progress = progress,
                            .is_sure = was_sure || is_careful,
                            .is_wary = kind == ATTEMPT_WARY};
    const struct shrink_oracle asked = {&oracle, ask, look, on_step};
    struct shrink_result result;
    trial->is_hurried = reduction->failure->rule != RULE_STEP;
    shrink(from, reduction->failure->rule, reduction->proof.grade, &asked, &limits, &result);
    trial->is_hurried = false;
    if (oracle.proof.played_count > 0 && !is_over(trial, reduction))
        prove(trial, reduction, result.scenario, &oracle.proof);
    bool is_shaky = was_sure && oracle.proof.played_count > 0 && !is_steady(&oracle.proof);
    free_proof(&oracle.looked);
    keep_better(reduction, &result, &oracle.proof);
    return !is_shaky;
}

bool reduction_make(struct trial *trial, const struct scenario *original,
                    const struct failure *failure, const struct reduction_progress *progress,
                    struct reduction *reduction)
{
    static const struct reduction_progress silent = {0};
    const struct reduction_progress *told = progress ? progress : &silent;
    *reduction = (struct reduction){.failure = failure, .original = original};
    play_again(trial, reduction, original, REDUCTION_CONFIRM_COUNT, 1, true, &reduction->proof);
    if (reduction->proof.failed_count == 0 || trial->is_interrupted)
        return !trial->is_interrupted;
    bool was_steady = attempt(trial, reduction, original, ATTEMPT_CAREFUL, told);
    if (!is_done(trial, reduction) && !was_steady)
        attempt(trial, reduction, original, ATTEMPT_WARY, told);
    if (!is_done(trial, reduction) && reduction->smallest)
        attempt(trial, reduction, reduction->smallest, ATTEMPT_CARELESS, told);
    if (!is_done(trial, reduction))
        attempt(trial, reduction, original, ATTEMPT_CARELESS, told);
    return !trial->is_interrupted;
}

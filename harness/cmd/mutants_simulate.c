#include "cmd/mutants_simulate.h"

#include "core/client_policy.h"
#include "sim/world.h"

#include <pthread.h>
#include <unistd.h>

/* What a scenario moves more than this of is heavy; so many bytes are an event of no size. */
#define HEAVY_BYTES ((int64_t)256 << 10)
#define EVENT_BYTES 250

#define THREADS_MAX 64

/* ---- a pair ---- */

static struct kill_cell simulate(const struct scenario *scenario,
                                 const struct client_policy *policy, uint64_t seed)
{
    struct transcript *transcript = sim_play(scenario, policy, seed);
    struct judgement *judgement = judge_transcript(transcript, scenario);
    struct kill_cell cell = kill_cell_of(judgement);
    judgement_free(judgement);
    transcript_free(transcript);
    return cell;
}

static bool is_heavy(const struct scenario *scenario)
{
    int64_t bytes = 0;
    for (size_t i = 0; i < scenario->step_count; i++) {
        const struct scenario_step *step = &scenario->steps[i];
        if (step->verb == VERB_PUBLISH)
            bytes += step->publish.count * (step->publish.size_bytes + EVENT_BYTES);
        else if (step->verb == VERB_SEND)
            bytes += step->send.size_bytes;
    }
    return bytes > HEAVY_BYTES;
}

static void simulate_pair(const struct mutants_play *play, struct kill_matrix *matrix,
                          size_t mutant, size_t scenario)
{
    struct client_policy policy;
    client_policy_find(matrix->mutants[mutant].name, &policy);
    *kill_matrix_cell(matrix, mutant, scenario) =
        simulate(play->set->items[scenario], &policy, play->seed);
}

/* A heavy scenario in a fast matrix: it meets the reference, and mutants of the rules that it
 * shows, until it adds nothing to the proof. The last of the table, those of the wire, go first:
 * what is heavy is most often there for them. */
static void simulate_as_needed(const struct mutants_play *play, struct kill_matrix *matrix,
                               size_t scenario)
{
    for (size_t i = matrix->mutant_count; i-- > 0;) {
        const struct kill_mutant *mutant = &matrix->mutants[i];
        bool is_reference = kill_mutant_is_reference(mutant);
        if (!is_reference && !play->set->items[scenario]->rules[rule_find(span_of(mutant->rule))])
            continue;
        bool adds_nothing = kill_matrix_kill_count(matrix, scenario) > 0 &&
                            kill_matrix_killer_count(matrix, i, true) > 0;
        if (is_reference || !adds_nothing)
            simulate_pair(play, matrix, i, scenario);
    }
}

/* ---- all pairs, by several threads ---- */

/* Pairs have nothing in common but what nobody writes: the core is pure. */
struct crew {
    const struct mutants_play *play;
    struct kill_matrix *matrix; /* every cell is written by one thread */
    pthread_mutex_t lock;       /* of what follows */
    size_t next;                /* pair: mutant by mutant */
};

static bool take_pair(struct crew *crew, size_t *mutant, size_t *scenario)
{
    const struct kill_matrix *matrix = crew->matrix;
    pthread_mutex_lock(&crew->lock);
    *mutant = crew->next / matrix->scenario_count;
    *scenario = crew->next % matrix->scenario_count;
    bool is_taken = *mutant < matrix->mutant_count;
    if (is_taken && *scenario == 0)
        crew->play->on_progress(crew->play->user, matrix->mutants[*mutant].name, *mutant,
                                matrix->mutant_count);
    crew->next += is_taken;
    pthread_mutex_unlock(&crew->lock);
    return is_taken;
}

static void *simulate_pairs(void *user)
{
    struct crew *crew = user;
    size_t mutant, scenario;
    while (take_pair(crew, &mutant, &scenario))
        if (!crew->play->is_fast || !is_heavy(crew->play->set->items[scenario]))
            simulate_pair(crew->play, crew->matrix, mutant, scenario);
    return NULL;
}

static size_t choose_thread_count(const struct mutants_play *play)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t count = processors > 1 ? (size_t)processors : 1;
    if (play->job_count > 0 && play->job_count < count)
        count = play->job_count;
    return count < THREADS_MAX ? count : THREADS_MAX;
}

static void simulate_all(const struct mutants_play *play, struct kill_matrix *matrix)
{
    struct crew crew = {.play = play, .matrix = matrix};
    pthread_t helpers[THREADS_MAX];
    size_t helper_count = 0, wanted_count = choose_thread_count(play) - 1;
    pthread_mutex_init(&crew.lock, NULL);
    while (helper_count < wanted_count &&
           pthread_create(&helpers[helper_count], NULL, simulate_pairs, &crew) == 0)
        helper_count++;
    simulate_pairs(&crew); /* alone, if need be */
    while (helper_count > 0)
        pthread_join(helpers[--helper_count], NULL);
    pthread_mutex_destroy(&crew.lock);
}

void mutants_simulate(const struct mutants_play *play, struct kill_matrix *matrix)
{
    simulate_all(play, matrix);
    for (size_t i = 0; i < matrix->scenario_count; i++)
        if (play->is_fast && is_heavy(play->set->items[i]))
            simulate_as_needed(play, matrix, i);
}

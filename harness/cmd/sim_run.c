#include "cmd/sim_run.h"

#include "core/memory.h"
#include "core/text.h"

#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CHUNK_COUNT 32 /* sessions that a thread takes at once */
#define PROGRESS_MS 500

/* Each session takes and gives back the same few hundred kilobytes: kept, they cost no system call
 * and no page fault. */
#define KEPT_BYTES (64 << 20)

static volatile sig_atomic_t is_interrupted;

static void interrupt(int number)
{
    (void)number;
    is_interrupted = 1;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* What the threads share. cJSON is the only library that they use together, and all that it shares
 * is the place of the last syntax error, which nothing here reads. */
struct crew {
    const struct sim_order *order;
    enum rule own_rule;
    int64_t end_ms;
    atomic_uint_fast64_t next; /* offset of the first session that nobody has taken */
    atomic_uint_fast64_t done_count;
    pthread_mutex_t lock; /* of what follows */
    struct sim_result *result;
    int64_t shown_ms;
};

static bool shows_own_rule(const struct crew *crew, const struct judgement *judgement)
{
    for (size_t i = 0; i < judgement->finding_count; i++)
        if (judgement->findings[i].rule == crew->own_rule)
            return true;
    return false;
}

static uint64_t found_before(struct crew *crew)
{
    pthread_mutex_lock(&crew->lock);
    uint64_t seed = crew->result->is_found ? crew->result->found_seed : UINT64_MAX;
    pthread_mutex_unlock(&crew->lock);
    return seed;
}

/* Plays a chunk; true for the first session of it that shows the rule, then it stops there. */
static bool play_chunk(struct crew *crew, uint64_t first_seed, uint64_t count,
                       struct campaign_tally *tally, uint64_t *found_seed)
{
    const struct sim_order *order = crew->order;
    for (uint64_t seed = first_seed; seed < first_seed + count && !is_interrupted; seed++) {
        struct campaign_session session;
        campaign_play(&order->client->policy, order->length, seed, &session);
        campaign_tally_add(tally, seed, session.judgement);
        bool is_found = order->is_hunt && shows_own_rule(crew, session.judgement);
        campaign_session_free(&session);
        *found_seed = seed;
        if (is_found)
            return true;
    }
    return false;
}

static void hand_in(struct crew *crew, struct campaign_tally *tally, bool is_found,
                    uint64_t found_seed)
{
    struct sim_result *result = crew->result;
    pthread_mutex_lock(&crew->lock);
    crew->done_count += tally->session_count;
    campaign_tally_merge(&result->tally, tally);
    if (is_found && (!result->is_found || found_seed < result->found_seed)) {
        result->is_found = true;
        result->found_seed = found_seed;
    }
    int64_t now = now_ms();
    if (crew->order->on_progress && now - crew->shown_ms >= PROGRESS_MS) {
        crew->shown_ms = now;
        crew->order->on_progress(crew->order->user, crew->done_count);
    }
    pthread_mutex_unlock(&crew->lock);
}

static void *work(void *user)
{
    struct crew *crew = user;
    const struct sim_order *order = crew->order;
    while (!is_interrupted && now_ms() < crew->end_ms) {
        uint64_t offset = atomic_fetch_add(&crew->next, CHUNK_COUNT);
        if (offset >= order->run_count || order->first_seed + offset > found_before(crew))
            break;
        uint64_t left_count = order->run_count - offset, found_seed = 0;
        struct campaign_tally tally = {0};
        bool is_found =
            play_chunk(crew, order->first_seed + offset,
                       left_count < CHUNK_COUNT ? left_count : CHUNK_COUNT, &tally, &found_seed);
        hand_in(crew, &tally, is_found, found_seed);
    }
    return NULL;
}

static void work_on_threads(struct crew *crew, size_t job_count)
{
    pthread_t *threads = memory_alloc(job_count, sizeof *threads);
    size_t started_count = 0;
    for (size_t i = 1; i < job_count; i++)
        if (pthread_create(&threads[started_count], NULL, work, crew) == 0)
            started_count++;
    work(crew); /* this thread is one of them */
    for (size_t i = 0; i < started_count; i++)
        pthread_join(threads[i], NULL);
    free(threads);
}

void sim_run(const struct sim_order *order, struct sim_result *result)
{
    int64_t start_ms = now_ms();
    struct crew crew = {
        .order = order,
        .own_rule = rule_find(span_of(order->client->rule)),
        .end_ms = order->time_ms < INT64_MAX - start_ms ? start_ms + order->time_ms : INT64_MAX,
        .result = result,
        .shown_ms = start_ms,
    };
    *result = (struct sim_result){0};
    struct sigaction action = {.sa_handler = interrupt}, before_int, before_term;
    sigemptyset(&action.sa_mask);
    is_interrupted = 0;
    sigaction(SIGINT, &action, &before_int);
    sigaction(SIGTERM, &action, &before_term);
    mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
    mallopt(M_MMAP_THRESHOLD, KEPT_BYTES / 2);
    pthread_mutex_init(&crew.lock, NULL);
    work_on_threads(&crew, order->job_count);
    pthread_mutex_destroy(&crew.lock);
    sigaction(SIGINT, &before_int, NULL);
    sigaction(SIGTERM, &before_term, NULL);
    result->is_interrupted = is_interrupted != 0;
    result->duration_ms = now_ms() - start_ms;
}

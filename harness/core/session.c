#include "core/session_internal.h"

#include "core/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_BYTES_MAX ((size_t)256 << 20) /* of frames and log lines kept in the transcript */

/* A longer replay is handed out in pieces, so that no buffer doubles to twice a large ring. */
#define WRITE_BYTES_MAX (256u << 10)
#define SPARE_BYTES_MAX (16u << 10)

/* ---- what a scenario needs ---- */

const char *session_missing_capability(const struct scenario *scenario,
                                       struct driver_capabilities has, const char **because)
{
    const char *needed;
    for (size_t i = 0; (needed = scenario_needed_capability(scenario, i, because)); i++) {
        bool has_it = false;
        for (int c = 0; c < DRIVER_CAPABILITY_COUNT; c++)
            if (strcmp(driver_capability_name((enum driver_capability)c), needed) == 0)
                has_it = driver_capabilities_have(has, (enum driver_capability)c);
        if (!has_it)
            return needed;
    }
    return NULL;
}

/* ---- life ---- */

static void fill_header(struct session *session)
{
    const struct scenario *scenario = session->scenario;
    struct transcript_header *header = &session->transcript->header;
    header->scenario_name = memory_copy_text(scenario->name, strlen(scenario->name));
    header->scenario_path = memory_copy_text(scenario->path, strlen(scenario->path));
    header->scenario_text = memory_copy_text(scenario->text, scenario->text_bytes);
    header->capabilities = session->config.capabilities;
    header->is_wire_only = session->config.is_wire_only;
    header->gapcheck_version = memory_copy_text(GAPCHECK_VERSION, strlen(GAPCHECK_VERSION));
    header->seed = session->config.seed;
    header->started_ms = session->config.wall_start_ms;
    header->timeout_scale = session->config.timeout_scale;
}

struct session *session_new(const struct session_config *config)
{
    struct session *session = memory_alloc(1, sizeof(*session));
    session->config = *config;
    session->scenario = config->scenario;
    session->transcript = transcript_new();
    session->is_port_open = true;
    session->behaviour.cut_replay_after = -1;
    cursor_start(&session->node.sent, 0);
    model_init(&session->model, (size_t)config->scenario->server.ring,
               (size_t)config->scenario->server.db_limit);
    buffer_init(&session->current_data, BUFFER_NO_LIMIT);
    buffer_init(&session->spare_data, BUFFER_NO_LIMIT);
    buffer_init(&session->scratch, BUFFER_NO_LIMIT);
    fill_header(session);
    return session;
}

void session_free(struct session *session)
{
    if (!session)
        return;
    for (size_t index = 0; index < session->connection_count; index++) {
        buffer_free(&session->connections[index].request);
        ws_receiver_free(&session->connections[index].receiver);
    }
    for (size_t index = session->delayed_first; index < session->delayed_count; index++)
        free(session->delayed[index].text);
    for (size_t index = session->effect_first; index < session->effect_count; index++)
        buffer_free(&session->effects[index].data);
    free(session->connections);
    free(session->delayed);
    free(session->effects);
    free(session->refusals);
    free(session->node.refusals);
    cursor_free(&session->node.sent);
    node_queue_free(&session->node.queue);
    free(session->dispatch_counts);
    free(session->met);
    free(session->alias_names);
    free(session->alias_markers);
    buffer_free(&session->current_data);
    buffer_free(&session->spare_data);
    buffer_free(&session->scratch);
    model_free(&session->model);
    transcript_free(session->transcript);
    free(session);
}

struct transcript *session_take_transcript(struct session *session)
{
    struct transcript *transcript = session->transcript;
    session->transcript = NULL;
    return transcript;
}

const struct transcript *session_transcript(const struct session *session)
{
    return session->transcript;
}

/* ---- time ---- */

int64_t session_scaled_us(const struct session *session, int64_t ms)
{
    return (int64_t)((double)ms * 1000.0 * session->config.timeout_scale);
}

int64_t session_server_ms(const struct session *session)
{
    if (session->is_frozen)
        return session->frozen_ms + session->advanced_ms;
    return session->config.wall_start_ms + session->now_us / 1000 +
           session->scenario->server.clock_skew_ms + session->advanced_ms;
}

/* ---- records and effects ---- */

struct transcript_entry session_entry(const struct session *session, enum transcript_kind kind)
{
    struct transcript_entry entry = transcript_entry_of(kind, session->now_us);
    uint32_t number = session->step_index + 1;
    uint32_t last = (uint32_t)session->scenario->step_count;
    entry.step = session->is_started ? (number < last ? number : last) : 0;
    return entry;
}

size_t session_record(struct session *session, const struct transcript_entry *entry)
{
    size_t index = transcript_add(session->transcript, entry);
    if (session->transcript->count >= TRANSCRIPT_ENTRY_COUNT_MAX)
        session_finish(session, "error", "the transcript has reached its limit of entries");
    if (session->transcript->text_bytes >= TEXT_BYTES_MAX)
        session_finish(session, "error", "the transcript has reached its limit of texts");
    return index;
}

struct session_effect *session_effect(struct session *session, enum session_effect_kind kind,
                                      uint32_t connection)
{
    if (session->effect_first == session->effect_count)
        session->effect_first = session->effect_count = 0;
    session->effects = memory_grow(session->effects, &session->effect_capacity_count,
                                   session->effect_count + 1, sizeof(*session->effects));
    struct pending_effect *pending = &session->effects[session->effect_count++];
    *pending = (struct pending_effect){.effect = {.kind = kind, .connection = connection}};
    pending->data = session->spare_data;
    buffer_init(&session->spare_data, BUFFER_NO_LIMIT);
    return &pending->effect;
}

struct buffer *session_write(struct session *session, uint32_t connection, bool own_segment)
{
    if (!own_segment && session->effect_count > session->effect_first) {
        struct pending_effect *last = &session->effects[session->effect_count - 1];
        if (last->effect.kind == SESSION_EFFECT_WRITE && last->effect.connection == connection &&
            !last->effect.own_segment && last->data.size_bytes < WRITE_BYTES_MAX)
            return &last->data;
    }
    session_effect(session, SESSION_EFFECT_WRITE, connection)->own_segment = own_segment;
    return &session->effects[session->effect_count - 1].data;
}

/* What one effect was written in serves the next, unless it has grown large. */
static void keep_spare(struct session *session, struct buffer *data)
{
    if (data->capacity_bytes > SPARE_BYTES_MAX ||
        data->capacity_bytes <= session->spare_data.capacity_bytes) {
        buffer_free(data);
        return;
    }
    buffer_free(&session->spare_data);
    session->spare_data = *data;
    buffer_clear(&session->spare_data);
}

bool session_next_effect(struct session *session, struct session_effect *effect)
{
    if (session->effect_first == session->effect_count)
        return false;
    struct pending_effect *pending = &session->effects[session->effect_first++];
    keep_spare(session, &session->current_data);
    session->current_data = pending->data;
    *effect = pending->effect;
    effect->data = session->current_data.data;
    effect->size_bytes = session->current_data.size_bytes;
    return true;
}

bool session_is_done(const struct session *session)
{
    return session->is_done;
}

uint32_t session_step(const struct session *session)
{
    return session->step_index + 1;
}

void session_finish(struct session *session, const char *how, const char *why)
{
    if (session->is_done)
        return;
    session->is_done = true;
    struct transcript_entry entry = session_entry(session, TRANSCRIPT_DONE);
    entry.name = how;
    if (why)
        transcript_set_text(&entry, why, strlen(why));
    transcript_add(session->transcript, &entry);
    session_effect(session, SESSION_EFFECT_DONE, 0);
}

/* ---- the cursor ---- */

const struct scenario_step *session_current_step(const struct session *session)
{
    if (session->step_index >= session->scenario->step_count)
        return NULL;
    return &session->scenario->steps[session->step_index];
}

enum step_state session_unmet(struct session *session, enum rule rule, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(session->unmet, sizeof(session->unmet), format, arguments);
    va_end(arguments);
    /* What vsnprintf left of a last character is no text. */
    for (size_t size = strlen(session->unmet); !text_is_utf8(session->unmet, size);)
        session->unmet[--size] = '\0';
    session->unmet_rule = rule;
    return STEP_UNMET;
}

void session_begin_window(struct session *session, size_t index)
{
    session->window_begin = index;
}

/* Every scenario that leaves a connection open ends with a settle, written or not. */
static bool needs_closing_settle(struct session *session)
{
    size_t count = session->scenario->step_count;
    if (session->is_stopped || session->has_given_up || !session_newest_open(session))
        return false;
    return session->scenario->steps[count - 1].verb != VERB_SETTLE;
}

static void begin_step(struct session *session)
{
    const struct scenario_step *step = session_current_step(session);
    session->is_step_begun = true;
    session->step_began_us = session->now_us;
    session->wake_us = INT64_MAX;
    int64_t timeout_ms = step ? step->timeout_ms : 5000;
    session->step_deadline_us = session->now_us + session_scaled_us(session, timeout_ms);
    struct transcript_entry entry = session_entry(session, TRANSCRIPT_STEP);
    entry.name = verb_name(step ? step->verb : VERB_SETTLE);
    session_record(session, &entry);
    if (step)
        step_begin(session, step);
    else
        settle_begin(session);
}

static void end_step(struct session *session, const char *result, bool is_unmet, bool is_should)
{
    struct transcript_entry entry = session_entry(session, TRANSCRIPT_STEP_END);
    entry.name = result;
    if (session->unmet[0])
        entry.text = session->unmet;
    if (is_unmet) {
        entry.detail = rule_info(session->unmet_rule)->id;
        entry.flags = is_should ? TRANSCRIPT_FLAG_SHOULD : 0;
    }
    session_record(session, &entry);
    session->unmet[0] = '\0';
    session->step_index++;
    session->is_step_begun = false;
}

void session_end_unmet(struct session *session)
{
    const struct scenario_step *step = session_current_step(session);
    bool is_should = step && step->verb == VERB_EXPECT && step->expect.is_should;
    /* Once refused, it has shown that it can connect: then it is the client's fault (C-16). */
    bool never_connected = step && step->verb == VERB_ACCEPT && session->opened_count == 0 &&
                           session->refused_count == 0 && session->node.token_refused_count == 0;
    if (never_connected) {
        session_finish(session, "client-error", session->unmet);
        return;
    }
    end_step(session, "unmet", true, is_should);
    if (!is_should)
        session_finish(session, "unmet", NULL);
}

/* Whether a connection is missing for longer than the client's own delays explain. */
static bool is_overdue(const struct session *session, int64_t since_us)
{
    double delay_ms = scenario_client_number(session->scenario, "reconnect_max_ms", 500);
    int64_t patience_us = session_scaled_us(session, 1000 + 2 * (int64_t)delay_ms);
    return session->opened_count == 0 || session->has_given_up || session->is_stopped ||
           session->now_us - since_us >= patience_us;
}

/* Only a connection that does not come has a rule of its own. */
static void end_for_time(struct session *session)
{
    const struct scenario_step *step = session_current_step(session);
    if (step && step->verb == VERB_ACCEPT && is_overdue(session, session->step_began_us))
        step_time_out(session, step);
    else if (settle_is_unconnected(session) && is_overdue(session, session->last_progress_us))
        settle_time_out(session);
    else
        session_unmet(session, RULE_STEP, "the scenario's time of %lld ms ran out in this step",
                      (long long)session->scenario->timeout_ms);
    session_end_unmet(session);
    session_finish(session, "unmet", NULL);
}

void session_advance(struct session *session)
{
    while (session->is_started && !session->is_done) {
        if (!session->is_step_begun) {
            bool is_over = session->step_index >= session->scenario->step_count;
            if (session->step_index > session->scenario->step_count ||
                (is_over && !needs_closing_settle(session))) {
                session_finish(session, "complete", NULL);
                return;
            }
            begin_step(session);
            if (session->is_done)
                return;
        }
        const struct scenario_step *step = session_current_step(session);
        enum step_state state = step ? step_poll(session, step) : settle_poll(session);
        if (session->is_done)
            return;
        if (state == STEP_WAITING && session->now_us >= session->step_deadline_us)
            state = step ? step_time_out(session, step) : settle_time_out(session);
        switch (state) {
        case STEP_WAITING:
            return;
        case STEP_DONE:
            end_step(session, "done", false, false);
            break;
        case STEP_SKIPPED:
            end_step(session, "skipped", false, false);
            break;
        case STEP_UNMET:
            session_end_unmet(session);
            break;
        }
    }
}

/* ---- inputs that are not a connection's or the driver's ---- */

void session_start(struct session *session, int64_t now_us)
{
    session->now_us = now_us;
    if (!session->config.is_wire_only)
        driver_tell_start(session);
    session->is_started = true;
    session_advance(session);
}

void session_fail(struct session *session, const char *why, int64_t now_us)
{
    if (session->is_done)
        return;
    session->now_us = now_us;
    struct transcript_entry entry = session_entry(session, TRANSCRIPT_FAULT);
    entry.name = "harness";
    transcript_set_text(&entry, why, strlen(why));
    session_record(session, &entry);
    session_finish(session, "error", why);
}

void session_interrupt(struct session *session, int64_t now_us)
{
    session->now_us = now_us;
    session_finish(session, "interrupted", "interrupted before its end");
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* A pause was the harness's own: no time-out of the client's counts it. Up to twice the scenario's
 * time, because a client that floods us is what keeps us busy. */
static void excuse(struct session *session, int64_t late_us)
{
    int64_t most_us = session_scaled_us(session, session->scenario->timeout_ms);
    late_us = earlier(late_us, most_us - session->late_us);
    session->late_us += late_us;
    if (session->step_deadline_us < INT64_MAX - late_us)
        session->step_deadline_us += late_us;
    session->last_progress_us = earlier(session->now_us, session->last_progress_us + late_us);
    session->settle.phase_began_us =
        earlier(session->now_us, session->settle.phase_began_us + late_us);
}

void session_late(struct session *session, int64_t late_us, int64_t now_us)
{
    if (session->is_done)
        return;
    session->now_us = now_us;
    struct transcript_entry entry = session_entry(session, TRANSCRIPT_LATE);
    entry.number = (double)late_us;
    session_record(session, &entry);
    excuse(session, late_us);
}

static int64_t scenario_deadline_us(const struct session *session)
{
    return session_scaled_us(session, session->scenario->timeout_ms) + session->late_us;
}

int64_t session_deadline_us(const struct session *session)
{
    if (session->is_done || !session->is_started)
        return INT64_MAX;
    int64_t deadline_us = scenario_deadline_us(session);
    if (session->is_step_begun) {
        deadline_us = earlier(deadline_us, session->step_deadline_us);
        deadline_us = earlier(deadline_us, session->wake_us);
    }
    return earlier(deadline_us, server_deadline_us(session));
}

void session_tick(struct session *session, int64_t now_us)
{
    if (session->is_done || !session->is_started)
        return;
    session->now_us = now_us;
    server_tick(session);
    if (now_us >= scenario_deadline_us(session) && !session->is_done)
        end_for_time(session);
    else
        session_advance(session);
}

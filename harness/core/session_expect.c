/* What the author expects of the client. The transcript is searched from the last accept, drop,
 * close or restart on; what has met one `expect` meets no other. */
#include "core/session_internal.h"

#include "core/matcher.h"
#include "core/memory.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct transcript_entry *entry_at(const struct session *session, size_t index)
{
    return &session->transcript->entries[index];
}

static bool is_met(const struct session *session, size_t index)
{
    return index < session->met_capacity_count && session->met[index];
}

static void mark_met(struct session *session, size_t index)
{
    session->met =
        memory_grow(session->met, &session->met_capacity_count, index + 1, sizeof(*session->met));
    session->met[index] = true;
}

/* The number of the connection that `expect` looks at: the newest one that was upgraded. */
static uint32_t newest_opened(const struct session *session)
{
    for (size_t index = session->connection_count; index > 0; index--)
        if (session->connections[index - 1].opened_number)
            return session->connections[index - 1].number;
    return 0;
}

static uint32_t opened_number(const struct session *session, uint32_t connection)
{
    return session->connections[connection - 1].opened_number;
}

/* ---- one matcher a kind: does this entry hold what is expected? ---- */

static bool fields_match(const struct field_matchers *fields, const cJSON *object)
{
    for (size_t index = 0; index < fields->count; index++) {
        const struct field_matcher *field = &fields->items[index];
        if (!matcher_matches(&field->matcher,
                             cJSON_GetObjectItemCaseSensitive(object, field->name)))
            return false;
    }
    return true;
}

static bool frame_matches(const struct session *session, const struct expect_fields *expect,
                          const struct transcript_entry *entry)
{
    if (entry->kind != TRANSCRIPT_FRAME_IN || entry->connection != newest_opened(session) ||
        !entry->detail || strcmp(entry->detail, expect->frame) != 0)
        return false;
    if (!expect->fields.count)
        return true;
    cJSON *frame = entry->text ? cJSON_Parse(entry->text) : NULL;
    bool is_match = frame && fields_match(&expect->fields, frame);
    cJSON_Delete(frame);
    return is_match;
}

/* Milliseconds from the end of the connection before to the beginning of this one; NAN if none. */
static double ms_after_last_end(const struct session *session, uint32_t connection)
{
    double ended_us = NAN;
    for (size_t index = 0; index < session->transcript->count; index++) {
        const struct transcript_entry *entry = entry_at(session, index);
        if (entry->kind == TRANSCRIPT_END && entry->connection < connection)
            ended_us = (double)entry->at_us;
        if (entry->kind == TRANSCRIPT_CONNECT && entry->connection == connection)
            return ((double)entry->at_us - ended_us) / 1000.0;
    }
    return NAN;
}

static bool connection_matches(const struct session *session, const struct expect_fields *expect,
                               const struct transcript_entry *entry)
{
    if (entry->kind != TRANSCRIPT_OPEN)
        return false;
    if (!matcher_matches_number(&expect->number, opened_number(session, entry->connection)))
        return false;
    if (expect->after_ms.kind == MATCHER_NONE)
        return true;
    double after_ms = ms_after_last_end(session, entry->connection);
    return !isnan(after_ms) && matcher_matches_number(&expect->after_ms, after_ms);
}

static bool resynced_matches(const struct expect_fields *expect,
                             const struct transcript_entry *entry)
{
    if (entry->kind != TRANSCRIPT_RESYNCED)
        return false;
    cJSON *object = cJSON_CreateObject();
    if (!isnan(entry->number))
        cJSON_AddNumberToObject(object, "replayed", entry->number);
    cJSON_AddBoolToObject(object, "gap_detected", (entry->flags & TRANSCRIPT_FLAG_GAP) != 0);
    bool is_match = fields_match(&expect->fields, object);
    cJSON_Delete(object);
    return is_match;
}

static bool lifecycle_is(const struct transcript_entry *entry, const char *name)
{
    return entry->kind == TRANSCRIPT_LIFECYCLE && !strcmp(entry->name, name);
}

static bool entry_matches(const struct session *session, const struct expect_fields *expect,
                          const struct transcript_entry *entry)
{
    switch (expect->kind) {
    case EXPECT_FRAME:
        return frame_matches(session, expect, entry);
    case EXPECT_CONNECTION:
        return connection_matches(session, expect, entry);
    case EXPECT_RECONNECTING:
        return lifecycle_is(entry, "reconnecting") &&
               matcher_matches_number(&expect->number, isnan(entry->number) ? 0 : entry->number);
    case EXPECT_RESYNCED:
        return resynced_matches(expect, entry);
    case EXPECT_REFUSED:
    case EXPECT_DISPATCHED:
    case EXPECT_GAVE_UP:
    case EXPECT_NOTHING:
        break;
    }
    return false;
}

static bool find_match(struct session *session, const struct expect_fields *expect)
{
    for (size_t index = session->window_begin; index < session->transcript->count; index++) {
        if (is_met(session, index) || !entry_matches(session, expect, entry_at(session, index)))
            continue;
        mark_met(session, index);
        return true;
    }
    return false;
}

/* ---- counts ---- */

static uint64_t dispatches_of(const struct session *session, const char *name)
{
    uint64_t marker = session_alias(session, name);
    return marker && marker < session->dispatch_capacity_count ? session->dispatch_counts[marker]
                                                               : 0;
}

/* Counts only grow: one that is above what is asked for will never match. */
static bool is_above(const struct matcher *matcher, double count)
{
    if (matcher->kind == MATCHER_LITERAL)
        return cJSON_IsNumber(matcher->literal) && count > matcher->literal->valuedouble;
    return matcher->kind == MATCHER_RANGE && matcher->has_max && count > matcher->max;
}

static bool dispatches_exceed(const struct session *session, const struct expect_fields *expect)
{
    for (size_t index = 0; index < expect->dispatched_names.count; index++) {
        const struct field_matcher *field = &expect->dispatched_names.items[index];
        if (is_above(&field->matcher, (double)dispatches_of(session, field->name)))
            return true;
    }
    return false;
}

static bool dispatches_match(const struct session *session, const struct expect_fields *expect)
{
    if (!expect->dispatched_names.count)
        return session->dispatched_count >= (uint64_t)expect->dispatched_count;
    for (size_t index = 0; index < expect->dispatched_names.count; index++) {
        const struct field_matcher *field = &expect->dispatched_names.items[index];
        if (!matcher_matches_number(&field->matcher,
                                    (double)dispatches_of(session, field->name)))
            return false;
    }
    return true;
}

/* ---- nothing ---- */

static bool is_fence(const struct session *session, uint64_t marker)
{
    return marker && marker <= session->model.event_count &&
           model_event(&session->model, marker)->is_fence;
}

static bool is_offence(const struct session *session, const struct transcript_entry *entry,
                       const char *name)
{
    if (!strcmp(name, "connection"))
        return entry->kind == TRANSCRIPT_CONNECT;
    if (!strcmp(name, "event"))
        return entry->kind == TRANSCRIPT_DISPATCH && !is_fence(session, entry->marker);
    if (!strcmp(name, "frame"))
        return entry->kind == TRANSCRIPT_FRAME_IN;
    return entry->kind == TRANSCRIPT_FRAME_IN && entry->detail && !strcmp(entry->detail, name);
}

static enum step_state poll_nothing(struct session *session, const struct expect_fields *expect)
{
    for (size_t index = session->window_begin; index < session->transcript->count; index++) {
        for (size_t name = 0; name < expect->nothing.count; name++) {
            if (is_met(session, index) ||
                !is_offence(session, entry_at(session, index), expect->nothing.items[name]))
                continue;
            return session_unmet(session, RULE_STEP, "expected no %s, but one came %lld ms into "
                                 "the scenario", expect->nothing.items[name],
                                 (long long)entry_at(session, index)->at_us / 1000);
        }
    }
    int64_t until_us = session->step_began_us + expect->for_ms * 1000;
    session->wake_us = until_us;
    session->step_deadline_us = INT64_MAX;
    return session->now_us >= until_us ? STEP_DONE : STEP_WAITING;
}

/* ---- the verb ---- */

/* The capability without which it cannot be seen; COUNT where every driver can show it. */
static enum driver_capability needed_capability(const struct expect_fields *expect)
{
    switch (expect->kind) {
    case EXPECT_RECONNECTING:
        return DRIVER_CAPABILITY_RECONNECTING;
    case EXPECT_RESYNCED:
        return DRIVER_CAPABILITY_RESYNCED;
    case EXPECT_GAVE_UP:
        return DRIVER_CAPABILITY_PERMANENTLY_DISCONNECTED;
    case EXPECT_FRAME:
    case EXPECT_CONNECTION:
    case EXPECT_REFUSED:
    case EXPECT_DISPATCHED:
    case EXPECT_NOTHING:
        break;
    }
    return DRIVER_CAPABILITY_COUNT;
}

enum step_state expect_poll(struct session *session, const struct expect_fields *expect)
{
    enum driver_capability needed = needed_capability(expect);
    if (needed != DRIVER_CAPABILITY_COUNT &&
        !driver_capabilities_have(session->config.capabilities, needed)) {
        session_unmet(session, RULE_STEP, "left out: the driver does not have the capability `%s`",
                      driver_capability_name(needed));
        return STEP_SKIPPED;
    }
    if (expect->kind == EXPECT_DISPATCHED && session->config.is_wire_only) {
        session_unmet(session, RULE_STEP, "left out: nobody tells what the application got");
        return STEP_SKIPPED;
    }
    switch (expect->kind) {
    case EXPECT_FRAME:
    case EXPECT_CONNECTION:
    case EXPECT_RECONNECTING:
    case EXPECT_RESYNCED:
        return find_match(session, expect) ? STEP_DONE : STEP_WAITING;
    case EXPECT_REFUSED:
        return matcher_matches_number(&expect->number, session->refused_count) ? STEP_DONE
                                                                               : STEP_WAITING;
    case EXPECT_DISPATCHED:
        if (dispatches_exceed(session, expect))
            return expect_time_out(session, expect);
        return dispatches_match(session, expect) ? STEP_DONE : STEP_WAITING;
    case EXPECT_GAVE_UP:
        return session->has_given_up ? STEP_DONE : STEP_WAITING;
    case EXPECT_NOTHING:
        return poll_nothing(session, expect);
    }
    return STEP_DONE;
}

static void describe_fields(const struct field_matchers *fields, struct buffer *out)
{
    for (size_t index = 0; index < fields->count; index++) {
        buffer_printf(out, "%s%s ", index ? ", " : " with ", fields->items[index].name);
        matcher_describe(&fields->items[index].matcher, out);
    }
}

/* The nearest thing that did come, for comparison: the last frame of that type in the window. */
static void describe_frames(const struct session *session, const struct expect_fields *expect,
                            struct buffer *out)
{
    const struct transcript_entry *last = NULL;
    for (size_t index = session->window_begin; index < session->transcript->count; index++) {
        const struct transcript_entry *entry = entry_at(session, index);
        if (entry->kind == TRANSCRIPT_FRAME_IN && entry->detail &&
            !strcmp(entry->detail, expect->frame))
            last = entry;
    }
    if (last && last->text) {
        buffer_append_text(out, "; the last one that came was ");
        text_append_escaped(out, last->text, strlen(last->text), 200);
    } else if (last) {
        buffer_printf(out, "; the last one that came had %u bytes", last->size_bytes);
    } else {
        buffer_append_text(out, "; none came");
    }
}

enum step_state expect_time_out(struct session *session, const struct expect_fields *expect)
{
    struct buffer what;
    buffer_init(&what, BUFFER_NO_LIMIT);
    switch (expect->kind) {
    case EXPECT_FRAME:
        buffer_printf(&what, "a frame %s", expect->frame);
        describe_fields(&expect->fields, &what);
        describe_frames(session, expect, &what);
        break;
    case EXPECT_CONNECTION:
        buffer_append_text(&what, "connection number ");
        matcher_describe(&expect->number, &what);
        if (expect->after_ms.kind != MATCHER_NONE) {
            buffer_append_text(&what, ", its ms after the end of the last one ");
            matcher_describe(&expect->after_ms, &what);
        }
        buffer_printf(&what, "; so far %u were upgraded", session->opened_count);
        break;
    case EXPECT_RECONNECTING:
        buffer_append_text(&what, "a reconnect attempt with number ");
        matcher_describe(&expect->number, &what);
        break;
    case EXPECT_RESYNCED:
        buffer_append_text(&what, "a resynced event");
        describe_fields(&expect->fields, &what);
        break;
    case EXPECT_REFUSED:
        buffer_append_text(&what, "refused connections: ");
        matcher_describe(&expect->number, &what);
        buffer_printf(&what, "; so far %u", session->refused_count);
        break;
    case EXPECT_DISPATCHED:
        if (expect->dispatched_names.count)
            buffer_append_text(&what, "dispatches of named events");
        else
            buffer_printf(&what, "%lld dispatched events; so far %llu",
                          (long long)expect->dispatched_count,
                          (unsigned long long)session->dispatched_count);
        for (size_t index = 0; index < expect->dispatched_names.count; index++) {
            const struct field_matcher *field = &expect->dispatched_names.items[index];
            buffer_printf(&what, "%s `%s` ", index ? "," : "", field->name);
            matcher_describe(&field->matcher, &what);
            buffer_printf(&what, " times (so far %llu)",
                          (unsigned long long)dispatches_of(session, field->name));
        }
        break;
    case EXPECT_GAVE_UP:
        buffer_append_text(&what, "the client to give up visibly (permanently_disconnected)");
        break;
    case EXPECT_NOTHING:
        break;
    }
    session_unmet(session, RULE_STEP, "expected %s", buffer_text(&what));
    buffer_free(&what);
    return STEP_UNMET;
}

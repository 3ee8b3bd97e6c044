/* The JSON envelope of one text frame: a typed scan in a single pass, without allocation. It
 * validates the whole text (RFC 8259, RFC 3629) and notes where the top-level fields that the
 * protocol knows stand; values borrow from the text. */
#ifndef GAPCHECK_CORE_FRAME_H
#define GAPCHECK_CORE_FRAME_H

#include "core/text.h"

#include <stdbool.h>
#include <stddef.h>

#define FRAME_DEPTH_MAX 512 /* deeper nesting is FRAME_STATUS_NOT_JSON */

/* The one list of top-level fields that the scan notes. */
#define FRAME_FIELDS(X)                                                                            \
    X(TYPE, "type")                                                                                \
    X(ID, "id")                                                                                    \
    X(AGENT_SEQ, "agent_seq")                                                                      \
    X(REPLAYED, "replayed")                                                                        \
    X(LAST_SEEN_SEQ, "last_seen_seq")                                                              \
    X(CURRENT_SEQ, "current_seq")                                                                  \
    X(GAP_DETECTED, "gap_detected")                                                                \
    X(SINCE, "since")                                                                              \
    X(CHANNELS, "channels")

enum frame_field {
#define X(symbol, name) FRAME_FIELD_##symbol,
    FRAME_FIELDS(X)
#undef X
        FRAME_FIELD_COUNT
};

enum frame_status {
    FRAME_STATUS_OK,         /* an object with a string `type` */
    FRAME_STATUS_NOT_JSON,   /* `offset` is the first byte that cannot be right */
    FRAME_STATUS_NOT_OBJECT, /* JSON, but no object */
    FRAME_STATUS_NO_TYPE,    /* an object whose `type` is absent or no string */
};

enum frame_value_kind {
    FRAME_VALUE_ABSENT,
    FRAME_VALUE_NULL,
    FRAME_VALUE_BOOL,
    FRAME_VALUE_NUMBER,
    FRAME_VALUE_STRING,
    FRAME_VALUE_OBJECT,
    FRAME_VALUE_ARRAY,
};

struct frame_value {
    enum frame_value_kind kind;
    struct span text;  /* the raw JSON; of a string, what stands between the quotes */
    bool has_escapes;  /* STRING: `text` holds escapes; frame_append_string decodes it */
    bool boolean;      /* BOOL */
    double number;     /* NUMBER; ±HUGE_VAL where it is out of range (1e999) */
};

struct frame {
    enum frame_status status;
    size_t offset;            /* of the fault in NOT_JSON */
    const char *fault;        /* static text for anything but OK, else NULL */
    struct frame_value fields[FRAME_FIELD_COUNT]; /* of equal keys the last counts */
};

/* True for FRAME_STATUS_OK. Never reads beyond `size_bytes`. The fields are also filled for
 * FRAME_STATUS_NO_TYPE. */
bool frame_scan(const char *text, size_t size_bytes, struct frame *frame);

/* The same scan for an object with other names: notes in `values`, which has `name_count` of them,
 * where the members of these names stand. False for anything but a valid object in which no name
 * holds an escape and none of these comes twice; `values` is not to be used then. */
bool frame_scan_members(const char *text, size_t size_bytes, const struct span *names,
                        size_t name_count, struct frame_value *values);

/* The name of a field ("agent_seq"). */
const char *frame_field_name(enum frame_field field);

/* Appends the decoded value of a STRING. A lone surrogate escape becomes U+FFFD. */
void frame_append_string(const struct frame_value *value, struct buffer *out);

/* Whether the value is a STRING that decodes to `text`. */
bool frame_string_equals(const struct frame_value *value, const char *text);

/* Whether `agent_seq` is there as a finite number (C-4). */
bool frame_has_sequence(const struct frame *frame);

#endif

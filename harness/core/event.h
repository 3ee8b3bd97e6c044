/* Events: the table of types (protocol.md, section 2), how one is printed as a frame, and how it
 * is known again in whatever an SDK made of it. An event is kept as a few numbers and printed when
 * it is sent: 100,000 of them are small. */
#ifndef GAPCHECK_CORE_EVENT_H
#define GAPCHECK_CORE_EVENT_H

#include "core/buffer.h"
#include "core/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The class of its row in the server's database, in the order of S-5 within one second. */
enum event_row_class {
    EVENT_ROW_MESSAGE,
    EVENT_ROW_DM,
    EVENT_ROW_REACTION,
    EVENT_ROW_CLASS_COUNT,
    EVENT_ROW_NONE = EVENT_ROW_CLASS_COUNT,
};

struct event_type {
    const char *name;
    bool has_id;               /* carries a stable `id` */
    enum event_row_class row;
};

/* The type of that name, or NULL for one that the protocol does not know; `_at` walks the table. */
const struct event_type *event_type_find(struct span name);
const struct event_type *event_type_at(size_t index); /* NULL behind the last */

/* Whether a frame of that type is control traffic and no event (`pong`, `resync_ack`). */
bool event_type_is_control(struct span name);

struct event {
    uint64_t marker;      /* from 1; its marker text is gc-<marker> */
    uint64_t id_marker;   /* whose id it carries (its own: fresh); 0 means no id */
    int64_t seq;          /* agent_seq; meaningful if is_numbered */
    int64_t created_s;    /* the server's clock at publish, whole seconds since 1970 */
    const char *type;     /* borrowed for the life of the event */
    const char *channel;  /* borrowed; NULL means "general" */
    uint32_t size_bytes;  /* of its padded text; 0 means not padded */
    uint32_t step;        /* which step published it */
    enum event_row_class row; /* EVENT_ROW_NONE: it has none */
    bool is_numbered;
    bool is_live;         /* was sent to the open connections */
    bool is_fence;        /* published by `settle` */
};

/* Appends the event as one JSON frame. As a row it carries `"replayed":true` and no `agent_seq`
 * (S-5), else its number if it has one. */
void event_print(const struct event *event, bool as_row, struct buffer *out);

/* Appends what the node stream delivers of the event: `{"type":…,"data":…}`, in the shape that its
 * clients turn into the agent stream's. The marker and the id stand in `data`. */
void event_print_payload(const struct event *event, struct buffer *out);

/* Appends the text that stands in the event: the marker and, with a size, padding made from the
 * marker's number (multi-byte characters among it), exactly max(size, marker's length) bytes of
 * valid UTF-8. */
void event_append_text(uint64_t marker, uint32_t size_bytes, struct buffer *out);

/* The text of a marker (`gc-7`), written into `room`, from which it is borrowed. */
#define EVENT_MARKER_BYTES 24
struct span event_marker_text(uint64_t marker, char room[EVENT_MARKER_BYTES]);

/* The stable id (a UUID, version 4) of marker n. */
#define EVENT_ID_BYTES 37
void event_id(uint64_t marker, char id[EVENT_ID_BYTES]);

/* The number of the first marker (`gc-` and digits) in `data`, 0 if there is none. */
uint64_t event_find_marker(struct span data);

#endif

/* The driver protocol, version 1 (driver.md): one JSON object a line, either way. */
#ifndef GAPCHECK_CORE_DRIVER_LINE_H
#define GAPCHECK_CORE_DRIVER_LINE_H

#include "core/buffer.h"
#include "core/error.h"
#include "core/text.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DRIVER_LINE_BYTES_MAX ((size_t)64 << 20)
#define DRIVER_PROTOCOL       1

/* The one list of what a driver can say. */
#define DRIVER_EVENTS(X)                                                                           \
    X(HELLO, "hello") X(OPEN, "open") X(CLOSE, "close") X(ERROR, "error")                          \
    X(RECONNECTING, "reconnecting") X(PERMANENTLY_DISCONNECTED, "permanently_disconnected")        \
    X(RESYNCED, "resynced") X(EVENT, "event") X(STOPPED, "stopped") X(LOG, "log")

enum driver_event {
#define X(symbol, name) DRIVER_EVENT_##symbol,
    DRIVER_EVENTS(X)
#undef X
        DRIVER_EVENT_COUNT
};
const char *driver_event_name(enum driver_event event);

/* The one list of capabilities. */
#define DRIVER_CAPABILITIES(X)                                                                     \
    X(MULTI, "multi") X(OPEN, "open") X(CLOSE, "close") X(RECONNECTING, "reconnecting")            \
    X(PERMANENTLY_DISCONNECTED, "permanently_disconnected") X(RESYNCED, "resynced")                \
    X(WILDCARD, "wildcard") X(SUBSCRIBE, "subscribe") X(RECONNECT, "reconnect")                    \
    X(THROW, "throw") X(SLOW, "slow") X(CLOCK_SKEW, "clock_skew") X(NODE, "node")                  \
    X(ALONE, "alone") X(BACKOFF, "backoff") X(KEEPALIVE, "keepalive")

enum driver_capability {
#define X(symbol, name) DRIVER_CAPABILITY_##symbol,
    DRIVER_CAPABILITIES(X)
#undef X
        DRIVER_CAPABILITY_COUNT
};
const char *driver_capability_name(enum driver_capability capability);

/* A set of them: bit n for enum driver_capability n. */
struct driver_capabilities {
    uint32_t bits;
};
bool driver_capabilities_have(struct driver_capabilities set, enum driver_capability capability);
struct driver_capabilities driver_capabilities_without(struct driver_capabilities set,
                                                       enum driver_capability capability);

struct driver_hello {
    int protocol;
    char *name;    /* owned */
    char *version; /* owned */
    struct driver_capabilities capabilities;
};

struct driver_line {
    enum driver_event event;
    char *client;          /* owned; NULL where the line has none */
    double attempt;        /* RECONNECTING, PERMANENTLY_DISCONNECTED; -1 if not told */
    double replayed;       /* RESYNCED; -1 if not a number */
    int gap_detected;      /* RESYNCED: 0, 1, -1 if not a bool */
    char *type;            /* EVENT, owned */
    const cJSON *data;     /* EVENT: borrowed from `document`, may be NULL */
    int handler;           /* EVENT: 1 unless the line says so */
    char *message;         /* LOG, ERROR; owned, may be NULL */
    struct driver_hello hello; /* HELLO */
    cJSON *document;       /* owned */
};

/* False, with the error filled, on anything that the protocol does not allow. Capabilities it does
 * not know are ignored, as are unknown fields. The line is freed by driver_line_free either way. */
bool driver_line_parse(const char *text, size_t size_bytes, struct driver_line *line,
                       struct error *error);
void driver_line_free(struct driver_line *line);

/* Whether the strings in `data` still hold the text of an event (event_append_text) unharmed. True
 * too where no string holds its marker followed by anything. */
bool driver_line_text_is_whole(const cJSON *data, uint64_t marker, uint32_t size_bytes);

#endif

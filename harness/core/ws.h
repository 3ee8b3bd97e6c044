/* WebSocket (RFC 6455) on bytes alone: the opening handshake as a server, and frames either way.
 * It knows nothing of sockets, of JSON or of Relaycast. It can write wrong frames on purpose, and
 * it names what is wrong with what a peer sends. */
#ifndef GAPCHECK_CORE_WS_H
#define GAPCHECK_CORE_WS_H

#include "core/buffer.h"
#include "core/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- opening handshake (section 4) ---- */

#define WS_REQUEST_BYTES_MAX 16384 /* a longer request head is refused */
#define WS_ACCEPT_TEXT_BYTES 29    /* 28 base64 characters and a NUL */

enum ws_request_status {
    WS_REQUEST_INCOMPLETE, /* more bytes are needed */
    WS_REQUEST_COMPLETE,
    WS_REQUEST_BAD, /* no HTTP request, or too long; `fault` says what */
};

/* All spans borrow from the bytes given to ws_request_parse. */
struct ws_request {
    struct span method;        /* "GET" */
    struct span path;          /* "/v1/ws", without the query */
    struct span query;         /* "token=…&…", undecoded; empty where there is none */
    struct span authorization; /* value of the header, or {NULL, 0} */
    struct span key;           /* Sec-WebSocket-Key, or {NULL, 0} */
    struct span protocols;     /* Sec-WebSocket-Protocol, or {NULL, 0} */
    struct span content_length; /* value of the header, or {NULL, 0} */
    bool is_chunked;           /* Transfer-Encoding says so */
    bool is_upgrade;           /* everything that 4.2.1 asks of a client is there */
    const char *fault;         /* static text: why it is no upgrade, or why it is BAD; or NULL */
    size_t size_bytes;         /* of the request head, blank line included */
};

enum ws_request_status ws_request_parse(const char *data, size_t size_bytes,
                                        struct ws_request *request);

/* The percent-decoded value of `name` in the query, appended to `out`; false if it is not there. */
bool ws_request_query(const struct ws_request *request, const char *name, struct buffer *out);

/* The token of the query or of `Authorization: Bearer`, appended to `out`; false if neither. */
bool ws_request_token(const struct ws_request *request, struct buffer *out);

/* Whether the body that the head announces has come, `size_bytes` being what there is from the head
 * on. One in chunks ends with an empty chunk (RFC 9112, 7.1); a length that is no number is 0. */
bool ws_request_body_is_whole(const struct ws_request *request, const char *data,
                              size_t size_bytes);

/* Sec-WebSocket-Accept for a key (4.2.2, step 5.4). */
void ws_accept_key(struct span key, char accept[WS_ACCEPT_TEXT_BYTES]);

/* The 101 response with `Date` (S-10). `accept` is what stands in Sec-WebSocket-Accept. */
void ws_append_upgrade_response(struct buffer *out, const char *accept, int64_t unix_ms);

/* A response that ends the connection. `headers`: complete lines ("Retry-After: 1\r\n") or "". */
void ws_append_refusal(struct buffer *out, unsigned status, const char *headers, const char *body,
                       int64_t unix_ms);

/* The reason phrase of an HTTP status ("Service Unavailable"), or "Status" where it has none. */
const char *ws_status_phrase(unsigned status);

/* ---- frames (section 5) ---- */

enum ws_opcode {
    WS_OPCODE_CONTINUATION = 0x0,
    WS_OPCODE_TEXT = 0x1,
    WS_OPCODE_BINARY = 0x2,
    WS_OPCODE_CLOSE = 0x8,
    WS_OPCODE_PING = 0x9,
    WS_OPCODE_PONG = 0xA,
};

/* One frame to write, right or wrong. */
struct ws_frame {
    uint8_t opcode;
    bool is_final;
    uint8_t reserved_bits;   /* 0 to 7, RSV1 is 4; anything but 0 is a fault */
    const uint8_t *mask_key; /* 4 bytes, or NULL for an unmasked frame */
};

void ws_append_frame(struct buffer *out, const struct ws_frame *frame, const void *payload,
                     size_t size_bytes);

/* A final, unmasked, well-formed frame. */
void ws_append_text(struct buffer *out, const void *payload, size_t size_bytes);

/* A close frame; code 0 means one without a body. `reason` may be NULL. */
void ws_append_close(struct buffer *out, unsigned code, const char *reason,
                     const uint8_t *mask_key);

/* What is wrong with the payload of a close frame: a static sentence, or NULL (5.5.1, 7.4). */
const char *ws_close_fault(const char *body, size_t size_bytes);

/* What a role demands of its peer: a server's masks every frame, a client's none (5.1). */
enum ws_role { WS_ROLE_SERVER, WS_ROLE_CLIENT };

enum ws_event_kind {
    WS_EVENT_NONE, /* all bytes consumed, nothing complete yet */
    WS_EVENT_TEXT,
    WS_EVENT_BINARY,
    WS_EVENT_PING,
    WS_EVENT_PONG,
    WS_EVENT_CLOSE,
    WS_EVENT_VIOLATION, /* the peer broke the RFC; the receiver takes nothing more */
};

struct ws_event {
    enum ws_event_kind kind;
    const char *data; /* unmasked, whole message; borrowed until the next call on the receiver */
    size_t size_bytes;
    unsigned close_code;   /* CLOSE: 1005 if it had no body */
    const char *violation; /* VIOLATION: static sentence with the clause ("… (RFC 6455, 5.1)") */
};

struct ws_receiver {
    enum ws_role role;
    size_t message_bytes_max; /* a longer message is a violation */
    struct buffer message;    /* of fragments, unmasked */
    struct buffer control;
    uint8_t header[14];
    size_t header_size_bytes;
    size_t header_needed_bytes;
    uint64_t payload_left_bytes;
    uint64_t payload_offset_bytes; /* within the frame, for the mask */
    uint8_t opcode;                /* of the frame in progress */
    uint8_t message_opcode;        /* of the fragmented message in progress, 0 if none */
    bool is_final, in_payload, is_dead, is_masked;
    bool is_closed; /* a close frame came: no data frame may follow (5.5.1) */
    uint8_t mask_key[4];
};

void ws_receiver_init(struct ws_receiver *receiver, enum ws_role role, size_t message_bytes_max);
void ws_receiver_free(struct ws_receiver *receiver);

/* Takes bytes up to and including the first complete message, control frame or violation and
 * returns how many were taken. Call again with the rest until the event is NONE. Text is checked
 * for UTF-8 (8.1), close codes for 7.4. */
size_t ws_receiver_feed(struct ws_receiver *receiver, const char *data, size_t size_bytes,
                        struct ws_event *event);

#endif

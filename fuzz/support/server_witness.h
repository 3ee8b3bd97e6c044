/* Holds the fake server to its own rules: reads what it put into its transcript, keeps a naive
 * server beside it, and says whether every answer to a resync is what S-1 … S-6 ask for, and
 * whether the wire carried what the transcript claims. */
#ifndef GAPCHECK_FUZZ_SERVER_WITNESS_H
#define GAPCHECK_FUZZ_SERVER_WITNESS_H

#include "naive_server.h"

#include "core/scenario.h"
#include "core/transcript.h"
#include "core/ws.h"

#define WITNESS_LINKS_MAX 64

/* One event that was sent on a connection. */
struct witness_event {
    uint32_t connection;
    uint64_t marker;
    bool is_row;
};

struct witness_events {
    struct witness_event *items; /* owned */
    size_t count, capacity_count;
};

struct witness_link {
    struct ws_receiver receiver; /* of the client's end */
    bool has_upgraded, is_read;  /* the HTTP answer is behind it; frames are read */
    struct buffer head;
    bool has_request;
    struct resync_request request; /* its newest well-formed resync */
    char ping[126];                /* payload of the newest ping */
    size_t ping_bytes;
    bool has_ping, has_close;
};

struct witness {
    const struct scenario *scenario;
    struct naive_server naive;
    struct naive_answer answer;
    size_t answer_at;        /* items of it that were sent; SIZE_MAX: no answer in play */
    bool has_switched_order; /* rows came first */
    bool ignores_order;      /* the scenario shuffles answers, or delays what it sends */
    uint32_t answer_link;
    size_t entry_count;                /* entries that were read */
    uint64_t last_count;               /* of the last of them: events may yet be folded into it */
    struct witness_events told, wired; /* by the transcript, by the wire */
    struct witness_link links[WITNESS_LINKS_MAX]; /* [number] */
};

void witness_init(struct witness *witness, const struct scenario *scenario);
void witness_free(struct witness *witness);

/* Bytes that the server wrote on the connection. */
void witness_read_bytes(struct witness *witness, uint32_t connection, const char *data,
                        size_t size_bytes);

/* What the transcript has got since the last call. */
void witness_read_transcript(struct witness *witness, const struct transcript *transcript);

/* Wire and transcript must agree. To be called when no effect is pending. */
void witness_check(const struct witness *witness);

#endif

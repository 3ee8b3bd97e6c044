/* What the parts of the generator share. */
#ifndef GAPCHECK_SIM_GENERATOR_INTERNAL_H
#define GAPCHECK_SIM_GENERATOR_INTERNAL_H

#include "sim/generator.h"

/* How the session ends; decided first, for what comes before must not spoil it. */
enum generator_ending {
    GENERATOR_ENDING_SETTLED,
    GENERATOR_ENDING_STOPPED,
    GENERATOR_ENDING_GAVE_UP,
};

struct generator {
    struct choices *choices;
    const struct generator_config *config;
    struct buffer *out;
    enum generator_ending ending;
    bool is_long;
    bool is_numbered;   /* a settled event had a number: a resync is due on every reconnect */
    bool has_keepalive; /* the client pings, and so notices silence: only then may there be any */
    bool is_hanging;    /* the server answers no ping until the next connection */
    unsigned named_count;
    unsigned stale_count;   /* of them, the first so many are too old to come again */
    uint32_t advanced_ms;   /* since the last of these was made */
};

/* ---- one step or a few, appended ---- */

void generator_step(struct generator *generator, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void generator_settle(struct generator *generator);
void generator_publish(struct generator *generator);
void generator_advance(struct generator *generator);
void generator_frame(struct generator *generator); /* one that is no event */

/* What can happen while there is a connection, and leaves one or lets the client make one. */
void generator_live_action(struct generator *generator);

/* The connection ends, things happen meanwhile, and another is accepted. */
void generator_loss(struct generator *generator);

bool generator_has(const struct generator *generator, enum driver_capability capability);

#endif

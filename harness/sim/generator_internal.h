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
    bool is_node; /* it speaks the node stream; else the agent stream */
    bool is_long;
    bool is_numbered;   /* a settled event had a number: a resync is due on every reconnect */
    bool has_keepalive; /* the client pings, and so notices silence: only then may there be any */
    bool is_hanging;    /* the server answers no ping until the next connection */
    unsigned named_count;
    unsigned token_count;   /* of the node stream: how often it changed */
    unsigned stale_count;   /* of them, the first so many are too old to come again */
    uint32_t advanced_ms;   /* since the last of these was made */
};

/* One of a list that is drawn from. */
struct generator_action {
    unsigned weight; /* among those that are possible */
    void (*write)(struct generator *generator);
    int capability; /* that it needs; -1: none */
};

void generator_draw(struct generator *generator, const struct generator_action *actions,
                    size_t count);

/* ---- one step or a few, appended ---- */

void generator_step(struct generator *generator, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void generator_settle(struct generator *generator);
void generator_publish(struct generator *generator);

/* While there is a connection. Each leaves one, or lets the client make one. */
void generator_again(struct generator *generator);
void generator_pieces(struct generator *generator);
void generator_same_id(struct generator *generator);
void generator_large(struct generator *generator);
void generator_violation(struct generator *generator);
void generator_cut(struct generator *generator); /* of the next replay */
void generator_slow(struct generator *generator);
void generator_throw(struct generator *generator);

/* Ends of the connection, and what keeps the next away. */
void generator_drop(struct generator *generator);
void generator_close(struct generator *generator);
void generator_reconnect(struct generator *generator);
void generator_hang(struct generator *generator);
void generator_promise(struct generator *generator);
void generator_flapping(struct generator *generator);
void generator_refusal(struct generator *generator);

/* ---- by stream ---- */

/* What can happen while there is a connection, and leaves one or lets the client make one. */
void generator_agent_live_action(struct generator *generator);
void generator_node_live_action(struct generator *generator);

/* The connection ends, things happen meanwhile, and another is accepted. */
void generator_agent_loss(struct generator *generator);
void generator_node_loss(struct generator *generator);


/* ---- what there is ---- */

/* One of the named events that are not stale; there must be one. */
unsigned generator_choose_named(struct generator *generator);
bool generator_has_named(const struct generator *generator);

bool generator_has(const struct generator *generator, enum driver_capability capability);

#endif

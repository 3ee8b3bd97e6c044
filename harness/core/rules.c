#include "core/rules.h"

/* What is asked in both streams alike: sentence and node_sentence. */
#define BOTH(text) text, text

static const struct rule_info rules[RULE_COUNT] = {
    [RULE_C1] = {"C-1", RULE_LEVEL_MUST, NULL, "sends no resync on its first connection"},
    [RULE_C2] = {"C-2", RULE_LEVEL_MUST, NULL,
                 "sends no resync on a reconnect while it has seen no agent_seq"},
    [RULE_C3] = {"C-3", RULE_LEVEL_MUST, NULL,
                 "otherwise sends one resync on every reconnect; a further one only after an ack "
                 "that shows a reset, after 1 s without an ack, or when the numbers show a hole"},
    [RULE_C4] = {"C-4", RULE_LEVEL_MUST, NULL,
                 "gives in last_seen_seq a number up to which it misses no event that the server "
                 "can still give, counting every numbered event and no control frame",
                 "acknowledges only what it has dispatched, never over a hole, and does so "
                 "once it has"},
    [RULE_C5] = {"C-5", RULE_LEVEL_MUST, NULL,
                 "gives with every resync a since (RFC 3339) early enough that no row it misses "
                 "is cut off"},
    [RULE_C6] = {"C-6", RULE_LEVEL_MUST, NULL,
                 "subscribes again on every connection, and sends resync after that",
                 "registers on every connection, before anything else, and again where that "
                 "was refused"},
    [RULE_C7] = {"C-7", RULE_LEVEL_MUST, NULL,
                 "dispatches every event that it is sent, and one with a stable id only once",
                 "dispatches every delivery that it is sent, each once though it may come twice"},
    [RULE_C8] = {"C-8", RULE_LEVEL_MUST, NULL,
                 "dispatches DB-replayed events though they carry no agent_seq, and does not move "
                 "its cursor for them"},
    [RULE_C9] = {"C-9", RULE_LEVEL_MUST, NULL,
                 "after a counter reset still dispatches live events whose numbers are lower, and "
                 "uses the new numbering in its next resync"},
    [RULE_C10] = {"C-10", RULE_LEVEL_MUST, "resynced",
                  "reports the ack to its resync once as resynced and not as an ordinary event"},
    [RULE_C11] = {"C-11", RULE_LEVEL_MUST, NULL,
                  BOTH("survives malformed frames: later events still arrive")},
    [RULE_C12] = {"C-12", RULE_LEVEL_SHOULD, "wildcard",
                  BOTH("hands unknown event types to wildcard listeners")},
    [RULE_C13] = {"C-13", RULE_LEVEL_MUST, NULL,
                  "does not dispatch again an event repeated after fewer than 2,500 other events "
                  "with ids",
                  "does not dispatch again what is delivered once more after many others"},
    [RULE_C14] = {"C-14", RULE_LEVEL_MUST, NULL,
                  BOTH("keeps its memory of ids bounded, evicting the oldest: the newest 2,500 are "
                       "known")},
    [RULE_C15] = {"C-15", RULE_LEVEL_MUST, NULL,
                  BOTH("treats the same id under another type as another event")},
    [RULE_C16] =
        {"C-16", RULE_LEVEL_MUST, NULL,
         BOTH("reconnects by itself after any loss, with growing delays, starts small again, "
              "holds one connection at a time and gives up visibly")},
    [RULE_C17] = {"C-17", RULE_LEVEL_MUST, NULL,
                  "works on when an ack is late, missing, repeated or malformed",
                  "works on when the reply to its registration is missing or repeated"},
    [RULE_C18] = {"C-18", RULE_LEVEL_MUST, NULL, "loses nothing when a replay is cut in the middle",
                  "loses nothing when a redelivery is cut in the middle"},
    [RULE_C19] = {"C-19", RULE_LEVEL_MUST, NULL,
                  "loses nothing when a live event overtakes a replay that is then cut",
                  "loses nothing when a live delivery overtakes a redelivery that is then cut"},
    [RULE_C20] = {"C-20", RULE_LEVEL_SHOULD, NULL,
                  "does not dispatch an event without id again when it comes twice with the same "
                  "agent_seq, or as a row in the replay whose ring part has just brought it"},
    [RULE_C21] = {"C-21", RULE_LEVEL_SHOULD, NULL,
                  "notices a counter reset and recovers what the ring holds"},
    [RULE_C22] = {"C-22", RULE_LEVEL_MUST, NULL,
                  BOTH("keeps the order in which one connection delivered")},
    [RULE_C23] = {"C-23", RULE_LEVEL_MUST, NULL, BOTH("sends only well-formed frames")},
    [RULE_C24] =
        {"C-24", RULE_LEVEL_MUST, NULL,
         BOTH("answers pings, honours close frames, accepts fragmented text, hands on strings "
              "unchanged, and loses nothing after bytes that break RFC 6455")},
    [RULE_C25] = {"C-25", RULE_LEVEL_MUST, "throw",
                  BOTH("loses nothing because one handler threw")},
    [RULE_C26] = {"C-26", RULE_LEVEL_SHOULD, "keepalive",
                  BOTH("notices a half-open connection and reconnects")},
    [RULE_C27] = {"C-27", RULE_LEVEL_SHOULD, "backoff",
                  BOTH("slows down for a server that accepts and closes at once")},
    [RULE_C28] =
        {"C-28", RULE_LEVEL_MUST, NULL,
         BOTH("dispatches nothing and connects no more after the application disconnected")},
    [RULE_STEP] = {"step", RULE_LEVEL_MUST, NULL, BOTH("does what the scenario's step waits for")},
    [RULE_S1] = {"S-1", RULE_LEVEL_SERVER, NULL,
                 "keeps the newest events in a ring; the oldest leaves first"},
    [RULE_S2] = {"S-2", RULE_LEVEL_SERVER, NULL, "replays nothing where nothing was missed"},
    [RULE_S3] = {"S-3", RULE_LEVEL_SERVER, NULL,
                 "replays every ring event above last_seen_seq, oldest first"},
    [RULE_S4] = {"S-4", RULE_LEVEL_SERVER, NULL,
                 "reports a gap when last_seen_seq is older than the ring"},
    [RULE_S5] = {"S-5", RULE_LEVEL_SERVER, NULL,
                 "replays database rows newer than since, without agent_seq"},
    [RULE_S6] = {"S-6", RULE_LEVEL_SERVER, NULL, "acknowledges the resync, always last"},
    [RULE_S7] = {"S-7", RULE_LEVEL_SERVER, NULL,
                 "ignores a resync whose last_seen_seq is no number, and a since that is no date"},
    [RULE_S8] = {"S-8", RULE_LEVEL_SERVER, NULL,
                 "restarts its counter and empties its ring; the database stays"},
    [RULE_S9] = {"S-9", RULE_LEVEL_SERVER, NULL, "goes on with live traffic during a resync"},
    [RULE_S10] = {"S-10", RULE_LEVEL_SERVER, NULL, "tells its clock in the upgrade response"},
};

/* Of the client's; those left out need the application's side. */
static const enum rule_wire wires[RULE_COUNT] = {
    [RULE_C1] = RULE_WIRE_WHOLE,  [RULE_C2] = RULE_WIRE_WHOLE,  [RULE_C3] = RULE_WIRE_WHOLE,
    [RULE_C4] = RULE_WIRE_WHOLE,  [RULE_C5] = RULE_WIRE_WHOLE,  [RULE_C6] = RULE_WIRE_WHOLE,
    [RULE_C8] = RULE_WIRE_PART,   [RULE_C9] = RULE_WIRE_PART,   [RULE_C11] = RULE_WIRE_PART,
    [RULE_C16] = RULE_WIRE_WHOLE, [RULE_C17] = RULE_WIRE_PART,  [RULE_C18] = RULE_WIRE_PART,
    [RULE_C19] = RULE_WIRE_PART,  [RULE_C21] = RULE_WIRE_PART,  [RULE_C23] = RULE_WIRE_WHOLE,
    [RULE_C24] = RULE_WIRE_PART,  [RULE_C26] = RULE_WIRE_WHOLE, [RULE_C27] = RULE_WIRE_WHOLE,
    [RULE_STEP] = RULE_WIRE_WHOLE,
};

enum rule_wire rule_wire(enum rule rule)
{
    return rules[rule].level == RULE_LEVEL_SERVER ? RULE_WIRE_WHOLE : wires[rule];
}

const struct rule_info *rule_info(enum rule rule)
{
    return &rules[rule];
}

enum rule rule_find(struct span id)
{
    int rule = 0;
    while (rule < RULE_COUNT && !span_equals(id, rules[rule].id))
        rule++;
    return (enum rule)rule;
}

const char *rule_sentence(enum rule rule, bool is_node)
{
    const struct rule_info *info = rule_info(rule);
    return is_node && info->node_sentence ? info->node_sentence : info->sentence;
}

const char *rule_level_name(enum rule_level level)
{
    switch (level) {
    case RULE_LEVEL_MUST:
        return "must";
    case RULE_LEVEL_SHOULD:
        return "should";
    case RULE_LEVEL_SERVER:
        return "server";
    }
    return "";
}

#include "core/scenario_fields.h"

#include "core/driver_line.h"
#include "core/jsonc.h"
#include "core/model.h"

#include <string.h>

#define LIST(identifier, ...)                                                                      \
    static const char *const identifier##_items[] = {__VA_ARGS__};                                 \
    static const struct name_list identifier = {                                                   \
        identifier##_items, sizeof identifier##_items / sizeof *identifier##_items}

#define X(symbol, name) name,
LIST(verb_names, SCENARIO_VERBS(X));
#undef X
/* In the order of their enums. */
LIST(drop_how_names, "reset", "fin", "silent", "mid-frame", "close");
LIST(refuse_at_names, "upgrade", "token");
LIST(refuse_how_names, "http", "reset", "stall", "closed", "bad-accept");
LIST(dialect_names, "agent", "node");
LIST(publish_id_names, "fresh", "none", "same");
LIST(publish_seq_names, "next", "none");
LIST(resync_names, "auto", "ignore", "hold");
LIST(ack_names, "auto", "omit", "twice");
LIST(order_names, "ring-first", "db-first", "shuffled");
LIST(client_do_names, "subscribe", "unsubscribe", "reconnect", "stop", "throw", "slow");
LIST(pong_names, "auto", "ignore");
LIST(register_names, "auto", "omit", "twice", "error");
LIST(delivery_ack_names, "auto", "ignore");
LIST(ring_names, "empty", "keep");
LIST(db_names, "keep", "empty");
LIST(between_names, "ping");
LIST(level_names, "must", "should");
LIST(keep_names, "keep");
LIST(any_names, "any");
LIST(resynced_names, "replayed", "gap_detected");
LIST(nothing_names, "connection", "event", "frame");
LIST(template_names, "seq", "now", "marker", "id");
LIST(json_kind_names, "number", "string", "boolean", "object", "array", "null");
LIST(agent_frame_names, "subscribe", "unsubscribe", "ping", "resync");
LIST(node_frame_names, "node.register", "delivery.ack", "node.heartbeat", "node.deregister");
LIST(subscribe_fields, "type", "channels");
LIST(ping_fields, "type");
LIST(resync_fields, "type", "last_seen_seq", "since");
LIST(delivery_ack_fields, "type", "v", "id", "agent", "up_to_seq");

/* The loader writes enums through an int. */
_Static_assert(sizeof(enum drop_how) == sizeof(int), "an enum has the size of an int");

#define COUNT       SCENARIO_COUNT_MAX
#define SIZE        ((int64_t)SCENARIO_SIZE_MAX)
#define TIME        SCENARIO_TIME_MAX_MS
#define SKEW        INT64_C(3600000000) /* of either clock: a thousand hours, for a wrong day */
#define NUMBER      ((int64_t)JSONC_INTEGER_MAX)
#define STEP(field) offsetof(struct scenario_step, field)
#define SET(field)  STEP(set.field)
#define SEND(field) offsetof(struct send_fields, field)

/* Why an author does not want it in the node stream. */
#define NO_CLOCK  "nothing in the node stream depends on a clock: take it away"
#define NO_RESYNC "the node stream has no resync: what is not acknowledged comes again by itself"
#define DURABLE   "in the node stream the numbers and what is not acknowledged survive a restart"

#define FIELDS(array) .fields = (array), .field_count = sizeof(array) / sizeof *(array)

/* ---- server and client ---- */

static const struct scenario_field clock_fields[] = {
    {.name = "skew_ms", .kind = FIELD_INTEGER, .min = -SKEW, .max = SKEW, .fallback = "0",
     .offset = offsetof(struct scenario_server, clock_skew_ms),
     .help = "How far the server's clock is ahead of the client's; negative: behind."},
    {.name = "freeze", .kind = FIELD_BOOL, .fallback = "false",
     .offset = offsetof(struct scenario_server, clock_freeze),
     .help = "The clock stands still from the first `publish` on and moves only by `advance`."},
};
static const struct scenario_object clock_object = {
    .name = "clock", .help = "The server's clock.", FIELDS(clock_fields),
    .choice_offset = FIELD_UNSTORED};

static const struct scenario_field server_fields[] = {
    {.name = "ring", .kind = FIELD_INTEGER, .min = 0, .max = COUNT, .fallback = "500",
     .offset = offsetof(struct scenario_server, ring),
     .agent_only = "the node stream has no ring: it keeps every delivery until it is acknowledged",
     .help = "How many of the newest events the server keeps for replay (S-1)."},
    {.name = "db_limit", .kind = FIELD_INTEGER, .min = 0, .max = COUNT, .fallback = "1000",
     .offset = offsetof(struct scenario_server, db_limit),
     .agent_only = "the node stream replays nothing from a database",
     .help = "How many rows of one class a replay from the database gives at most (S-5)."},
    {.name = "clock", .kind = FIELD_OBJECT, .object = &clock_object, .offset = 0,
     .agent_only = NO_CLOCK,
     .help = "How the server's clock differs from the client's."},
    {.name = "tls", .kind = FIELD_BOOL, .fallback = "false",
     .offset = offsetof(struct scenario_server, tls),
     .help = "Whether the server speaks TLS, with a certificate that the client is given."},
};
static const struct scenario_object server_object = {
    .name = "server", .help = "The fake server.", FIELDS(server_fields),
    .choice_offset = FIELD_UNSTORED};

static const struct scenario_field client_fields[] = {
    {.name = "channels", .kind = FIELD_TEXT_LIST, .fallback = "general",
     .offset = offsetof(struct scenario, channels),
     .help = "The channels that the application subscribes to."},
    {.name = "reconnect_base_ms", .kind = FIELD_INTEGER, .min = 1, .max = TIME, .fallback = "20",
     .offset = FIELD_UNSTORED, .help = "The first delay before the client connects again."},
    {.name = "reconnect_max_ms", .kind = FIELD_INTEGER, .min = 1, .max = TIME, .fallback = "500",
     .offset = FIELD_UNSTORED, .help = "The greatest delay before the client connects again."},
    {.name = "reconnect_jitter", .kind = FIELD_BOOL, .fallback = "false",
     .offset = FIELD_UNSTORED, .help = "Whether the delays are spread at random."},
    {.name = "ping_ms", .kind = FIELD_INTEGER, .min = 0, .max = TIME, .offset = FIELD_UNSTORED,
     .help = "How often the client pings a silent server; 0: never."},
    {.name = "pong_timeout_ms", .kind = FIELD_INTEGER, .min = 1, .max = TIME,
     .offset = FIELD_UNSTORED, .help = "How long the client waits for a pong."},
    {.name = "connect_timeout_ms", .kind = FIELD_INTEGER, .min = 1, .max = TIME,
     .offset = FIELD_UNSTORED, .help = "How long the client waits for a connection."},
    {.name = "max_reconnect_attempts", .kind = FIELD_INTEGER, .min = 0, .max = COUNT,
     .offset = FIELD_UNSTORED, .help = "After how many failed attempts the client gives up."},
    {.name = "clock_skew_ms", .kind = FIELD_INTEGER, .min = -SKEW, .max = SKEW,
     .offset = FIELD_UNSTORED, .agent_only = NO_CLOCK,
     .help = "Shifts the client's own clock; negative: back."},
};
static const struct scenario_object client_object = {
    .name = "client", .help = "How the client under test is set up.", FIELDS(client_fields),
    .choice_offset = FIELD_UNSTORED};

/* ---- verbs ---- */

static const struct scenario_field common_fields[] = {
    {.name = "timeout_ms", .kind = FIELD_INTEGER, .min = 1, .max = TIME, .fallback = "5000",
     .offset = STEP(timeout_ms), .help = "How long the step may take."},
};
static const struct scenario_object common_object = {
    .name = "step", .help = "Fields that every verb takes.", FIELDS(common_fields),
    .choice_offset = FIELD_UNSTORED};

static const struct scenario_field accept_fields[] = {
    {.name = "path", .kind = FIELD_TEXT, .min = 1, .offset = STEP(accept.path),
     .help = "The path that the client must ask for; left out: any."},
    {.name = "token", .kind = FIELD_TEXT, .min = 1, .offset = STEP(accept.token),
     .help = "The token that the client must bring; left out: any."},
    {.name = "with", .kind = FIELD_SENDS, .offset = STEP(accept.with),
     .second_offset = STEP(accept.with_count),
     .help = "`send` objects that go out in the same write as the upgrade response."},
};

static const struct scenario_field refuse_fields[] = {
    {.name = "times", .kind = FIELD_INTEGER, .min = 1, .max = COUNT, .fallback = "1",
     .offset = STEP(refuse.times), .help = "How many connections are treated so."},
    {.name = "at", .kind = FIELD_NAME, .names = &refuse_at_names, .fallback = "upgrade",
     .offset = STEP(refuse.at), .is_node_only = true,
     .help = "What is refused: the connection, or the request for a token before it."},
    {.name = "how", .kind = FIELD_NAME, .names = &refuse_how_names, .fallback = "http",
     .offset = STEP(refuse.how),
     .help = "An HTTP answer, a reset, no answer, nothing that listens, or a wrong "
             "Sec-WebSocket-Accept."},
    {.name = "status", .kind = FIELD_INTEGER, .min = 200, .max = 599, .fallback = "503",
     .offset = STEP(refuse.status), .help = "The HTTP status, with `http`."},
    {.name = "headers", .kind = FIELD_HEADERS, .fallback = "", .offset = STEP(refuse.headers),
     .help = "Further headers of the HTTP answer, with `http`."},
    {.name = "for_ms", .kind = FIELD_INTEGER, .min = 0, .max = TIME, .fallback = "200",
     .offset = STEP(refuse.for_ms), .help = "How long nothing listens, with `closed`."},
};

static const struct scenario_field publish_fields[] = {
    {.name = "count", .kind = FIELD_INTEGER, .min = 1, .max = COUNT, .fallback = "1",
     .offset = STEP(publish.count), .help = "How many events."},
    {.name = "type", .kind = FIELD_TEXT, .min = 1, .fallback = "message.created",
     .offset = STEP(publish.type),
     .help = "Their type; one that the protocol does not know is allowed."},
    {.name = "channel", .kind = FIELD_TEXT, .min = 1, .offset = STEP(publish.channel),
     .help = "Their channel; left out: the first of the client's channels."},
    {.name = "size", .kind = FIELD_INTEGER, .min = 0, .max = SIZE, .fallback = "0",
     .offset = STEP(publish.size_bytes), .help = "Pads the text to so many bytes."},
    {.name = "every_ms", .kind = FIELD_INTEGER, .min = 0, .max = TIME, .fallback = "0",
     .offset = STEP(publish.every_ms), .help = "The time between two events; 0: all at once."},
    {.name = "id", .kind = FIELD_NAME, .names = &publish_id_names, .fallback = "fresh",
     .offset = STEP(publish.id), .help = "A new id, none, or that of the event before."},
    {.name = "seq", .kind = FIELD_NAME_OR_INTEGER, .names = &publish_seq_names, .min = 0,
     .max = NUMBER, .fallback = "next", .offset = STEP(publish.seq),
     .second_offset = STEP(publish.seq_number),
     .help = "The next agent_seq, none, or a number for the first event, counting up. In the node "
             "stream `none` makes an ephemeral delivery."},
    {.name = "live", .kind = FIELD_BOOL, .fallback = "true", .offset = STEP(publish.live),
     .help = "Whether the open connections get the events."},
    {.name = "store", .kind = FIELD_BOOL, .fallback = "true", .offset = STEP(publish.store),
     .agent_only = "write `\"seq\": \"none\"` for a delivery that is not kept",
     .help = "Whether the events become rows of the database, where their type has rows."},
    {.name = "as", .kind = FIELD_TEXT, .min = 1, .offset = STEP(publish.as),
     .help = "A name for the last event, for `again` and `dispatched`."},
};

static const struct scenario_field send_fields[] = {
    {.name = "frame", .kind = FIELD_TEMPLATE, .is_choice = true, .offset = SEND(frame),
     .help = "A text message of this JSON; \"${seq}\", \"${now}\", \"${marker}\" and \"${id}\" are "
             "filled in."},
    {.name = "text", .kind = FIELD_TEXT, .is_choice = true, .offset = SEND(text),
     .help = "A text message as it stands."},
    {.name = "binary", .kind = FIELD_HEX, .is_choice = true, .offset = SEND(bytes),
     .second_offset = SEND(byte_count), .help = "A binary message, in hex."},
    {.name = "raw", .kind = FIELD_HEX, .is_choice = true, .min = 1, .offset = SEND(bytes),
     .second_offset = SEND(byte_count), .help = "Bytes straight to the socket, in hex."},
    {.name = "again", .kind = FIELD_EVENT_NAME, .is_choice = true, .offset = SEND(again),
     .help = "The event that a `publish` named with `as`, once more as it was."},
    {.name = "row", .kind = FIELD_BOOL, .fallback = "false", .only_with = "again",
     .agent_only = "the node stream replays nothing from a database",
     .offset = SEND(as_row), .help = "Sends the event as the database would."},
    {.name = "size", .kind = FIELD_INTEGER, .min = 0, .max = SIZE, .fallback = "0",
     .only_with = "frame text", .offset = SEND(size_bytes),
     .help = "Pads the text to so many bytes."},
    {.name = "fragments", .kind = FIELD_INTEGER, .min = 1, .max = COUNT, .fallback = "1",
     .only_with = "frame text binary again", .offset = SEND(fragments),
     .help = "In how many WebSocket fragments the message goes out."},
    {.name = "between", .kind = FIELD_FLAG, .names = &between_names, .true_index = 0,
     .only_with = "fragments", .offset = SEND(ping_between),
     .help = "A control frame between the fragments."},
    {.name = "split_bytes", .kind = FIELD_INTEGER, .min = 1, .max = SIZE,
     .offset = SEND(split_bytes), .help = "One TCP write for every so many bytes."},
};
static const struct scenario_object send_object = {
    .name = "send", .help = "Sends exactly that on the connection, outside counter, ring and rows.",
    FIELDS(send_fields), .base_offset = STEP(send), .choice_offset = SEND(kind)};

static const struct scenario_field expect_fields[] = {
    {.name = "frame", .kind = FIELD_CLIENT_FRAME, .is_choice = true, .offset = STEP(expect.frame),
     .help = "A frame of that type from the client; further fields match the frame's."},
    {.name = "connection", .kind = FIELD_NUMBER_MATCHER, .is_choice = true,
     .offset = STEP(expect.number), .help = "A connection with that number."},
    {.name = "refused", .kind = FIELD_NUMBER_MATCHER, .is_choice = true,
     .offset = STEP(expect.number), .help = "How many connections were refused so far."},
    {.name = "reconnecting", .kind = FIELD_NUMBER_MATCHER, .is_choice = true,
     .offset = STEP(expect.number), .help = "The client reports that it schedules that attempt."},
    {.name = "resynced", .kind = FIELD_MATCHERS, .names = &resynced_names, .is_choice = true,
     .agent_only = NO_RESYNC,
     .offset = STEP(expect.fields), .help = "The client reports a resync with these fields."},
    {.name = "dispatched", .kind = FIELD_DISPATCHED, .is_choice = true, .min = 0, .max = COUNT,
     .offset = STEP(expect.dispatched_count), .second_offset = STEP(expect.dispatched_names),
     .help = "How many events the application has at least, or how often it has a named one."},
    {.name = "gave_up", .kind = FIELD_TRUE, .is_choice = true, .offset = FIELD_UNSTORED,
     .help = "The client reports that it gave up."},
    {.name = "nothing", .kind = FIELD_NOTHING, .names = &nothing_names, .is_choice = true,
     .offset = STEP(expect.nothing),
     .help = "None of these came, nor comes within `for_ms`."},
    {.name = "after_ms", .kind = FIELD_NUMBER_MATCHER, .only_with = "connection",
     .offset = STEP(expect.after_ms), .help = "The time since the last connection ended."},
    {.name = "for_ms", .kind = FIELD_INTEGER, .min = 0, .max = TIME, .fallback = "0",
     .only_with = "nothing", .offset = STEP(expect.for_ms), .help = "How long nothing may come."},
    {.name = "level", .kind = FIELD_FLAG, .names = &level_names, .true_index = 1,
     .fallback = "must", .offset = STEP(expect.is_should),
     .help = "Whether the client fails (`must`) or is warned (`should`) if it does not hold."},
};

static const struct scenario_field drop_fields[] = {
    {.name = "how", .kind = FIELD_NAME, .names = &drop_how_names, .fallback = "reset",
     .offset = STEP(drop.how),
     .help = "TCP reset, TCP FIN, silence, half a frame and a reset, or a polite close."},
};

static const struct scenario_field close_fields[] = {
    {.name = "code", .kind = FIELD_INTEGER, .min = 0, .max = 65535, .fallback = "1000",
     .offset = STEP(close.code), .help = "The close code."},
    {.name = "reason", .kind = FIELD_TEXT, .max = 123, .fallback = "", .offset = STEP(close.reason),
     .help = "The reason that goes with it."},
};

static const struct scenario_field restart_fields[] = {
    {.name = "down_ms", .kind = FIELD_INTEGER, .min = 0, .max = TIME, .fallback = "0",
     .offset = STEP(restart.down_ms), .help = "How long the server's port refuses."},
    {.name = "counter", .kind = FIELD_INTEGER_OR_NAME, .names = &keep_names, .min = 0,
     .agent_only = DURABLE,
     .max = NUMBER, .fallback = "0", .offset = STEP(restart.counter),
     .help = "Where the counter stands afterwards, or `keep`."},
    {.name = "ring", .kind = FIELD_FLAG, .names = &ring_names, .true_index = 1,
     .agent_only = DURABLE,
     .fallback = "empty", .offset = STEP(restart.keep_ring), .help = "Whether the ring stays."},
    {.name = "db", .kind = FIELD_FLAG, .names = &db_names, .true_index = 0, .fallback = "keep",
     .agent_only = DURABLE,
     .offset = STEP(restart.keep_db), .help = "Whether the database's rows stay."},
    {.name = "how", .kind = FIELD_NAME, .names = &drop_how_names, .fallback = "reset",
     .offset = STEP(restart.how), .help = "How its connections end, as in `drop`."},
};

static const struct scenario_field set_fields[] = {
    {.name = "resync", .kind = FIELD_NAME, .names = &resync_names, .offset = SET(resync),
     .has_offset = SET(has_resync), .agent_only = NO_RESYNC,
     .help = "Answers a resync, ignores it, or holds it."},
    {.name = "ack", .kind = FIELD_NAME_OR_OBJECT, .names = &ack_names, .offset = SET(ack),
     .agent_only = "the node stream has no resync_ack; `register` says how node.register is "
                   "answered",
     .second_offset = SET(ack_fields), .has_offset = SET(has_ack),
     .help = "Sends the resync_ack, leaves it out, sends it twice, or with other fields."},
    {.name = "order", .kind = FIELD_NAME, .names = &order_names, .offset = SET(order),
     .has_offset = SET(has_order), .agent_only = "the node stream redelivers oldest first, always",
     .help = "In which order a replay comes."},
    {.name = "cut_replay_after", .kind = FIELD_INTEGER, .min = 0, .max = COUNT,
     .offset = SET(cut_replay_after), .has_offset = SET(has_cut),
     .help = "Cuts the next replay after so many frames."},
    {.name = "cut_how", .kind = FIELD_NAME, .names = &drop_how_names, .fallback = "reset",
     .only_with = "cut_replay_after", .offset = SET(cut_how), .help = "How it is cut."},
    {.name = "live_before_replay", .kind = FIELD_INTEGER, .min = 0, .max = COUNT,
     .offset = SET(live_before_replay), .has_offset = SET(has_live_before),
     .help = "So many live events overtake the next replay (S-9)."},
    {.name = "pong", .kind = FIELD_FLAG, .names = &pong_names, .true_index = 1,
     .offset = SET(ignore_pings), .has_offset = SET(has_pong),
     .help = "Answers the client's pings, or ignores them."},
    {.name = "write_delay_ms", .kind = FIELD_INTEGER, .min = 0, .max = TIME,
     .offset = SET(write_delay_ms), .has_offset = SET(has_write_delay),
     .help = "Waits so long before every frame of a replay and its ack, and, in a lane of their "
             "own, before every other."},
    {.name = "token", .kind = FIELD_TEXT_OR_ANY, .names = &any_names, .min = 1,
     .offset = SET(token),
     .has_offset = SET(has_token),
     .help = "The one token that is accepted, or `any`. In the node stream it is the one that is "
             "issued from here on."},
    {.name = "register", .kind = FIELD_NAME, .names = &register_names, .offset = SET(registering),
     .has_offset = SET(has_registering), .is_node_only = true,
     .help = "Answers node.register, leaves the reply out, sends it twice, or refuses with an "
             "error."},
    {.name = "delivery_ack", .kind = FIELD_FLAG, .names = &delivery_ack_names, .true_index = 1,
     .offset = SET(ignores_delivery_acks), .has_offset = SET(has_delivery_ack),
     .is_node_only = true,
     .help = "Takes delivery.ack, or ignores it as if it had been lost."},
};

static const struct scenario_field advance_fields[] = {
    {.name = "ms", .kind = FIELD_INTEGER, .is_needed = true, .min = 0, .max = TIME,
     .offset = STEP(advance.ms), .help = "How far the server's clock moves; nobody waits."},
};

static const struct scenario_field client_verb_fields[] = {
    {.name = "do", .kind = FIELD_NAME, .names = &client_do_names, .is_needed = true,
     .offset = STEP(client.action), .help = "What the application does."},
    {.name = "channels", .kind = FIELD_TEXT_LIST, .offset = STEP(client.channels),
     .help = "With `subscribe` and `unsubscribe`: the channels."},
    {.name = "ms", .kind = FIELD_INTEGER, .min = 0, .max = TIME, .offset = STEP(client.ms),
     .help = "With `slow`: how long its handler takes for each event."},
};

static const struct scenario_field wait_fields[] = {
    {.name = "ms", .kind = FIELD_INTEGER, .is_needed = true, .min = 0, .max = TIME,
     .offset = STEP(wait.ms), .help = "How long, in real time."},
};

static const struct scenario_field repeat_fields[] = {
    {.name = "times", .kind = FIELD_INTEGER, .is_needed = true, .min = 1, .max = COUNT,
     .offset = FIELD_UNSTORED, .help = "How often."},
    {.name = "steps", .kind = FIELD_STEPS, .is_needed = true, .offset = FIELD_UNSTORED,
     .help = "The steps that are repeated."},
};

#define VERB(symbol, verb, array, sentence)                                                        \
    [VERB_##symbol] = {.name = (verb), .help = (sentence), FIELDS(array),                          \
                       .choice_offset = FIELD_UNSTORED}
#define VERB_WITHOUT_FIELDS(symbol, verb, sentence)                                                \
    [VERB_##symbol] = {.name = (verb), .help = (sentence), .choice_offset = FIELD_UNSTORED}

static const struct scenario_object verb_objects[VERB_COUNT] = {
    VERB(ACCEPT, "accept", accept_fields, "Waits for the next connection and upgrades it."),
    VERB(REFUSE, "refuse", refuse_fields,
         "Refuses the next connections while the steps go on."),
    VERB(PUBLISH, "publish", publish_fields, "Makes events happen on the server."),
    VERB_WITHOUT_FIELDS(SETTLE, "settle",
                        "Waits until everything sent so far has reached the application."),
    VERB_WITHOUT_FIELDS(SYNC, "sync", "Waits until what was sent before has reached the client."),
    [VERB_EXPECT] = {.name = "expect", .help = "Waits until it holds.", FIELDS(expect_fields),
                     .choice_offset = STEP(expect.kind), .takes_more = true},
    VERB(DROP, "drop", drop_fields, "Ends the connection."),
    VERB(CLOSE, "close", close_fields, "Ends the connection politely."),
    VERB(RESTART, "restart", restart_fields, "The server goes away and comes back."),
    VERB(SET, "set", set_fields, "Changes how the server behaves from here on."),
    [VERB_RELEASE] = {.name = "release", .help = "Answers a resync that is held.",
                      .choice_offset = FIELD_UNSTORED, .agent_only = NO_RESYNC},
    [VERB_ADVANCE] = {.name = "advance", .help = "Moves the server's clock.",
                      FIELDS(advance_fields), .choice_offset = FIELD_UNSTORED,
                      .agent_only = NO_CLOCK},
    VERB(CLIENT, "client", client_verb_fields, "Has the application do something."),
    VERB(WAIT, "wait", wait_fields, "Lets real time pass; a last resort."),
    VERB(REPEAT, "repeat", repeat_fields, "Plays steps several times."),
};

/* ---- top level ---- */

static const struct scenario_field top_fields[] = {
    {.name = "$schema", .kind = FIELD_ANY, .offset = FIELD_UNSTORED,
     .help = "Where an editor finds the schema; gapcheck does not read it."},
    {.name = "title", .kind = FIELD_TEXT, .min = 1, .is_needed = true,
     .offset = offsetof(struct scenario, title), .help = "What happens, in one line."},
    {.name = "why", .kind = FIELD_TEXT, .is_prose = true, .offset = offsetof(struct scenario, why),
     .help = "What could go wrong here."},
    {.name = "rules", .kind = FIELD_RULES, .is_needed = true,
     .offset = offsetof(struct scenario, rules),
     .help = "The rules of the protocol that it shows."},
    {.name = "tags", .kind = FIELD_TEXT_LIST, .offset = offsetof(struct scenario, tags),
     .help = "Words to select scenarios by (`--tag`)."},
    {.name = "dialect", .kind = FIELD_NAME, .names = &dialect_names, .fallback = "agent",
     .offset = offsetof(struct scenario, dialect), .help = "The stream that the client speaks."},
    {.name = "server", .kind = FIELD_OBJECT, .object = &server_object,
     .offset = offsetof(struct scenario, server), .help = "The fake server."},
    {.name = "client", .kind = FIELD_OBJECT, .object = &client_object, .offset = 0,
     .help = "How the client under test is set up."},
    {.name = "each", .kind = FIELD_EACH, .offset = FIELD_UNSTORED,
     .help = "Makes one scenario of every combination of these values."},
    {.name = "judge", .kind = FIELD_JUDGE, .offset = offsetof(struct scenario, rules_off),
     .help = "Rules that this scenario cannot be judged by."},
    {.name = "timeout_ms", .kind = FIELD_INTEGER, .min = 1, .max = TIME, .fallback = "15000",
     .offset = offsetof(struct scenario, timeout_ms), .help = "How long the whole may take."},
    {.name = "steps", .kind = FIELD_STEPS, .is_needed = true, .offset = FIELD_UNSTORED,
     .help = "What happens, step by step."},
};
static const struct scenario_object top_object = {
    .name = "scenario", .help = "One file is one scenario.", FIELDS(top_fields),
    .choice_offset = FIELD_UNSTORED};

/* ---- questions ---- */

const struct scenario_object *scenario_object_top(void)
{
    return &top_object;
}

const struct scenario_object *scenario_object_send(void)
{
    return &send_object;
}

const struct scenario_object *scenario_object_client(void)
{
    return &client_object;
}

const struct scenario_object *scenario_object_common(void)
{
    return &common_object;
}

const struct scenario_object *scenario_object_of_verb(enum verb verb)
{
    return verb == VERB_SEND ? &send_object : &verb_objects[verb];
}

const struct scenario_field *scenario_field_find(const struct scenario_object *object,
                                                 const char *name)
{
    for (size_t i = 0; i < object->field_count; i++) {
        if (strcmp(object->fields[i].name, name) == 0)
            return &object->fields[i];
    }
    return NULL;
}

const struct name_list *scenario_verb_names(void)
{
    return &verb_names;
}

const struct name_list *scenario_template_names(void)
{
    return &template_names;
}

const struct name_list *scenario_json_kind_names(void)
{
    return &json_kind_names;
}

const struct name_list *scenario_client_frame_names(enum dialect dialect)
{
    return dialect == DIALECT_NODE ? &node_frame_names : &agent_frame_names;
}

const struct name_list *scenario_client_frame_fields(const char *type)
{
    if (strcmp(type, "resync") == 0)
        return &resync_fields;
    if (strcmp(type, "ping") == 0)
        return &ping_fields;
    if (strcmp(type, "subscribe") == 0 || strcmp(type, "unsubscribe") == 0)
        return &subscribe_fields;
    if (strcmp(type, "delivery.ack") == 0)
        return &delivery_ack_fields;
    return NULL;
}

const char *verb_name(enum verb verb)
{
    return verb_names.items[verb];
}

const char *drop_how_name(enum drop_how how)
{
    return drop_how_names.items[how];
}

const char *refuse_how_name(enum refuse_how how)
{
    return refuse_how_names.items[how];
}

const char *client_do_name(enum client_do action)
{
    return client_do_names.items[action];
}

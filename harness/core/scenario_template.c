#include "core/scenario_template.h"

#include <stddef.h>
#include <string.h>

#define COMMENT_COLUMNS_MAX 90

/* Rules that one course of events shows share a template. */
struct template {
    const char *title;
    const char *why;
    const char *tags;     /* as they stand in the file */
    const char *settings; /* `server` and `client`, complete lines */
    const char *steps;    /* complete lines */
};

#define FROZEN_RING                                                                                \
    "  // A small ring overflows soon; a frozen clock makes every run the same.\n"                 \
    "  \"server\": { \"ring\": 20, \"clock\": { \"freeze\": true } },\n"
#define BEGIN                                                                                      \
    "    { \"accept\": {} },                      // the client connects\n"                        \
    "    { \"publish\": { \"count\": 5 } },         // numbered 1 to 5, sent at once\n"            \
    "    { \"settle\": {} },                      // until the application has them\n"
#define BREAK                                                                                      \
    "    { \"drop\": { \"how\": \"reset\" } },        // or fin, silent, mid-frame, close\n"
#define AGAIN                                                                                      \
    "    { \"accept\": {} },                      // it comes back by itself, and resyncs\n"       \
    "    { \"settle\": {} }\n"

static const struct template connect_template = {
    .title = "A client connects and gets what happens",
    .why = "Say here what a client could do wrong.",
    .tags = "\"connect\"",
    .steps = "    { \"accept\": {} },                      // the client connects\n"
             "    { \"expect\": { \"frame\": \"subscribe\" } },\n"
             "    { \"publish\": { \"count\": 5 } },         // numbered 1 to 5, sent at once\n"
             "    { \"settle\": {} }                       // until the application has them\n",
};

static const struct template fresh_template = {
    .title = "A connection breaks before the first event",
    .why = "Without an event there is no number to ask from: a resync would be invented.",
    .tags = "\"connect\"",
    .steps = "    { \"accept\": {} },\n"
             "    { \"expect\": { \"frame\": \"subscribe\" } },\n" BREAK
             "    { \"accept\": {} },\n"
             "    { \"publish\": { \"count\": 2 } },\n"
             "    { \"settle\": {} }\n",
};

static const struct template gap_template = {
    .title = "A few events are missed while the connection is down",
    .why = "The client has to ask for exactly what it has missed.",
    .tags = "\"resync\"",
    .steps = BEGIN BREAK
             "    { \"publish\": { \"count\": 7 } },         // nobody is connected: missed\n"
             AGAIN,
};

static const struct template quiet_template = {
    .title = "A connection breaks and nothing is missed",
    .why = "The answer to the resync is an ack without events.",
    .tags = "\"resync\"",
    .steps = BEGIN BREAK AGAIN,
};

static const struct template overflow_template = {
    .title = "More events are missed than the ring holds",
    .why = "The rest comes from the database, without numbers and behind newer events.",
    .tags = "\"overflow\", \"db\"",
    .settings = FROZEN_RING,
    .steps = BEGIN BREAK
             "    { \"advance\": { \"ms\": 3000 } },         // the server's clock; nobody waits\n"
             "    { \"publish\": { \"count\": 60 } },        // 20 fit the ring\n" AGAIN,
};

static const struct template reset_template = {
    .title = "The server restarts and counts from the beginning",
    .why = "New events have lower numbers than those that the client has seen.",
    .tags = "\"reset\"",
    .steps = BEGIN
             "    { \"restart\": { \"counter\": 0 } },       // the ring is empty as well\n"
             "    { \"publish\": { \"count\": 3 } },         // missed, numbered 1 to 3\n"
             "    { \"accept\": {} },\n"
             "    { \"settle\": {} },\n"
             "    { \"publish\": { \"count\": 2 } },         // live, still below the old number\n"
             "    { \"settle\": {} },\n" BREAK
             "    { \"publish\": { \"count\": 2 } },\n" AGAIN,
};

static const struct template malformed_template = {
    .title = "A malformed frame comes between two events",
    .why = "One bad frame must not end the stream.",
    .tags = "\"malformed\"",
    .steps = BEGIN
             "    // `text` goes out as it stands, `frame` as JSON.\n"
             "    { \"send\": { \"text\": \"this is no JSON\" } },\n"
             "    { \"send\": { \"frame\": { \"type\": 7 } } },\n"
             "    { \"publish\": { \"count\": 3 } },\n"
             "    { \"settle\": {} }\n",
};

static const struct template unknown_template = {
    .title = "An event of a type that the client does not know",
    .why = "An old client meets a new server.",
    .tags = "\"events\"",
    .steps = "    { \"accept\": {} },\n"
             "    { \"publish\": { \"type\": \"poll.opened\", \"count\": 3 } },\n"
             "    { \"settle\": {} }\n",
};

static const struct template again_template = {
    .title = "An event comes a second time",
    .why = "It has the same id and type, so the application must not get it again.",
    .tags = "\"dedupe\"",
    .steps = "    { \"accept\": {} },\n"
             "    { \"publish\": { \"as\": \"first\" } },    // `as` names it\n"
             "    { \"publish\": { \"count\": 100 } },\n"
             "    { \"send\": { \"again\": \"first\" } },    // `row`: as the database would\n"
             "    { \"settle\": {} },\n"
             "    { \"expect\": { \"dispatched\": { \"first\": 1 } } }\n",
};

static const struct template many_template = {
    .title = "After thousands of events the newest come again",
    .why = "A bounded memory must forget the oldest ids and none of the newest 2,500.",
    .tags = "\"dedupe\"",
    .steps = "    { \"accept\": {} },\n"
             "    { \"publish\": { \"count\": 3000 } },\n"
             "    { \"publish\": { \"as\": \"newest\" } },   // `as` names it\n"
             "    { \"publish\": { \"count\": 100 } },\n"
             "    { \"send\": { \"again\": \"newest\" } },\n"
             "    { \"settle\": {} },\n"
             "    { \"expect\": { \"dispatched\": { \"newest\": 1 } } }\n",
};

static const struct template same_id_template = {
    .title = "Two events of different types have one id",
    .why = "A client that goes by the id alone drops the second.",
    .tags = "\"dedupe\"",
    .steps = "    { \"accept\": {} },\n"
             "    { \"publish\": { \"type\": \"message.created\" } },\n"
             "    { \"publish\": { \"type\": \"thread.reply\", \"id\": \"same\" } },\n"
             "    { \"settle\": {} }\n",
};

static const struct template backoff_template = {
    .title = "Reconnects are refused for a while",
    .why = "The client must try again, more and more slowly.",
    .tags = "\"backoff\"",
    .settings = "  \"client\": { \"reconnect_base_ms\": 20, \"reconnect_max_ms\": 500 },\n",
    .steps = BEGIN BREAK
             "    { \"refuse\": { \"times\": 3, \"status\": 503 } },\n"
             "    { \"publish\": { \"count\": 4 } },\n" AGAIN,
};

static const struct template ack_template = {
    .title = "The ack of a resync comes twice",
    .why = "Acks that are late, missing, repeated or malformed must not hold the client up.",
    .tags = "\"ack\", \"resync\"",
    .steps = BEGIN BREAK
             "    { \"publish\": { \"count\": 4 } },\n"
             "    { \"set\": { \"ack\": \"twice\" } },       // or omit, or an object of fields\n"
             AGAIN,
};

static const struct template cut_template = {
    .title = "A replay is cut off in the middle",
    .why = "The cursor may stand only at the end of what has come.",
    .tags = "\"cut\", \"resync\"",
    .steps = BEGIN BREAK
             "    { \"publish\": { \"count\": 40 } },\n"
             "    { \"set\": { \"cut_replay_after\": 10 } }, // frames; then it breaks\n"
             "    { \"accept\": {} },\n" AGAIN,
};

static const struct template overtake_template = {
    .title = "A live event overtakes a replay that breaks off",
    .why = "The live event has the highest number, and older ones are still missing.",
    .tags = "\"cut\", \"live\", \"resync\"",
    .steps = BEGIN BREAK
             "    { \"publish\": { \"count\": 40 } },\n"
             "    { \"set\": { \"live_before_replay\": 1, \"cut_replay_after\": 10 } },\n"
             "    { \"accept\": {} },\n" AGAIN,
};

static const struct template idless_template = {
    .title = "An event without an id comes a second time",
    .why = "Only its number tells that it is the same.",
    .tags = "\"idless\"",
    .steps = "    { \"accept\": {} },\n"
             "    { \"publish\": { \"type\": \"message.read\", \"as\": \"read\" } },\n"
             "    { \"send\": { \"again\": \"read\" } },\n"
             "    { \"settle\": {} }\n",
};

static const struct template wire_template = {
    .title = "A message arrives in fragments with a ping between",
    .why = "Control frames may stand between the fragments of a message (RFC 6455, 5.4).",
    .tags = "\"wire\"",
    .steps = "    { \"accept\": {} },\n"
             "    { \"publish\": { \"as\": \"whole\" } },    // `as` names it\n"
             "    { \"settle\": {} },\n"
             "    { \"send\": { \"again\": \"whole\", \"fragments\": 3,\n"
             "                \"between\": \"ping\" } },\n"
             "    { \"publish\": { \"count\": 2 } },\n"
             "    { \"settle\": {} }\n",
};

static const struct template throw_template = {
    .title = "A handler of the application throws",
    .why = "The other handlers and later events must not suffer from it.",
    .tags = "\"application\"",
    .steps = BEGIN
             "    { \"client\": { \"do\": \"throw\" } },     // on the next event\n"
             "    { \"publish\": { \"count\": 3 } },\n"
             "    { \"settle\": {} }\n",
};

static const struct template silent_template = {
    .title = "A connection goes silent without being closed",
    .why = "Nothing comes any more, no error either: only pings can tell.",
    .tags = "\"keepalive\"",
    .settings = "  \"client\": { \"ping_ms\": 50, \"pong_timeout_ms\": 100 },\n",
    .steps = BEGIN
             "    { \"drop\": { \"how\": \"silent\" } },\n"
             "    { \"publish\": { \"count\": 3 } },\n" AGAIN,
};

static const struct template flapping_template = {
    .title = "The server accepts and closes at once, again and again",
    .why = "Delays must go on growing, or all clients together keep the server down.",
    .tags = "\"backoff\"",
    .settings = "  \"client\": { \"reconnect_base_ms\": 20, \"reconnect_max_ms\": 500 },\n",
    .steps = "    { \"repeat\": { \"times\": 7, \"steps\": [\n"
             "      { \"accept\": {} },\n"
             "      { \"drop\": { \"how\": \"fin\" } }\n"
             "    ] } },\n"
             "    { \"accept\": {} },\n"
             "    { \"publish\": { \"count\": 2 } },\n"
             "    { \"settle\": {} }\n",
};

static const struct template stop_template = {
    .title = "The application disconnects for good",
    .why = "Nothing may be dispatched afterwards, and no connection may come.",
    .tags = "\"application\"",
    .steps = BEGIN
             "    { \"client\": { \"do\": \"stop\" } },\n"
             "    { \"publish\": { \"count\": 3 } },         // owed to nobody any more\n"
             "    { \"expect\": { \"nothing\": \"connection\", \"for_ms\": 300 } }\n",
};

static const struct template *const templates[RULE_COUNT] = {
    [RULE_C1] = &connect_template,
    [RULE_C2] = &fresh_template,
    [RULE_C3] = &gap_template,
    [RULE_C4] = &gap_template,
    [RULE_C5] = &overflow_template,
    [RULE_C6] = &connect_template,
    [RULE_C7] = &gap_template,
    [RULE_C8] = &overflow_template,
    [RULE_C9] = &reset_template,
    [RULE_C10] = &gap_template,
    [RULE_C11] = &malformed_template,
    [RULE_C12] = &unknown_template,
    [RULE_C13] = &again_template,
    [RULE_C14] = &many_template,
    [RULE_C15] = &same_id_template,
    [RULE_C16] = &backoff_template,
    [RULE_C17] = &ack_template,
    [RULE_C18] = &cut_template,
    [RULE_C19] = &overtake_template,
    [RULE_C20] = &idless_template,
    [RULE_C21] = &reset_template,
    [RULE_C22] = &gap_template,
    [RULE_C23] = &connect_template,
    [RULE_C24] = &wire_template,
    [RULE_C25] = &throw_template,
    [RULE_C26] = &silent_template,
    [RULE_C27] = &flapping_template,
    [RULE_C28] = &stop_template,
    [RULE_S1] = &overflow_template,
    [RULE_S2] = &quiet_template,
    [RULE_S3] = &gap_template,
    [RULE_S4] = &overflow_template,
    [RULE_S5] = &overflow_template,
    [RULE_S6] = &gap_template,
    [RULE_S8] = &reset_template,
    [RULE_S9] = &overtake_template,
    [RULE_S10] = &connect_template,
};

/* The rule's sentence as a comment, broken between words. */
static void append_comment(const struct rule_info *info, struct buffer *out)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    buffer_printf(&text, "%s: the %s %s.", info->id,
                  info->level == RULE_LEVEL_SERVER ? "server" : "client", info->sentence);
    const char *rest = buffer_text(&text);
    size_t column = 0;
    while (*rest) {
        size_t word_bytes = strcspn(rest, " ");
        if (column == 0 || column + 1 + word_bytes > COMMENT_COLUMNS_MAX) {
            buffer_append_text(out, column ? "\n//" : "//");
            column = 2;
        }
        buffer_printf(out, " %.*s", (int)word_bytes, rest);
        column += 1 + word_bytes;
        rest += word_bytes + strspn(rest + word_bytes, " ");
    }
    buffer_append_text(out, "\n");
    buffer_free(&text);
}

bool scenario_template_print(enum rule rule, const char *schema, struct buffer *out)
{
    const struct template *template = rule < RULE_COUNT ? templates[rule] : NULL;
    if (!template)
        return false;
    const struct rule_info *info = rule_info(rule);
    append_comment(info, out);
    buffer_append_text(out, "// What may stand here: scenarios/README.md.\n{\n");
    if (schema)
        buffer_printf(out, "  \"$schema\": \"%s\",\n", schema);
    buffer_printf(out, "  \"title\": \"%s\",\n", template->title);
    buffer_printf(out, "  \"why\": \"%s\",\n", template->why);
    buffer_printf(out,
                  "  \"rules\": [\"%s\"], // all rules are judged; those named here must come up\n"
                  "  \"tags\": [%s],\n",
                  info->id, template->tags);
    buffer_append_text(out, template->settings ? template->settings : "");
    buffer_printf(out, "  \"steps\": [\n%s  ]\n}\n", template->steps);
    return true;
}

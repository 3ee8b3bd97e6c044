/* What is seen in small scenarios, played live. */
#include "cmd/doctor_inspect.h"

#include "core/event.h"
#include "core/memory.h"
#include "core/scenario.h"
#include "io/live.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define ALWAYS      (-1)
#define TEXT_(text) #text
#define TEXT(value) TEXT_(value)

/* ---- the scenarios ---- */

#define STEPS(title, rest) "{\"title\":\"doctor: " title "\",\"rules\":[\"C-7\"]," rest "]}"
#define CONNECTED          "{\"accept\":{\"timeout_ms\":3000}},"
#define SEEN               CONNECTED "{\"publish\":{\"count\":2}},{\"settle\":{}},"
#define CHANNELS           "\"client\":{\"channels\":[\"general\",\"random\"]},"
#define EVERY_TYPE         "%s" /* a publish for each */
#define CROWD                                                                                      \
    STEPS("several clients at once", "\"steps\":[" CONNECTED                                       \
          "{\"publish\":{\"count\":30,\"every_ms\":5}},{\"settle\":{}}")

enum played {
    FIRST, GAP, TYPES, WILDCARD, SUBSCRIBE, RECONNECT, THROW, SLOW, CLOCK, BACKOFF, GIVE_UP,
    KEEPALIVE, STOP, NODE, SEALED,
    CROWD_1, CROWD_2, CROWD_3, /* at once */
    SLOWPOKE, NEIGHBOUR,       /* at once */
    PLAYED_COUNT
};

static const char *const scenario_texts[PLAYED_COUNT] = {
    [FIRST] = STEPS("first connection", CHANNELS "\"steps\":["
        "{\"accept\":{\"path\":\"/v1/ws\",\"token\":\"gapcheck-token\",\"timeout_ms\":3000}},"
        "{\"publish\":{\"count\":3}},{\"publish\":{\"size\":3000}},{\"settle\":{}}"),
    [GAP] = STEPS("a short gap", CHANNELS "\"steps\":[" SEEN
        "{\"drop\":{}},{\"publish\":{\"count\":3}},{\"accept\":{}},{\"settle\":{}}"),
    [TYPES] = STEPS("every type", "\"steps\":[" CONNECTED EVERY_TYPE "{\"settle\":{}}"),
    [WILDCARD] = STEPS("an unknown type", "\"steps\":[" CONNECTED
        "{\"publish\":{\"type\":\"space.launched\"}},{\"settle\":{}}"),
    [SUBSCRIBE] = STEPS("channels", CHANNELS "\"steps\":[" SEEN
        "{\"client\":{\"do\":\"subscribe\",\"channels\":[\"support\"]}},{\"wait\":{\"ms\":150}},"
        "{\"client\":{\"do\":\"unsubscribe\",\"channels\":[\"general\"]}},"
        "{\"wait\":{\"ms\":150}},{\"drop\":{}},{\"accept\":{}},{\"settle\":{}}"),
    [RECONNECT] = STEPS("reconnect", "\"steps\":[" SEEN
        "{\"client\":{\"do\":\"reconnect\"}},{\"accept\":{\"timeout_ms\":3000}},{\"settle\":{}}"),
    [THROW] = STEPS("throw", "\"steps\":[" SEEN "{\"client\":{\"do\":\"throw\"}},"
        "{\"publish\":{}},{\"wait\":{\"ms\":50}},{\"publish\":{\"count\":2}},{\"settle\":{}}"),
    [SLOW] = STEPS("slow", "\"steps\":[" SEEN
        "{\"client\":{\"do\":\"slow\",\"ms\":" TEXT(DOCTOR_SLOW_MS) "}},"
        "{\"publish\":{\"count\":4}},{\"settle\":{}}"),
    [CLOCK] = STEPS("clock",
        "\"server\":{\"clock\":{\"skew_ms\":" TEXT(DOCTOR_SERVER_SKEW_MS) "}},"
        "\"client\":{\"clock_skew_ms\":-7200000},\"steps\":[" SEEN
        "{\"drop\":{}},{\"accept\":{}},{\"settle\":{}}"),
    [BACKOFF] = STEPS("delays", "\"client\":{\"reconnect_base_ms\":" TEXT(DOCTOR_BASE_MS) ","
        "\"reconnect_max_ms\":" TEXT(DOCTOR_MAX_MS) "},\"steps\":[" SEEN
        "{\"drop\":{}},{\"refuse\":{\"times\":3}},{\"accept\":{\"timeout_ms\":8000}},"
        "{\"settle\":{}}"),
    [GIVE_UP] = STEPS("giving up", "\"client\":{\"max_reconnect_attempts\":3},\"steps\":[" SEEN
        "{\"drop\":{}},{\"refuse\":{\"times\":50}},{\"expect\":{\"gave_up\":true}}"),
    [KEEPALIVE] = STEPS("pings", "\"client\":{\"ping_ms\":" TEXT(DOCTOR_PING_MS) ","
        "\"pong_timeout_ms\":2000},\"steps\":[" SEEN "{\"wait\":{\"ms\":600}},{\"settle\":{}}"),
    [STOP] = STEPS("stop", "\"steps\":[" SEEN
        "{\"client\":{\"do\":\"stop\"}},{\"publish\":{\"count\":3}},{\"wait\":{\"ms\":300}}"),
    [NODE] = STEPS("the node stream", "\"dialect\":\"node\",\"steps\":[" SEEN
        "{\"drop\":{}},{\"publish\":{\"count\":3}},{\"accept\":{\"timeout_ms\":3000}},"
        "{\"settle\":{}}"),
    [SEALED] = STEPS("over TLS", "\"server\":{\"tls\":true},\"steps\":[" CONNECTED
        "{\"publish\":{}},{\"settle\":{}}"),
    [CROWD_1] = CROWD,
    [CROWD_2] = CROWD,
    [CROWD_3] = CROWD,
    [SLOWPOKE] = STEPS("a slow client", "\"steps\":[" SEEN
        "{\"client\":{\"do\":\"slow\",\"ms\":400}},{\"publish\":{\"count\":3}},{\"settle\":{}}"),
    [NEIGHBOUR] = STEPS("its neighbour", "\"steps\":[" CONNECTED
        "{\"publish\":{\"count\":40,\"every_ms\":30}},{\"settle\":{}}"),
};
_Static_assert(DOCTOR_CLIENT_SKEW_MS == -7200000, "as it stands in CLOCK");

/* ---- the checks ---- */

struct scenario_check {
    struct doctor_check check;
    int capability; /* ALWAYS, or what must be claimed */
    enum played scenario, last; /* `last`: 0, or the last of those that it is asked of */
    doctor_inspection *inspect;
};

#define START                                                                                      \
    "make a client, register handlers for every event, subscribe to `channels` on every open, "    \
    "connect"
#define EVENT "an application handler was called with `data`"

static const struct scenario_check checks[] = {
    {{"`start` leads to a connection", "an upgrade of the `url` of the op, with its `token`",
      START,
      "Build the SDK's address from `url` or `base_url`, and give it `token`, as they come."},
     ALWAYS, FIRST, 0, doctor_inspect_connect},
    {{"an event reaches the application", "{\"ev\":\"event\",\"client\":…,\"type\":…,\"data\":…} "
      "with gc-1 in a string of `data`", EVENT,
      "Put what the SDK's handler gets into `data` as it is."},
     ALWAYS, FIRST, 0, doctor_inspect_event},
    {{"it subscribes to the channels of `start`", "`general` and `random` in `subscribe` frames",
      START, "Call the SDK's subscribe with `channels` in its open handler."},
     ALWAYS, FIRST, 0, doctor_inspect_channels},
    {{"each event has one line", "one `event` line for each of 4 events", EVENT,
      "Register one handler for an event: a wildcard handler beside one for its type tells it "
      "twice."},
     ALWAYS, FIRST, 0, doctor_inspect_once},
    {{"the text of an event is unchanged", "every byte of a text of 3,000 bytes",
      "UTF-8, `\\n` line ends", "Write UTF-8 and cut nothing off; some languages want standard "
      "output set to UTF-8."},
     ALWAYS, FIRST, 0, doctor_inspect_text},
    {{"it subscribes again on the next connection", "`general` and `random` in `subscribe` frames "
      "after a reconnect", START,
      "Subscribe in the SDK's open handler and not once behind connect."},
     ALWAYS, GAP, 0, doctor_inspect_channels_again},
    {{"it connects over TLS", "an upgrade of the `wss:` address in `url`",
      "the certificate to trust",
      "Where `options` has a `ca_file`, give that certificate to whatever the SDK connects with."},
     ALWAYS, SEALED, 0, doctor_inspect_connect},
    {{"every type of event has a line", "a line for each type that the protocol has", START,
      "Register a handler for the types that are missing. If the SDK drops them by itself, leave "
      "it: `gapcheck run` tells it as C-7."},
     ALWAYS, TYPES, 0, doctor_inspect_types},
    {{"lifecycle events are no `event` lines",
      "`open`, `resynced` and the others on lines of their own",
      "Lifecycle events are reported once, by their own line and not also as `event`",
      "Leave them out in the wildcard handler."},
     ALWAYS, GAP, 0, doctor_inspect_lifecycle_lines},
    {{"`stop` ends a client", "`stopped`, and then no line but perhaps `close`",
      "the application disconnects for good, then the driver answers `stopped`",
      "Disconnect first, then answer. If it is the SDK that goes on by itself, filter nothing: "
      "`gapcheck run` tells it as C-28."},
     ALWAYS, STOP, 0, doctor_inspect_stop},
    {{"`multi`: several clients at once", "each of 30 events once, for each of 3 clients",
      "One driver process serves many *clients* at once, told apart by `client`",
      "Keep everything that belongs to a client in a table under its name, nothing in globals."},
     DRIVER_CAPABILITY_MULTI, CROWD_1, CROWD_3, doctor_inspect_once},
    {{"`open` is told", "one `open` line for each of 2 connections", "the SDK's lifecycle events",
      "Write it in the SDK's open handler, for every connection; or do not claim `open`."},
     DRIVER_CAPABILITY_OPEN, GAP, 0, doctor_inspect_open},
    {{"`close` is told", "a `close` line when the connection is lost", "the SDK's lifecycle events",
      "Write it in the SDK's close handler; or do not claim `close`."},
     DRIVER_CAPABILITY_CLOSE, GAP, 0, doctor_inspect_close},
    {{"`reconnecting` is told", "a `reconnecting` line with a number `attempt`",
      "a reconnect was scheduled", "Write it in the SDK's handler, with the number of the attempt; "
      "or do not claim `reconnecting`."},
     DRIVER_CAPABILITY_RECONNECTING, GAP, 0, doctor_inspect_reconnecting},
    {{"`permanently_disconnected` is told", "such a line after 3 attempts, the limit of `start`",
      "the SDK gave up", "Give max_reconnect_attempts to the SDK and write the line in its "
      "handler; or do not claim it."},
     DRIVER_CAPABILITY_PERMANENTLY_DISCONNECTED, GIVE_UP, 0, doctor_inspect_gave_up},
    {{"`resynced` is told", "a `resynced` line with `replayed` and `gap_detected`",
      "the SDK's resynced event", "Map the SDK's fields to a number `replayed` and a boolean "
      "`gap_detected`; or do not claim `resynced`."},
     DRIVER_CAPABILITY_RESYNCED, GAP, 0, doctor_inspect_resynced},
    {{"`wildcard`: an unknown type reaches a handler", "an `event` line for an event that no SDK "
      "knows", "unknown types reach a handler", "Register the SDK's wildcard handler; without one "
      "do not claim `wildcard`."},
     DRIVER_CAPABILITY_WILDCARD, WILDCARD, 0, doctor_inspect_wildcard},
    {{"`subscribe` adds channels", "a `subscribe` frame for `support`, and again on the next "
      "connection", "the application's call; from then on part of what it subscribes to on every "
      "open", "Call the SDK's subscribe, and add the channels to those of the open handler."},
     DRIVER_CAPABILITY_SUBSCRIBE, SUBSCRIBE, 0, doctor_inspect_subscribe},
    {{"`unsubscribe` takes channels away", "an `unsubscribe` frame for `general`, and no subscribe "
      "for it on the next connection", "the application's call; from then on part of what it "
      "subscribes to on every open",
      "Call the SDK's unsubscribe, and take the channels out of those of the open handler."},
     DRIVER_CAPABILITY_SUBSCRIBE, SUBSCRIBE, 0, doctor_inspect_unsubscribe},
    {{"`reconnect` makes a new connection", "a new connection within 3 s",
      "the application asks for a new connection",
      "Call the SDK's reconnect; without one do not claim `reconnect`."},
     DRIVER_CAPABILITY_RECONNECT, RECONNECT, 0, doctor_inspect_reconnect},
    {{"`throw` has a second handler in place", "a line for the event that throws, and lines with "
      "\"handler\":2 from then on only", "Only from this call on, a second handler is in place as "
      "well; its lines carry `\"handler\": 2`", "Write the line, then throw; register the second "
      "handler in the op, once."},
     DRIVER_CAPABILITY_THROW, THROW, 0, doctor_inspect_throw},
    {{"`slow` makes the handler slow", "4 events at least 80 ms apart each",
      "the application's handler takes so long for each event from here on", "Wait in the handler, "
      "behind its line; block where the SDK does not wait for handlers (and claim `alone`)."},
     DRIVER_CAPABILITY_SLOW, SLOW, 0, doctor_inspect_slow},
    {{"`slow` leaves other clients alone", "events of another client within 250 ms",
      "with `slow` or `clock_skew`: these act on the whole process",
      "Claim `alone`: such scenarios then get a process of their own."},
     DRIVER_CAPABILITY_SLOW, NEIGHBOUR, 0, doctor_inspect_neighbour},
    {{"`clock_skew` shifts the client's clock", "a `since` two hours behind the true time",
      "shift the client's own clock by this much",
      "Shift whatever the SDK reads its time from by clock_skew_ms, before the client is made."},
     DRIVER_CAPABILITY_CLOCK_SKEW, CLOCK, 0, doctor_inspect_clock},
    {{"`backoff`: a short delay is short", "a new connection soon after 20 ms",
      "the reconnect options are obeyed",
      "Give reconnect_base_ms and reconnect_max_ms to the SDK, in its own units."},
     DRIVER_CAPABILITY_BACKOFF, GAP, 0, doctor_inspect_small_delay},
    {{"`backoff`: delays follow the options", "a first delay of about 150 ms, later ones up to 300 "
      "ms", "the reconnect options are obeyed",
      "Give reconnect_base_ms and reconnect_max_ms to the SDK, in its own units."},
     DRIVER_CAPABILITY_BACKOFF, BACKOFF, 0, doctor_inspect_delays},
    {{"`keepalive`: pings follow the options", "a ping every 60 ms",
      "so are the ping options", "Give ping_ms to the SDK, in its own units."},
     DRIVER_CAPABILITY_KEEPALIVE, KEEPALIVE, 0, doctor_inspect_ping},
    {{"`node`: a token and a connection", "a POST of /v1/agent/node-token at `base_url`, and an "
      "upgrade of /v1/node/ws with what it brings", "`agent` or `node`: which stream the client "
      "speaks",
      "With the option `dialect` of `node` give `base_url` and `token` to the part of the SDK that "
      "speaks the node stream; without one do not claim `node`."},
     DRIVER_CAPABILITY_NODE, NODE, 0, doctor_inspect_node_connect},
    {{"`node`: each delivery has one line", "node.register, and one `event` line for each of 5 "
      "deliveries, 3 of them after a reconnect", EVENT,
      "Register the handlers as on the agent stream. If it is the SDK that loses or repeats them, "
      "leave it: `gapcheck run` tells it as C-7."},
     DRIVER_CAPABILITY_NODE, NODE, 0, doctor_inspect_node_once},
};

#define CHECK_COUNT (sizeof checks / sizeof checks[0])

const struct doctor_check *doctor_scenario_check(size_t index)
{
    return index < CHECK_COUNT ? &checks[index].check : NULL;
}

/* ---- playing ---- */

struct player {
    struct doctor_report *report;
    struct live_config config;
    struct scenario_set sets[PLAYED_COUNT];
    bool is_played[PLAYED_COUNT];
    struct live_result results[PLAYED_COUNT]; /* owned */
    bool is_fault_told[PLAYED_COUNT];
    enum played batch[PLAYED_COUNT];          /* of the live_run in progress */
    bool is_interrupted;
};

static void load(enum played played, struct scenario_set *set)
{
    struct buffer text;
    struct error_list errors;
    buffer_init(&text, BUFFER_NO_LIMIT);
    error_list_init(&errors);
    const char *types = strstr(scenario_texts[played], EVERY_TYPE);
    const char *end = types ? types : scenario_texts[played] + strlen(scenario_texts[played]);
    buffer_append(&text, scenario_texts[played], (size_t)(end - scenario_texts[played]));
    for (size_t i = 0; types && event_type_at(i); i++)
        buffer_printf(&text, "{\"publish\":{\"type\":\"%s\"}},", event_type_at(i)->name);
    if (types)
        buffer_append_text(&text, types + strlen(EVERY_TYPE));
    bool is_loaded = scenario_load(text.data, text.size_bytes, "doctor", "doctor", set, &errors);
    assert(is_loaded && set->count == 1); /* they are ours */
    (void)is_loaded;
    error_list_free(&errors);
    buffer_free(&text);
}

static void on_hello(void *user, const struct driver_hello *hello)
{
    (void)user;
    (void)hello; /* known since doctor_check_process */
}

static bool on_result(void *user, size_t index, struct live_result *result)
{
    struct player *player = user;
    player->results[player->batch[index]] = *result;
    player->is_played[player->batch[index]] = true;
    return true;
}

static void play(struct player *player, const enum played *list, size_t count, size_t jobs)
{
    const struct scenario *scenarios[PLAYED_COUNT];
    struct live_callbacks callbacks = {player, on_hello, on_result, NULL};
    if (count == 0 || player->is_interrupted)
        return;
    for (size_t i = 0; i < count; i++) {
        player->batch[i] = list[i];
        load(list[i], &player->sets[list[i]]);
        scenarios[i] = player->sets[list[i]].items[0];
    }
    player->config.jobs = jobs;
    if (live_run(&player->config, scenarios, count, &callbacks) == LIVE_INTERRUPTED)
        player->is_interrupted = true;
}

static bool claims(const struct player *player, enum driver_capability capability)
{
    return driver_capabilities_have(player->report->capabilities, capability);
}

/* A driver whose slowness acts on the whole process says so, and gets none to share. */
static bool shares_while_slow(const struct player *player)
{
    return claims(player, DRIVER_CAPABILITY_MULTI) && claims(player, DRIVER_CAPABILITY_SLOW) &&
           !claims(player, DRIVER_CAPABILITY_ALONE);
}

/* Why a check is not made; NULL if it is. */
static const char *why_not(const struct player *player, const struct scenario_check *check)
{
    if (check->capability != ALWAYS &&
        !claims(player, (enum driver_capability)check->capability))
        return "not claimed";
    if (check->scenario == NEIGHBOUR && !shares_while_slow(player))
        return claims(player, DRIVER_CAPABILITY_ALONE) ? "the driver claims `alone`"
                                                       : "the driver does not claim `multi`";
    return NULL;
}

/* One after the other, so that a fault of one client cannot be another's. */
static void play_single(struct player *player)
{
    enum played list[PLAYED_COUNT];
    size_t count = 0;
    for (int played = GAP; played < CROWD_1; played++) {
        bool is_wanted = false;
        for (size_t i = 0; i < CHECK_COUNT; i++)
            is_wanted = is_wanted || ((int)checks[i].scenario == played &&
                                      why_not(player, &checks[i]) == NULL);
        if (is_wanted)
            list[count++] = (enum played)played;
    }
    play(player, list, count, 1);
}

static void play_together(struct player *player)
{
    static const enum played crowd[] = {CROWD_1, CROWD_2, CROWD_3}, pair[] = {SLOWPOKE, NEIGHBOUR};
    if (claims(player, DRIVER_CAPABILITY_MULTI))
        play(player, crowd, sizeof crowd / sizeof crowd[0], sizeof crowd / sizeof crowd[0]);
    if (shares_while_slow(player))
        play(player, pair, sizeof pair / sizeof pair[0], sizeof pair / sizeof pair[0]);
}

/* ---- what came of it ---- */

/* What went wrong around the scenario, so that there is nothing to inspect; else NULL. */
static const char *fault_of(struct player *player, enum played played)
{
    const struct live_result *result = &player->results[played];
    if (result->error) {
        player->report->is_broken = true;
        return result->error;
    }
    if (!result->transcript)
        return result->client_error ? result->client_error : "it was not played";
    for (size_t i = 0; i < result->transcript->count; i++)
        if (result->transcript->entries[i].kind == TRANSCRIPT_FAULT)
            return result->transcript->entries[i].text;
    return NULL;
}

static void set_fault(struct player *player, enum played played, const char *fault,
                      struct doctor_outcome *outcome)
{
    if (player->is_fault_told[played]) {
        doctor_set(outcome, DOCTOR_UNSEEN, "not to be seen for the same reason");
        return;
    }
    player->is_fault_told[played] = true;
    outcome->status = DOCTOR_WRONG;
    doctor_quote(&outcome->text, fault, strlen(fault));
    outcome->advice = "Have the driver survive it: catch what the SDK throws, print only lines of "
                      "the protocol, and see the driver's own log.";
}

static void evaluate(struct player *player, const struct scenario_check *check)
{
    struct doctor_outcome outcome;
    const char *reason = why_not(player, check);
    doctor_outcome_init(&outcome);
    if (!reason && !player->is_played[check->scenario])
        reason = "not looked at: no event reaches the application yet";
    if (reason) {
        doctor_set(&outcome, DOCTOR_UNSEEN, "%s", reason);
        doctor_add(player->report, &check->check, &outcome);
        return;
    }
    int last = check->last ? (int)check->last : (int)check->scenario;
    for (int i = (int)check->scenario; i <= last && outcome.status == DOCTOR_FINE; i++) {
        const char *fault = fault_of(player, (enum played)i);
        if (fault)
            set_fault(player, (enum played)i, fault, &outcome);
        else
            check->inspect(player->results[i].transcript, &outcome);
    }
    doctor_add(player->report, &check->check, &outcome);
}

/* Everything else is about events. */
static bool has_event(struct player *player)
{
    struct doctor_outcome outcome;
    if (fault_of(player, FIRST))
        return false;
    doctor_outcome_init(&outcome);
    doctor_inspect_event(player->results[FIRST].transcript, &outcome);
    buffer_free(&outcome.text);
    return outcome.status == DOCTOR_FINE;
}

void doctor_check_scenarios(struct doctor_report *report, const char *command, double timeout_scale)
{
    static const enum played first[] = {FIRST};
    struct player *player = memory_alloc(1, sizeof *player);
    player->report = report;
    player->config = (struct live_config){.command = command,
                                          .listen = "127.0.0.1",
                                          .seed = 1,
                                          .timeout_scale = timeout_scale};
    play(player, first, 1, 1);
    if (!player->is_interrupted && has_event(player)) {
        play_single(player);
        play_together(player);
    }
    if (player->is_interrupted)
        report->is_broken = true;
    for (size_t i = 0; i < CHECK_COUNT && !player->is_interrupted; i++)
        evaluate(player, &checks[i]);
    for (size_t i = 0; i < PLAYED_COUNT; i++) {
        transcript_free(player->results[i].transcript);
        free(player->results[i].client_error);
        free(player->results[i].error);
        scenario_set_free(&player->sets[i]);
    }
    free(player);
}

#include "core/client_policy.h"

#include <string.h>

/* Name, the rule it breaks, what it does, and the one field in which it differs. */
#define POLICIES(X)                                                                                \
    X("reference", "", "keeps every rule", .dedupe = CLIENT_DEDUPE_TYPE_AND_ID)                    \
    X("dedupe-off", "C-7", "dispatches an event as often as it is sent",                           \
      .dedupe = CLIENT_DEDUPE_OFF)                                                                 \
    X("dedupe-by-number", "C-7", "knows an event by its agent_seq, which rows do not carry",      \
      .dedupe = CLIENT_DEDUPE_SEQUENCE)                                                            \
    X("dedupe-by-id", "C-15", "takes the same id under another type for the same event",           \
      .dedupe = CLIENT_DEDUPE_ID)                                                                  \
    X("dedupe-by-message-id", "C-7", "knows an event by the id of the message that it speaks of",  \
      .dedupe = CLIENT_DEDUPE_MESSAGE_ID)                                                          \
    X("dedupe-by-content", "C-7", "knows an event by all that it says, and not by its id",         \
      .dedupe = CLIENT_DEDUPE_CONTENT)                                                             \
    X("dedupe-too-small", "C-13", "remembers 2,048 ids, fewer than one replay can hold",           \
      .dedupe_count = 2048)                                                                        \
    X("dedupe-one-short", "C-13", "remembers 2,499 ids, one less than it must",                    \
      .dedupe_count = 2499)                                                                        \
    X("dedupe-forgets-on-reconnect", "C-7", "forgets all ids when it reconnects",                  \
      .dedupe_forgets_on_reconnect = true)                                                         \
    X("dedupe-evicts-newest", "C-14", "forgets the newest id instead of the oldest when full",     \
      .dedupe_evicts_newest = true)                                                                \
    X("cursor-one-high", "C-4", "asks from one number too high",                                   \
      .cursor = CLIENT_CURSOR_ONE_HIGH)                                                            \
    X("cursor-one-low", "C-4", "asks from one number too low", .cursor = CLIENT_CURSOR_ONE_LOW)    \
    X("cursor-highest", "C-19", "asks from the highest number seen, over the holes below it",      \
      .cursor = CLIENT_CURSOR_HIGHEST)                                                             \
    X("cursor-latest", "C-19", "asks from the number that came last, over the holes below it",     \
      .cursor = CLIENT_CURSOR_LATEST)                                                              \
    X("cursor-known-types", "C-4", "does not count the numbers of unknown event types",            \
      .cursor_counts = CLIENT_CURSOR_COUNTS_KNOWN_TYPES)                                           \
    X("cursor-control-frames", "C-4", "lets the agent_seq of a pong or an ack move its cursor",    \
      .cursor_counts = CLIENT_CURSOR_COUNTS_CONTROL_TOO)                                           \
    X("cursor-rows", "C-8", "moves its cursor by one for every row",                               \
      .cursor_counts = CLIENT_CURSOR_COUNTS_ROWS_TOO)                                              \
    X("cursor-ignores-replay", "C-4", "does not count what a replay brought",                      \
      .cursor_counts = CLIENT_CURSOR_COUNTS_NO_REPLAY)                                             \
    X("cursor-blanked", "C-4", "loses its cursor over an event without number",                    \
      .cursor_counts = CLIENT_CURSOR_COUNTS_ABSENT_NUMBERS)                                        \
    X("cursor-counts-strings", "C-4", "takes an agent_seq in quotes for a number",                 \
      .cursor_counts = CLIENT_CURSOR_COUNTS_STRINGS_TOO)                                           \
    X("cursor-counts-infinity", "C-4",                                                             \
      "takes 1e999 for the highest number, and asks from null ever after",                         \
      .cursor_counts = CLIENT_CURSOR_COUNTS_INFINITY)                                              \
    X("cursor-skips-repeats", "C-4",                                                               \
      "does not count the number of an event whose id it knows already",                           \
      .cursor_counts = CLIENT_CURSOR_COUNTS_NEW_EVENTS)                                            \
    X("since-missing", "C-5", "gives no since", .since = CLIENT_SINCE_MISSING)                     \
    X("since-unbiased", "C-5", "gives the moment at which the last frame came, without margin",    \
      .since = CLIENT_SINCE_UNBIASED)                                                              \
    X("since-now", "C-5", "gives the moment at which it reconnects", .since = CLIENT_SINCE_NOW)    \
    X("since-number", "C-5", "gives milliseconds where a date is wanted",                          \
      .since = CLIENT_SINCE_NUMBER)                                                                \
    X("since-local-clock", "C-5", "trusts its own clock: no Date header and no margin",            \
      .since = CLIENT_SINCE_LOCAL_CLOCK)                                                           \
    X("since-last-frame", "C-5", "lets an unfinished replay move its since",                       \
      .since = CLIENT_SINCE_LAST_FRAME)                                                            \
    X("since-epoch", "C-5", "always gives 1970, so that the oldest rows fill the answer",          \
      .since = CLIENT_SINCE_EPOCH)                                                                 \
    X("resync-never", "C-3", "sends no resync", .resync = CLIENT_RESYNC_NEVER)                     \
    X("resync-on-first-connection", "C-1", "sends a resync on its first connection",               \
      .resync = CLIENT_RESYNC_FIRST_CONNECTION_TOO)                                                \
    X("resync-blind", "C-2", "sends a resync although it has seen no number",                      \
      .resync = CLIENT_RESYNC_BLIND)                                                               \
    X("resync-twice", "C-3", "sends every resync twice", .resync = CLIENT_RESYNC_TWICE)            \
    X("resync-before-subscribe", "C-6", "sends its resync before it subscribes",                   \
      .resync = CLIENT_RESYNC_BEFORE_SUBSCRIBE)                                                    \
    X("resync-once-ever", "C-3", "sends a resync on its first reconnect only",                     \
      .resync = CLIENT_RESYNC_ONCE_EVER)                                                           \
    X("subscribe-once", "C-6", "does not subscribe again on a reconnect",                          \
      .subscribes_only_once = true)                                                                \
    X("subscribe-first-channels", "C-6",                                                           \
      "does not subscribe again to channels that were added later",                                \
      .subscribes_first_channels_only = true)                                                      \
    X("ack-unreported", "C-10", "does not report resynced", .ack = CLIENT_ACK_UNREPORTED)          \
    X("ack-reported-twice", "C-10", "reports resynced twice", .ack = CLIENT_ACK_REPORTED_TWICE)    \
    X("ack-as-event", "C-10", "hands the ack to the handlers of ordinary events",                  \
      .ack = CLIENT_ACK_IS_EVENT_TOO)                                                              \
    X("ack-gates-events", "C-17", "holds events back until the ack and loses them without it",     \
      .ack = CLIENT_ACK_GATES_EVENTS)                                                              \
    X("ack-gates-replay", "C-18",                                                                  \
      "holds a replay back until the ack, and loses it when it is cut",                            \
      .ack = CLIENT_ACK_GATES_REPLAY)                                                              \
    X("ack-malformed-fatal", "C-17", "dispatches nothing more after a malformed ack",              \
      .ack = CLIENT_ACK_MALFORMED_FATAL)                                                           \
    X("reset-unnoticed-in-ack", "C-21", "does not see a counter reset in the ack",                 \
      .reset = CLIENT_RESET_UNNOTICED_IN_ACK)                                                      \
    X("reset-keeps-number", "C-9", "keeps its old number after a counter reset",                   \
      .reset = CLIENT_RESET_KEEPS_NUMBER)                                                          \
    X("reset-drops-lower-numbers", "C-9", "takes events with lower numbers for old ones",          \
      .reset = CLIENT_RESET_DROPS_LOWER_NUMBERS)                                                   \
    X("reset-at-one-only", "C-9", "notices a counter reset only where it sees number 1",           \
      .reset = CLIENT_RESET_AT_ONE_ONLY)                                                           \
    X("rows-ignored", "C-8", "ignores replayed events without number", .rows_ignored = true)       \
    X("unknown-types-dropped", "C-12", "drops events of unknown types",                            \
      .unknown_types_dropped = true)                                                               \
    X("malformed-fatal", "C-11", "does nothing more after a malformed frame",                      \
      .malformed = CLIENT_MALFORMED_FATAL)                                                         \
    X("malformed-disconnects", "C-11", "disconnects for good after a malformed frame",             \
      .malformed = CLIENT_MALFORMED_DISCONNECTS)                                                   \
    X("backoff-flat", "C-16", "always waits the same before it reconnects",                        \
      .backoff = CLIENT_BACKOFF_FLAT)                                                              \
    X("backoff-never-reset", "C-16", "does not start small again after a good connection",         \
      .backoff = CLIENT_BACKOFF_NEVER_RESET)                                                       \
    X("backoff-none", "C-16", "reconnects without delay", .backoff = CLIENT_BACKOFF_NONE)          \
    X("backoff-reset-by-open", "C-27", "starts small again although the server closes at once",    \
      .backoff = CLIENT_BACKOFF_RESET_BY_OPEN)                                                     \
    X("resigns-after-normal-close", "C-16", "stays away after a close with 1000",                  \
      .resigns = CLIENT_RESIGNS_AFTER_NORMAL_CLOSE)                                                \
    X("resigns-after-abnormal-close", "C-16", "stays away after a connection broke",               \
      .resigns = CLIENT_RESIGNS_AFTER_ABNORMAL_CLOSE)                                              \
    X("resigns-after-refused-first", "C-16", "stays away if its first connection is refused",      \
      .resigns = CLIENT_RESIGNS_AFTER_REFUSED_FIRST)                                               \
    X("resigns-after-refusal", "C-16", "stays away after an HTTP refusal, whatever its status",    \
      .resigns = CLIENT_RESIGNS_AFTER_REFUSAL)                                                     \
    X("connects-patiently", "C-16", "waits for ever in a handshake that nobody answers",           \
      .connects_patiently = true)                                                                  \
    X("limit-ignored", "C-16", "never gives up", .limit = CLIENT_LIMIT_IGNORED)                    \
    X("limit-silent", "C-16", "gives up without saying so", .limit = CLIENT_LIMIT_SILENT)          \
    X("order-replay-reversed", "C-22", "dispatches a replay newest first",                         \
      .order = CLIENT_ORDER_REPLAY_REVERSED)                                                       \
    X("order-rows-last", "C-22", "dispatches numbered events before the rows of a replay",         \
      .order = CLIENT_ORDER_ROWS_LAST)                                                             \
    X("throw-ends-later-handlers", "C-25", "a handler that throws keeps an event from the others", \
      .throwing = CLIENT_THROW_ENDS_LATER_HANDLERS)                                                \
    X("throw-ends-connection-events", "C-25",                                                      \
      "a handler that throws ends all later events of the connection",                             \
      .throwing = CLIENT_THROW_ENDS_CONNECTION_EVENTS)                                             \
    X("slow-handler-drops", "C-7", "drops events that come while a handler is busy",               \
      .slow_handler_drops = true)                                                                  \
    X("idless-number-repeated", "C-20", "dispatches an event without id live and from the ring",   \
      .repeats_same_number = true)                                                                 \
    X("idless-row-repeated", "C-20", "dispatches an event without id from the ring and as a row",  \
      .repeats_rows = true)                                                                        \
    X("stop-dispatches", "C-28", "goes on dispatching after the application disconnected",         \
      .stop = CLIENT_STOP_DISPATCHES)                                                              \
    X("stop-reconnects", "C-28", "reconnects after the application disconnected",                  \
      .stop = CLIENT_STOP_RECONNECTS)                                                              \
    X("ping-invalid-json", "C-23", "sends a ping that is no JSON",                                 \
      .ping = CLIENT_PING_INVALID_JSON)                                                            \
    X("ping-unknown-frame", "C-23", "sends a keepalive frame that the protocol does not know",     \
      .ping = CLIENT_PING_UNKNOWN_FRAME)                                                           \
    X("ping-none", "C-26", "does not notice a half-open connection", .ping = CLIENT_PING_NONE)     \
    X("ping-unwatched", "C-26", "pings, but does not mind that nothing answers",                   \
      .ping = CLIENT_PING_UNWATCHED)                                                               \
    X("connects-twice", "C-16", "opens two connections at once", .connects_twice = true)           \
    X("wire-no-pong", "C-24", "answers no WebSocket ping", .wire = CLIENT_WIRE_NO_PONG)            \
    X("wire-ignores-close", "C-24", "does not answer a close frame",                               \
      .wire = CLIENT_WIRE_IGNORES_CLOSE)                                                           \
    X("wire-drops-fragments", "C-24", "drops messages that come in fragments",                     \
      .wire = CLIENT_WIRE_DROPS_FRAGMENTS)                                                         \
    X("wire-fragments-are-messages", "C-24", "takes every fragment for a message",                 \
      .wire = CLIENT_WIRE_FRAGMENTS_ARE_MESSAGES)                                                  \
    X("wire-mangles-fragments", "C-24", "mangles characters that are cut by fragments",            \
      .wire = CLIENT_WIRE_MANGLES_FRAGMENTS)                                                       \
    X("wire-ping-ends-message", "C-24", "gives a fragmented message up when a ping comes between", \
      .wire = CLIENT_WIRE_PING_ENDS_MESSAGE)                                                       \
    X("wire-small-messages", "C-24", "ends the connection over a message of more than 64 KiB",     \
      .wire = CLIENT_WIRE_SMALL_MESSAGES)                                                          \
    X("wire-violation-deafens", "C-24",                                                            \
      "stays after bytes that break RFC 6455, but hears nothing more",                             \
      .wire = CLIENT_WIRE_VIOLATION_DEAFENS)                                                       \
    X("wire-violation-kills", "C-24", "never comes back after bytes that break RFC 6455",          \
      .wire = CLIENT_WIRE_VIOLATION_KILLS)                                                         \
    X("wire-accept-unchecked", "C-16", "takes a wrong Sec-WebSocket-Accept for an upgrade",        \
      .wire = CLIENT_WIRE_ACCEPT_UNCHECKED)                                                        \
    X("wire-loses-first-frames", "C-7", "loses frames that come in one segment with the upgrade",  \
      .wire = CLIENT_WIRE_LOSES_FIRST_FRAMES)                                                      \
    X("wire-cut-header-deafens", "C-24", "hears nothing after a header that came in two pieces",   \
      .wire = CLIENT_WIRE_CUT_HEADER_DEAFENS)                                                      \
    X("wire-unmasked", "C-23", "sends its frames unmasked", .wire = CLIENT_WIRE_UNMASKED)          \
    X("node-ack-on-receipt", "C-4", "acknowledges a delivery before its handlers have it",         \
      .delivery_ack = CLIENT_DELIVERY_ACK_RECEIVED)                                                \
    X("node-ack-over-holes", "C-4", "acknowledges what came last, over the holes below it",        \
      .delivery_ack = CLIENT_DELIVERY_ACK_LATEST)                                                  \
    X("node-ack-one-high", "C-4", "acknowledges one number too high",                              \
      .delivery_ack = CLIENT_DELIVERY_ACK_ONE_HIGH)                                                \
    X("node-ack-once", "C-4", "does not acknowledge again what is delivered again",                \
      .delivery_ack = CLIENT_DELIVERY_ACK_ONCE)                                                    \
    X("node-ack-never", "C-4", "acknowledges nothing",                                             \
      .delivery_ack = CLIENT_DELIVERY_ACK_NEVER)                                                   \
    X("node-ack-misaddressed", "C-23", "acknowledges in the name of the node, not of the agent",   \
      .delivery_ack = CLIENT_DELIVERY_ACK_MISADDRESSED)                                            \
    X("node-dedupe-by-id-only", "C-7", "dispatches what has no id as often as it is delivered",    \
      .delivery_dedupe = CLIENT_DELIVERY_DEDUPE_ID_ONLY)                                           \
    X("node-dedupe-rising", "C-7", "takes every number below the highest for an old one",          \
      .delivery_dedupe = CLIENT_DELIVERY_DEDUPE_RISING)                                            \
    X("node-dedupe-forgetful", "C-7", "forgets the numbers that it had when it reconnects",        \
      .delivery_dedupe = CLIENT_DELIVERY_DEDUPE_FORGETFUL)                                         \
    X("node-register-once", "C-6", "does not register again on a reconnect",                       \
      .registering = CLIENT_REGISTER_ONCE)                                                         \
    X("node-register-late", "C-6", "sends a heartbeat before it registers",                        \
      .registering = CLIENT_REGISTER_LATE)                                                         \
    X("node-register-refusal-unseen", "C-6", "does not notice that its registration was refused",  \
      .registering = CLIENT_REGISTER_REFUSAL_UNSEEN)                                               \
    X("node-register-gates-events", "C-17", "drops what comes before the reply to its registration", \
      .registering = CLIENT_REGISTER_GATES_EVENTS)                                                 \
    X("node-token-kept", "C-16", "connects with its first token for ever", .keeps_token = true)    \
    X("node-ephemeral-dropped", "C-7", "drops deliveries with the number 0",                       \
      .ephemeral_dropped = true)

static const struct client_policy_info policies[] = {
#define X(policy_name, broken_rule, help, ...) {policy_name, broken_rule, help, {__VA_ARGS__}},
    POLICIES(X)
#undef X
};

static const char *const policy_names[] = {
#define X(policy_name, ...) policy_name,
    POLICIES(X)
#undef X
};

#define POLICY_COUNT (sizeof policies / sizeof policies[0])

const struct client_policy_info *client_policy_at(size_t index)
{
    return index < POLICY_COUNT ? &policies[index] : NULL;
}

size_t client_policy_count(void)
{
    return POLICY_COUNT;
}

const char *const *client_policy_names(void)
{
    return policy_names;
}

bool client_policy_find(const char *name, struct client_policy *out)
{
    for (size_t i = 0; i < POLICY_COUNT; i++) {
        if (strcmp(name, policies[i].name) != 0)
            continue;
        if (out)
            *out = policies[i].policy;
        return true;
    }
    return false;
}

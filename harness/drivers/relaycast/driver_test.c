/* The driver against an SDK made for the test: no network, no npm, just node. */
#include "cmd/sample_folder.h"

/* Does what the SDK's WsClient does with its handlers; `subscribe` with the name of an event type
 * makes it come. */
#define FAKE_SDK                                                                                   \
    "export class WsClient {\n"                                                                    \
    "  constructor(options) { this.options = options; this.handlers = new Map(); }\n"              \
    "  on(name, handler) {\n"                                                                      \
    "    if (!this.handlers.has(name)) this.handlers.set(name, new Set());\n"                      \
    "    this.handlers.get(name).add(handler);\n"                                                  \
    "    return () => {};\n"                                                                       \
    "  }\n"                                                                                        \
    "  emit(name, data) {\n"                                                                       \
    "    this.handlers.get(name)?.forEach((handler) => handler(data));\n"                          \
    "    this.handlers.get('*')?.forEach((handler) => handler(data));\n"                           \
    "  }\n"                                                                                        \
    "  connect() { this.emit('open', { type: 'open' }); }\n"                                       \
    "  subscribe(channels) {\n"                                                                    \
    "    for (const type of channels)\n"                                                           \
    "      try { this.emit(type, { type, attempt: 3, replayed: 5, gapDetected: true,\n"            \
    "        now: Date.now(), today: new Date().getTime(), options: this.options,\n"              \
    "        ca: new WebSocket('wss://h:1/v1/ws?token=t').ca }); }\n"                              \
    "      catch {}\n"                                                                             \
    "  }\n"                                                                                        \
    "  unsubscribe() {}\n"                                                                         \
    "  reconnect() { this.emit('reconnecting', { type: 'reconnecting', attempt: 1 }); }\n"         \
    "  disconnect() { new WebSocket('ws://h:1/').emit('error', new Error('early')); }\n"           \
    "}\n"

#define START                                                                                      \
    "{\"op\":\"start\",\"client\":\"a\",\"url\":\"u\",\"base_url\":\"https://h:1\","               \
    "\"token\":\"t\","                                                                             \
    "\"channels\":[],\"options\":{\"reconnect_base_ms\":20,\"reconnect_max_ms\":500,"              \
    "\"reconnect_jitter\":false%s}}\n"
#define SUBSCRIBE(type)                                                                            \
    "{\"op\":\"subscribe\",\"client\":\"a\",\"channels\":[\"" type "\"]}\n"

static const char *folder;

static void set_up(void)
{
    if (!sample_shell("command -v node >/dev/null"))
        cr_skip_test("there is no node here");
    folder = sample_folder_enter();
    sample_folder_write("node_modules/@relaycast/sdk/package.json",
                        "{\"name\":\"@relaycast/sdk\",\"version\":\"7.8.9\",\"type\":\"module\","
                        "\"exports\":{\".\":\"./index.js\"}}");
    sample_folder_write("node_modules/@relaycast/sdk/index.js", FAKE_SDK "// resynced\n");
    sample_folder_write("node_modules/ws/package.json", "{\"name\":\"ws\",\"version\":\"1.2.3\"}");
    sample_folder_write("node_modules/ws/index.js",
                        "const { EventEmitter } = require('node:events');\n"
                        "exports.WebSocket = class extends EventEmitter {\n"
                        "  constructor(url, options) { super(); this.ca = String(options.ca); }\n"
                        "};\n");
}

static void tear_down(void)
{
    if (folder)
        sample_folder_leave(folder);
}

TestSuite(relaycast, .init = set_up, .fini = tear_down, .timeout = 60);

/* What the driver says to these lines goes to the file `out`; at their end it must leave. */
static void drive(const char *lines)
{
    sample_folder_write("in", lines);
    cr_assert(sample_shell("node '" GAPCHECK_SOURCE_DIR "/harness/drivers/relaycast/driver.mjs' . "
                           "<in >out"));
}

static void expect_lines(const char *pattern, int count)
{
    char command[400];
    snprintf(command, sizeof command, "test $(grep -cE -- '%s' out) = %d", pattern, count);
    if (!sample_shell(command)) {
        sample_shell("cat out >&2");
        cr_expect_fail("not %d times: %s", count, pattern);
    }
}

static const char *start_with(const char *options, const char *lines)
{
    static char text[4000];
    snprintf(text, sizeof text, START "%s", options, lines);
    return text;
}

Test(relaycast, hello_says_what_is_there)
{
    drive("");
    expect_lines("^\\{\"ev\":\"hello\",\"protocol\":1,\"name\":\"@relaycast/sdk\","
                 "\"version\":\"7.8.9\"", 1);
    expect_lines("\"websocket\":\"ws 1.2.3, supplied by the driver\"", 1);
    expect_lines("\"resynced\"", 0); /* a comment outside the class is no support */
    sample_folder_write("node_modules/@relaycast/sdk/index.js",
                        "export class WsClient { f() { this.emit('resynced'); } }\n");
    drive("");
    expect_lines("\"multi\".*\"alone\".*\"resynced\"", 1);
    expect_lines("keepalive", 0);
}

Test(relaycast, lifecycle_events_have_their_own_lines_only)
{
    drive(start_with("", SUBSCRIBE("close") SUBSCRIBE("reconnecting") SUBSCRIBE("resynced")
                         SUBSCRIBE("permanently_disconnected") SUBSCRIBE("message.created")));
    expect_lines("\"ev\":\"open\",\"client\":\"a\"", 1);
    expect_lines("\"ev\":\"close\",\"client\":\"a\"", 1);
    expect_lines("\"ev\":\"reconnecting\",\"client\":\"a\",\"attempt\":3", 1);
    expect_lines("\"ev\":\"permanently_disconnected\",\"client\":\"a\",\"attempt\":3", 1);
    expect_lines("\"ev\":\"resynced\".*\"replayed\":5,\"gap_detected\":true", 1);
    expect_lines("\"ev\":\"event\"", 1);
    expect_lines("\"ev\":\"event\",\"client\":\"a\",\"type\":\"message.created\",\"data\":\\{", 1);
}

Test(relaycast, options_reach_the_sdk)
{
    drive(start_with(",\"max_reconnect_attempts\":4", SUBSCRIBE("x")));
    expect_lines("\"options\":\\{\"token\":\"t\",\"baseUrl\":\"https://h:1\","
                 "\"reconnectBaseDelayMs\":20,\"reconnectMaxDelayMs\":500,"
                 "\"reconnectJitter\":false,\"maxReconnectAttempts\":4\\}", 1);
}

Test(relaycast, trusts_the_certificate_that_it_is_given_and_no_other_client_does)
{
    sample_folder_write("ca.pem", "a certificate");
    drive(start_with(",\"ca_file\":\"ca.pem\"", SUBSCRIBE("x")));
    expect_lines("\"ca\":\"a certificate\"", 1);
    drive(start_with("", SUBSCRIBE("x")));
    expect_lines("\"ca\":\"undefined\"", 1);
}

Test(relaycast, throws_once_and_then_has_a_second_handler)
{
    drive(start_with("", SUBSCRIBE("before") "{\"op\":\"throw\",\"client\":\"a\"}\n"
                         SUBSCRIBE("close") SUBSCRIBE("thrown") SUBSCRIBE("after")));
    expect_lines("\"type\":\"before\"", 1);
    expect_lines("\"type\":\"thrown\"", 1); /* this SDK does not go on to the second handler */
    expect_lines("\"type\":\"after\"", 2);
    expect_lines("\"type\":\"after\".*\"handler\":2", 1);
    expect_lines("\"handler\":2", 1);
}

Test(relaycast, clock_skew_moves_every_date)
{
    drive(start_with(",\"clock_skew_ms\":80000000000000", SUBSCRIBE("x")));
    expect_lines("\"now\":8[0-9]{13},", 1);
    expect_lines("\"today\":8[0-9]{13},", 1);
}

Test(relaycast, what_it_does_not_know_is_answered)
{
    drive("{\"op\":\"dance\"}\n{\"op\":\"toString\"}\n{\"op\":\"stop\",\"client\":\"b\"}\n");
    expect_lines("\"ev\":\"error\",\"message\":\"no op dance\"", 1);
    expect_lines("\"ev\":\"error\",\"message\":\"no op toString\"", 1);
    expect_lines("\"ev\":\"error\",\"client\":\"b\",\"message\":\"unknown client\"", 1);
}

/* Also where the connection is not there yet, which `ws` makes an error that nobody listens to. */
Test(relaycast, stop_is_answered_and_exit_leaves)
{
    drive(start_with("", "{\"op\":\"stop\",\"client\":\"a\"}\n{\"op\":\"exit\"}\n"
                         SUBSCRIBE("late")));
    expect_lines("\"ev\":\"stopped\",\"client\":\"a\"", 1);
    expect_lines("late", 0);
}

/* ---- the node stream ---- */

/* What the agent-level client does with its handlers, in an SDK that has one. */
#define FAKE_AGENT                                                                                 \
    "export class AgentClient {\n"                                                                 \
    "  constructor(http, agent) {\n"                                                               \
    "    this.http = http; this.agent = agent; this.path = '/v1/node/ws';\n"                       \
    "  }\n"                                                                                        \
    "  handlers = new Set();\n"                                                                    \
    "  on = { any: (handler) => this.handlers.add(handler) };\n"                                   \
    "  emit(data) { this.handlers.forEach((handler) => handler(data)); }\n"                        \
    "  connect() { setImmediate(() => { this.emit({ type: 'open' }); this.emit({\n"                \
    "    type: 'message.created', http: this.http, agent: this.agent }); }); }\n"                  \
    "  async disconnect() { await new Promise((done) => setTimeout(done, 20)); }\n"                \
    "  subscribe(channels) { this.emit({ type: 'subscribed', channels }); }\n"                     \
    "}\n"                                                                                          \
    "export class RelayCast {\n"                                                                   \
    "  constructor(http) { this.http = http; }\n"                                                  \
    "  as(token, options) { return new AgentClient(this.http, { token, ...options }); }\n"         \
    "}\n"

/* Standard input stays open until the driver has said that, for ten seconds at most: the client
 * connects, and leaves, in its own time. */
static void drive_until(const char *said, const char *lines)
{
    char command[1000];
    sample_folder_write("in", lines);
    snprintf(command, sizeof command,
             "{ cat in; for i in $(seq 200); do grep -q '%s' out && break; sleep 0.05; done; } | "
             "node '" GAPCHECK_SOURCE_DIR "/harness/drivers/relaycast/driver.mjs' . >out", said);
    cr_assert(sample_shell(command));
}

Test(relaycast, node_is_claimed_where_the_agent_level_client_speaks_it)
{
    drive("");
    expect_lines("\"node\"", 0);
    sample_folder_write("node_modules/@relaycast/sdk/index.js", FAKE_SDK FAKE_AGENT);
    drive("");
    expect_lines("\"capabilities\":.*\"node\"", 1);
}

Test(relaycast, the_node_stream_is_the_agent_level_client)
{
    sample_folder_write("node_modules/@relaycast/sdk/index.js", FAKE_SDK FAKE_AGENT);
    drive_until("\"agent\":",
                start_with(",\"dialect\":\"node\",\"max_reconnect_attempts\":4", ""));
    expect_lines("\"ev\":\"open\",\"client\":\"a\"", 1);
    expect_lines("\"type\":\"subscribed\"", 1);
    expect_lines("\"http\":\\{\"apiKey\":\"t\",\"baseUrl\":\"https://h:1\",\"retryPolicy\":"
                 "\\{\"backoffMs\":20,\"jitter\":false\\}\\}", 1);
    expect_lines("\"agent\":\\{\"token\":\"t\",\"ws\":\\{\"reconnectBaseDelayMs\":20,"
                 "\"reconnectMaxDelayMs\":500,\"reconnectJitter\":false,"
                 "\"maxReconnectAttempts\":4\\}\\}", 1);
}

Test(relaycast, stop_is_answered_when_the_agent_level_client_has_taken_leave)
{
    sample_folder_write("node_modules/@relaycast/sdk/index.js", FAKE_SDK FAKE_AGENT);
    drive_until("stopped",
                start_with(",\"dialect\":\"node\"", "{\"op\":\"stop\",\"client\":\"a\"}\n"));
    expect_lines("\"ev\":\"stopped\",\"client\":\"a\"", 1);
}

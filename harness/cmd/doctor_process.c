/* What is seen without a server: hello, errors, stop, the end of its input, exit. */
#include "cmd/doctor.h"

#include "cmd/doctor_talk.h"
#include "core/memory.h"
#include "core/text.h"
#include "io/clock.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HELLO_MS  10000
#define ANSWER_MS 2000
#define EXIT_MS   2000
#define LATE_MS   1000 /* for a hello that only the end of the input brings */

#define ERROR_ADVICE                                                                               \
    "Look the op, then the client up, and where one is not known write {\"ev\":\"error\","         \
    "\"client\":…,\"message\":…} with the client of the op."

enum process_check {
    CHECK_HELLO,
    CHECK_FIELDS,
    CHECK_CAPABILITIES,
    CHECK_UNKNOWN_OP,
    CHECK_UNKNOWN_CLIENT,
    CHECK_STOP,
    CHECK_INPUT_END,
    CHECK_EXIT,
    CHECK_LINES,
    CHECK_COUNT
};

static const struct doctor_check checks[CHECK_COUNT] = {
    [CHECK_HELLO] = {
        "it starts and says hello",
        "a first line {\"ev\":\"hello\",…} on standard output within 10 s",
        "`hello`: first line, within 10 s of the start",
        "Write the hello line before anything else, and the log on standard error."},
    [CHECK_FIELDS] = {
        "hello holds what it must",
        "\"protocol\":1, a \"name\", a \"version\" and an array \"capabilities\"",
        "`hello`: first line, within 10 s of the start",
        "Give the name and the exact version of the SDK: reports and baselines go by them."},
    [CHECK_CAPABILITIES] = {
        "gapcheck knows every capability it claims",
        "names of the list of capabilities only",
        "`capabilities` holds any of these",
        "Spell it as in the list: what gapcheck does not know it ignores, and skips its checks."},
    [CHECK_UNKNOWN_OP] = {
        "an unknown op is answered with an error",
        "a line {\"ev\":\"error\",\"message\":…} after {\"op\":\"dance\"}",
        "an unknown `op` is answered with `{\"ev\":\"error\",\"message\":…}`",
        "Give the branch for what is no known op such an answer; never throw there."},
    [CHECK_UNKNOWN_CLIENT] = {
        "an op for an unknown client is answered with an error",
        "a line {\"ev\":\"error\",\"client\":\"nobody\",…} after an op for the client `nobody`",
        "An `op` for an unknown `client` is answered with `error`",
        ERROR_ADVICE},
    [CHECK_STOP] = {
        "a client that never connected can be stopped",
        "a line {\"ev\":\"stopped\",\"client\":\"d1\"} within 2 s of `stop`",
        "the application disconnects for good, then the driver answers `stopped`",
        "Answer `stopped` after the SDK's disconnect, also when there is no connection to close."},
    [CHECK_INPUT_END] = {
        "it exits at the end of its standard input",
        "its end within 2 s of the end of its standard input",
        "At the end of standard input the driver exits",
        "End the process when standard input ends, whatever timers and sockets are left."},
    [CHECK_EXIT] = {
        "`exit` ends it with status 0",
        "status 0 within 2 s, though a client is still connecting",
        "end the process with status 0",
        "Call the language's exit(0) after flushing: open sockets and timers keep many alive."},
    [CHECK_LINES] = {
        "it prints nothing but lines of the protocol",
        "one JSON object a line on standard output",
        "writes one a line on standard output; standard error is the client's own log",
        "Send what the SDK prints (console.log, print) to standard error."},
};

const struct doctor_check *doctor_process_check(size_t index)
{
    return index < CHECK_COUNT ? &checks[index] : NULL;
}

/* ---- a visit: one process ---- */

struct visit {
    struct doctor_report *report; /* borrowed */
    struct talk talk;
    double timeout_scale;
    struct buffer line;           /* the one that was read last */
    struct buffer bad_line;       /* what came of the first that is none; empty: all good */
};

static int64_t scaled(const struct visit *visit, int64_t ms)
{
    return (int64_t)((double)ms * visit->timeout_scale);
}

static bool visit_begin(struct visit *visit, struct doctor_report *report, const char *command,
                        double timeout_scale, struct error *error)
{
    *visit = (struct visit){.report = report, .timeout_scale = timeout_scale};
    buffer_init(&visit->line, BUFFER_NO_LIMIT);
    buffer_init(&visit->bad_line, BUFFER_NO_LIMIT);
    return talk_begin(&visit->talk, command, error);
}

static void visit_end(struct visit *visit)
{
    talk_end(&visit->talk);
    buffer_free(&visit->line);
    buffer_free(&visit->bad_line);
}

static void note_bad_line(struct visit *visit, const struct error *error)
{
    if (visit->bad_line.size_bytes > 0)
        return;
    buffer_append_text(&visit->bad_line, error->message);
    buffer_append_text(&visit->bad_line, ": ");
    doctor_quote(&visit->bad_line, visit->line.data, visit->line.size_bytes);
    if (error->hint[0])
        buffer_printf(&visit->bad_line, " (%s)", error->hint);
}

/* Reads on to the next line of that kind. The line is freed by the caller if it came. */
static enum talk_status await(struct visit *visit, enum driver_event event, int64_t timeout_ms,
                              struct driver_line *line)
{
    int64_t end_ms = clock_monotonic_us() / 1000 + scaled(visit, timeout_ms);
    for (;;) {
        struct error error = {0};
        int64_t left_ms = end_ms - clock_monotonic_us() / 1000;
        enum talk_status status = talk_read(&visit->talk, left_ms > 0 ? left_ms : 0, &visit->line);
        if (status != TALK_LINE)
            return status;
        bool is_good = driver_line_parse(visit->line.data ? visit->line.data : "",
                                         visit->line.size_bytes, line, &error);
        if (!is_good)
            note_bad_line(visit, &error);
        else if (line->event == event)
            return TALK_LINE;
        driver_line_free(line);
    }
}

/* "it exited with status 1; its log begins with `…`" */
static void append_end(struct visit *visit, struct buffer *out)
{
    struct talk *talk = &visit->talk;
    if (talk_wait_exit(talk, LATE_MS)) {
        buffer_append_text(out, "it ");
        driver_process_append_words(&talk->process, out);
    } else {
        buffer_append_text(out, "it closed its standard output");
    }
    if (talk->error_output.size_bytes > 0) {
        buffer_append_text(out, "; its log begins with ");
        doctor_quote(out, talk->error_output.data, talk->error_output.size_bytes);
    }
}

static void append_silence(struct visit *visit, enum talk_status status, int64_t timeout_ms,
                           struct buffer *out)
{
    switch (status) {
    case TALK_LINE:
        break;
    case TALK_TIMEOUT:
        buffer_printf(out, "no such line within %g s", (double)scaled(visit, timeout_ms) / 1000);
        break;
    case TALK_CLOSED:
        append_end(visit, out);
        break;
    case TALK_TOO_LONG:
        buffer_append_text(out, "a line of more than 64 MiB");
        break;
    case TALK_INTERRUPTED:
        buffer_append_text(out, "gapcheck was interrupted");
        break;
    }
    if (visit->bad_line.size_bytes > 0)
        buffer_printf(out, "; before it came %s", buffer_text(&visit->bad_line));
}

static void add_silence(struct visit *visit, enum process_check check, enum talk_status status,
                        int64_t timeout_ms)
{
    struct doctor_outcome outcome;
    doctor_outcome_init(&outcome);
    outcome.status = DOCTOR_WRONG;
    append_silence(visit, status, timeout_ms, &outcome.text);
    doctor_add(visit->report, &checks[check], &outcome);
}

static void add(struct visit *visit, enum process_check check, enum doctor_status status,
                const char *text)
{
    struct doctor_outcome outcome;
    doctor_outcome_init(&outcome);
    doctor_set(&outcome, status, "%s", text);
    doctor_add(visit->report, &checks[check], &outcome);
}

/* ---- hello ---- */

/* A hello that sits in a buffer of the language's library comes when the driver ends. */
static const char *advice_on_silence(struct visit *visit)
{
    struct driver_line line;
    struct buffer saved = visit->bad_line;
    buffer_init(&visit->bad_line, BUFFER_NO_LIMIT);
    talk_close_input(&visit->talk);
    enum talk_status status = await(visit, DRIVER_EVENT_HELLO, LATE_MS, &line);
    buffer_free(&visit->bad_line);
    visit->bad_line = saved;
    if (status != TALK_LINE)
        return NULL;
    driver_line_free(&line);
    return "It came when standard input ended: flush standard output after each line.";
}

static void add_no_hello(struct visit *visit, enum talk_status status)
{
    struct doctor_outcome outcome;
    doctor_outcome_init(&outcome);
    outcome.status = DOCTOR_WRONG;
    append_silence(visit, status, HELLO_MS, &outcome.text);
    if (status == TALK_TIMEOUT)
        outcome.advice = advice_on_silence(visit);
    if (status == TALK_CLOSED && visit->bad_line.size_bytes == 0) {
        outcome.advice = "Run the command by itself in a shell until it starts and waits.";
        visit->report->is_broken = true;
    }
    doctor_add(visit->report, &checks[CHECK_HELLO], &outcome);
}

static void check_capabilities(struct visit *visit, const cJSON *claimed)
{
    const char *names[DRIVER_CAPABILITY_COUNT];
    struct doctor_outcome outcome;
    const cJSON *item;
    doctor_outcome_init(&outcome);
    for (int i = 0; i < DRIVER_CAPABILITY_COUNT; i++)
        names[i] = driver_capability_name((enum driver_capability)i);
    cJSON_ArrayForEach(item, claimed) {
        bool is_known = false;
        for (int i = 0; i < DRIVER_CAPABILITY_COUNT && cJSON_IsString(item); i++)
            is_known = is_known || strcmp(item->valuestring, names[i]) == 0;
        if (is_known || !cJSON_IsString(item))
            continue;
        if (outcome.status == DOCTOR_WRONG)
            buffer_append_text(&outcome.text, ", ");
        outcome.status = DOCTOR_WRONG;
        doctor_quote(&outcome.text, item->valuestring, strlen(item->valuestring));
        int nearest = text_nearest(span_of(item->valuestring), names, DRIVER_CAPABILITY_COUNT);
        if (nearest >= 0)
            buffer_printf(&outcome.text, " (did you mean `%s`?)", names[nearest]);
    }
    doctor_add(visit->report, &checks[CHECK_CAPABILITIES], &outcome);
}

static void check_hello_line(struct visit *visit, const struct driver_line *line, int64_t took_ms)
{
    const struct driver_hello *hello = &line->hello;
    struct doctor_report *report = visit->report;
    char remark[40];
    report->is_started = true;
    report->client_name = memory_copy_text(hello->name, strlen(hello->name));
    report->client_version = memory_copy_text(hello->version, strlen(hello->version));
    report->capabilities = hello->capabilities;
    snprintf(remark, sizeof remark, "(%" PRId64 " ms)", took_ms);
    if (visit->bad_line.size_bytes > 0)
        add(visit, CHECK_HELLO, DOCTOR_WRONG, buffer_text(&visit->bad_line));
    else
        add(visit, CHECK_HELLO, DOCTOR_FINE, remark);
    if (!hello->name[0] || !hello->version[0])
        add(visit, CHECK_FIELDS, DOCTOR_WRONG,
            hello->name[0] ? "an empty `version`" : "an empty `name`");
    else
        add(visit, CHECK_FIELDS, DOCTOR_FINE, "");
    check_capabilities(visit,
                       cJSON_GetObjectItemCaseSensitive(line->document, "capabilities"));
}

/* A hello that is wrong has been noted as a bad line, and says better what to mend than its
 * absence. */
static bool says_hello_badly(struct visit *visit)
{
    cJSON *line = cJSON_ParseWithLength(visit->line.data ? visit->line.data : "",
                                        visit->line.size_bytes);
    const char *event = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(line, "ev"));
    bool is_hello = event && strcmp(event, "hello") == 0;
    cJSON_Delete(line);
    return is_hello;
}

/* Only the first line counts. */
static bool check_hello(struct visit *visit)
{
    int64_t begin_us = clock_monotonic_us();
    struct error error = {0};
    struct driver_line line;
    enum talk_status status = talk_read(&visit->talk, scaled(visit, HELLO_MS), &visit->line);
    if (status == TALK_LINE) {
        bool is_good = driver_line_parse(visit->line.data ? visit->line.data : "",
                                         visit->line.size_bytes, &line, &error);
        bool is_hello = is_good && line.event == DRIVER_EVENT_HELLO;
        if (is_hello)
            check_hello_line(visit, &line, (clock_monotonic_us() - begin_us) / 1000);
        driver_line_free(&line);
        if (is_hello)
            return true;
        if (is_good)
            error_set(&error, NULL, "another line");
        note_bad_line(visit, &error);
        bool is_bad_hello = says_hello_badly(visit);
        if (is_bad_hello)
            add(visit, CHECK_HELLO, DOCTOR_FINE, "");
        add(visit, is_bad_hello ? CHECK_FIELDS : CHECK_HELLO, DOCTOR_WRONG,
            buffer_text(&visit->bad_line));
        return false;
    }
    add_no_hello(visit, status);
    return false;
}

/* ---- what it answers ---- */

static void check_unknown_op(struct visit *visit)
{
    struct driver_line line;
    talk_write(&visit->talk, "{\"op\":\"dance\"}");
    enum talk_status status = await(visit, DRIVER_EVENT_ERROR, ANSWER_MS, &line);
    if (status != TALK_LINE) {
        add_silence(visit, CHECK_UNKNOWN_OP, status, ANSWER_MS);
        return;
    }
    add(visit, CHECK_UNKNOWN_OP, DOCTOR_FINE, "");
    driver_line_free(&line);
}

static void check_unknown_client(struct visit *visit)
{
    struct driver_line line;
    talk_write(&visit->talk, "{\"op\":\"stop\",\"client\":\"nobody\"}");
    enum talk_status status = await(visit, DRIVER_EVENT_ERROR, ANSWER_MS, &line);
    if (status != TALK_LINE) {
        add_silence(visit, CHECK_UNKNOWN_CLIENT, status, ANSWER_MS);
        return;
    }
    if (line.client && strcmp(line.client, "nobody") == 0) {
        add(visit, CHECK_UNKNOWN_CLIENT, DOCTOR_FINE, "");
    } else {
        struct buffer text;
        buffer_init(&text, BUFFER_NO_LIMIT);
        buffer_append_text(&text, "an error that does not say for which client: ");
        doctor_quote(&text, visit->line.data, visit->line.size_bytes);
        add(visit, CHECK_UNKNOWN_CLIENT, DOCTOR_WRONG, buffer_text(&text));
        buffer_free(&text);
    }
    driver_line_free(&line);
}

/* A port at which nobody listens, ours until it is closed: a client that connects to it stays in
 * its reconnect delays. -1 if there is none. */
static int reserve_port(uint16_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size_bytes = sizeof address;
    int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (file < 0)
        return -1;
    if (bind(file, (struct sockaddr *)&address, sizeof address) != 0 ||
        getsockname(file, (struct sockaddr *)&address, &size_bytes) != 0) {
        close(file);
        return -1;
    }
    *port = ntohs(address.sin_port);
    return file;
}

static void start_client(struct visit *visit, uint16_t port)
{
    char text[400];
    snprintf(text, sizeof text,
             "{\"op\":\"start\",\"client\":\"d1\",\"url\":\"ws://127.0.0.1:%u/v1/ws\","
             "\"base_url\":\"http://127.0.0.1:%u\",\"token\":\"gapcheck-token\","
             "\"channels\":[\"general\"],\"options\":{\"reconnect_base_ms\":20,"
             "\"reconnect_max_ms\":500,\"reconnect_jitter\":false,\"dialect\":\"agent\"}}",
             port, port);
    talk_write(&visit->talk, text);
}

static void check_stop(struct visit *visit)
{
    struct driver_line line;
    talk_write(&visit->talk, "{\"op\":\"stop\",\"client\":\"d1\"}");
    enum talk_status status = await(visit, DRIVER_EVENT_STOPPED, ANSWER_MS, &line);
    if (status != TALK_LINE) {
        add_silence(visit, CHECK_STOP, status, ANSWER_MS);
        return;
    }
    add(visit, CHECK_STOP, DOCTOR_FINE, "");
    driver_line_free(&line);
}

/* ---- how it ends ---- */

/* Lines that nobody waited for must be good ones, too. */
static void read_rest(struct visit *visit)
{
    struct driver_line line;
    while (await(visit, DRIVER_EVENT_COUNT, 0, &line) == TALK_LINE)
        driver_line_free(&line);
}

static void check_end(struct visit *visit, enum process_check check, bool wants_status)
{
    struct doctor_outcome outcome;
    doctor_outcome_init(&outcome);
    if (!talk_wait_exit(&visit->talk, scaled(visit, EXIT_MS))) {
        doctor_set(&outcome, DOCTOR_WRONG, "it was still there after %g s",
                   (double)scaled(visit, EXIT_MS) / 1000);
    } else if (wants_status &&
               (visit->talk.process.was_killed || visit->talk.process.number != 0)) {
        outcome.status = DOCTOR_WRONG;
        append_end(visit, &outcome.text);
    }
    doctor_add(visit->report, &checks[check], &outcome);
    read_rest(visit);
}

static void check_input_end(struct visit *visit)
{
    talk_close_input(&visit->talk);
    check_end(visit, CHECK_INPUT_END, false);
}

/* Everything but `exit`, which ends a process for itself. */
static bool check_first_process(struct visit *visit, uint16_t port)
{
    static const struct {
        enum process_check check;
        void (*run)(struct visit *visit);
    } parts[] = {
        {CHECK_UNKNOWN_OP, check_unknown_op},
        {CHECK_UNKNOWN_CLIENT, check_unknown_client},
        {CHECK_STOP, check_stop},
        {CHECK_INPUT_END, check_input_end},
    };
    if (!check_hello(visit))
        return false;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && !talk_is_interrupted(); i++) {
        if (driver_process_has_exited(&visit->talk.process)) {
            add(visit, parts[i].check, DOCTOR_UNSEEN, "not looked at: the driver had ended");
            continue;
        }
        if (parts[i].check == CHECK_STOP)
            start_client(visit, port);
        parts[i].run(visit);
    }
    return true;
}

static void check_exit(struct visit *visit, uint16_t port)
{
    struct driver_line line;
    enum talk_status status = await(visit, DRIVER_EVENT_HELLO, HELLO_MS, &line);
    if (status != TALK_LINE) {
        add_silence(visit, CHECK_EXIT, status, HELLO_MS);
        return;
    }
    driver_line_free(&line);
    start_client(visit, port);
    talk_write(&visit->talk, "{\"op\":\"exit\"}");
    check_end(visit, CHECK_EXIT, true);
}

bool doctor_check_process(struct doctor_report *report, const char *command, double timeout_scale)
{
    struct visit visit;
    struct error error = {0};
    struct buffer bad_line;
    uint16_t port = 0;
    int file = reserve_port(&port);
    buffer_init(&bad_line, BUFFER_NO_LIMIT);
    bool goes_on = false;
    if (!visit_begin(&visit, report, command, timeout_scale, &error)) {
        report->is_broken = true;
        add(&visit, CHECK_HELLO, DOCTOR_WRONG, error.message);
    } else {
        goes_on = check_first_process(&visit, port);
    }
    if (goes_on && visit.bad_line.size_bytes > 0)
        buffer_append_text(&bad_line, buffer_text(&visit.bad_line));
    visit_end(&visit);
    if (goes_on && !talk_is_interrupted()) {
        if (visit_begin(&visit, report, command, timeout_scale, &error))
            check_exit(&visit, port);
        else
            add(&visit, CHECK_EXIT, DOCTOR_WRONG, error.message);
        if (bad_line.size_bytes == 0 && visit.bad_line.size_bytes > 0)
            buffer_append_text(&bad_line, buffer_text(&visit.bad_line));
        add(&visit, CHECK_LINES, bad_line.size_bytes > 0 ? DOCTOR_WRONG : DOCTOR_FINE,
            bad_line.size_bytes > 0 ? buffer_text(&bad_line) : "");
        visit_end(&visit);
    }
    if (talk_is_interrupted())
        report->is_broken = true;
    buffer_free(&bad_line);
    if (file >= 0)
        close(file);
    return goes_on && !report->is_broken;
}

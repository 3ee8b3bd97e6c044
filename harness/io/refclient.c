#include "io/refclient.h"

#include "core/driver_line.h"
#include "core/memory.h"
#include "io/clock.h"
#include "io/refclient_internal.h"
#include "io/tls.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INPUT_CHUNK_BYTES 65536

/* libwebsockets composes the request in it: room for a long token. */
#define SERVICE_BUFFER_BYTES 16384

/* ---- standard output ---- */

void refclient_write_line(struct refclient *shell, const char *start, const char *rest,
                          size_t rest_bytes)
{
    buffer_append_text(&shell->output, start);
    buffer_append(&shell->output, rest, rest_bytes);
    buffer_append(&shell->output, "\n", 1);
}

void refclient_write_error(struct refclient *shell, const char *client, const char *message)
{
    struct buffer line;
    buffer_init(&line, BUFFER_NO_LIMIT);
    buffer_append_text(&line, "{\"ev\":\"error\",");
    if (client) {
        buffer_append_text(&line, "\"client\":");
        text_append_json(&line, client, strlen(client));
        buffer_append_text(&line, ",");
    }
    buffer_append_text(&line, "\"message\":");
    text_append_json(&line, message, strlen(message));
    buffer_append_text(&line, "}");
    refclient_write_line(shell, "", line.data, line.size_bytes);
    buffer_free(&line);
}

static void write_hello(struct refclient *shell)
{
    struct buffer line;
    buffer_init(&line, BUFFER_NO_LIMIT);
    buffer_printf(&line,
                  "{\"ev\":\"hello\",\"protocol\":%d,\"name\":\"gapcheck reference client\","
                  "\"version\":\"%s\",\"capabilities\":[",
                  DRIVER_PROTOCOL, GAPCHECK_VERSION);
    const char *comma = "";
    for (int i = 0; i < DRIVER_CAPABILITY_COUNT; i++) {
        if (i == DRIVER_CAPABILITY_ALONE)
            continue;
        buffer_printf(&line, "%s\"%s\"", comma,
                      driver_capability_name((enum driver_capability)i));
        comma = ",";
    }
    buffer_append_text(&line, "]}");
    refclient_write_line(shell, "", line.data, line.size_bytes);
    buffer_free(&line);
}

/* Writes everything, waiting for the harness to read it where it must. */
static void flush_output(struct refclient *shell)
{
    size_t done = 0;
    while (done < shell->output.size_bytes) {
        ssize_t written =
            write(STDOUT_FILENO, shell->output.data + done, shell->output.size_bytes - done);
        if (written >= 0) {
            done += (size_t)written;
        } else if (errno == EAGAIN) {
            struct pollfd wait = {.fd = STDOUT_FILENO, .events = POLLOUT};
            poll(&wait, 1, -1);
        } else if (errno != EINTR) {
            shell->is_done = true; /* nobody reads us any more */
            break;
        }
    }
    buffer_clear(&shell->output);
    if (shell->output.capacity_bytes > DRIVER_LINE_BYTES_MAX / 16)
        buffer_free(&shell->output);
}

/* ---- standard input ---- */

static void obey_lines(struct refclient *shell)
{
    size_t done = 0;
    while (done < shell->input.size_bytes && !shell->is_done) {
        const char *line = shell->input.data + done;
        const char *end = memchr(line, '\n', shell->input.size_bytes - done);
        if (!end)
            break;
        refclient_obey(shell, line, (size_t)(end - line));
        done += (size_t)(end - line) + 1;
    }
    buffer_consume(&shell->input, done);
}

static bool has_input(void)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    return poll(&input, 1, 0) > 0;
}

/* Reads what is there, and not only a piece: libwebsockets closes a pipe at its first hang-up,
 * whatever it still holds. Never blocks, and leaves the file's flags alone: others may share it. */
static void read_input(struct refclient *shell)
{
    char chunk[INPUT_CHUNK_BYTES];
    while (!shell->is_done && has_input()) {
        ssize_t size_bytes = read(STDIN_FILENO, chunk, sizeof chunk);
        if (size_bytes < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (size_bytes <= 0 || !buffer_append(&shell->input, chunk, (size_t)size_bytes)) {
            shell->is_done = true;
            return;
        }
        obey_lines(shell);
    }
}

static int on_input(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t size_bytes)
{
    (void)user;
    (void)in;
    (void)size_bytes;
    /* Others come for a wsi that is not even whole. */
    if (reason == LWS_CALLBACK_RAW_RX_FILE)
        read_input(lws_context_user(lws_get_context(wsi)));
    else if (reason == LWS_CALLBACK_RAW_CLOSE_FILE)
        ((struct refclient *)lws_context_user(lws_get_context(wsi)))->is_done = true;
    return 0;
}

/* ---- the event loop ---- */

static void turn(struct refclient *shell);

static void on_timer(lws_sorted_usec_list_t *timer)
{
    struct refclient *shell = lws_container_of(timer, struct refclient, timer);
    shell->timer_us = REFCLIENT_NEVER;
    /* Here and not after lws_service, which goes on waiting once it has served its timers. */
    turn(shell);
}

static void set_timer(struct refclient *shell, int64_t due_us)
{
    if (due_us == shell->timer_us)
        return;
    shell->timer_us = due_us;
    int64_t delay_us = due_us - clock_monotonic_us();
    if (due_us == REFCLIENT_NEVER)
        lws_sul_cancel(&shell->timer);
    else
        lws_sul_schedule(shell->context, 0, &shell->timer, on_timer, delay_us > 0 ? delay_us : 1);
}

static void turn(struct refclient *shell)
{
    set_timer(shell, refclient_sessions_turn(shell));
    flush_output(shell);
}

static const lws_retry_bo_t no_idle_policy;

static const struct lws_protocols input_protocol = {.name = "input", .callback = on_input};

static const struct lws_protocols *vhost_protocols(void)
{
    static struct lws_protocols protocols[5];
    protocols[0] = input_protocol;
    protocols[1] = WS_LINK_PROTOCOL;
    protocols[2] = WS_LINK_RAW_PROTOCOL;
    protocols[3] = HTTP_LINK_PROTOCOL;
    return protocols;
}

static struct lws_vhost *create_vhost(struct refclient *shell, const char *ca_file)
{
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .protocols = vhost_protocols(),
        .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_VALIDATE_UTF8,
        .client_ssl_ca_filepath = ca_file,
        .retry_and_idle_policy = &no_idle_policy,
        .vhost_name = ca_file,
    };
    return lws_create_vhost(shell->context, &info);
}

static bool is_same_file(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

const struct refclient_tls *refclient_find_tls(struct refclient *shell, const char *ca_file)
{
    for (struct refclient_tls *at = shell->tls; at; at = at->next)
        if (is_same_file(at->ca_file, ca_file))
            return at;
    SSL_CTX *trust = tls_trust_new(ca_file);
    struct lws_vhost *vhost = NULL;
    if (trust)
        vhost = ca_file ? create_vhost(shell, ca_file) : shell->vhost;
    if (!vhost) {
        SSL_CTX_free(trust);
        return NULL;
    }
    struct refclient_tls *tls = memory_alloc(1, sizeof *tls);
    *tls = (struct refclient_tls){.next = shell->tls, .vhost = vhost, .trust = trust};
    if (ca_file)
        tls->ca_file = memory_copy_text(ca_file, strlen(ca_file));
    shell->tls = tls;
    return tls;
}

static bool open_shell(struct refclient *shell)
{
    lws_set_log_level(LLL_ERR, NULL);
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .protocols = vhost_protocols(),
        .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_VALIDATE_UTF8,
        .gid = (gid_t)-1,
        .uid = (uid_t)-1,
        .pt_serv_buf_size = SERVICE_BUFFER_BYTES,
        .retry_and_idle_policy = &no_idle_policy,
        .vhost_name = "reference",
        .user = shell,
    };
    shell->context = lws_create_context(&info);
    if (!shell->context)
        return false;
    shell->vhost = lws_get_vhost_by_name(shell->context, info.vhost_name);
    lws_sock_file_fd_type input = {.filefd = STDIN_FILENO};
    return lws_adopt_descriptor_vhost(shell->vhost, LWS_ADOPT_RAW_FILE_DESC, input,
                                      input_protocol.name, NULL) != NULL;
}

static void close_shell(struct refclient *shell)
{
    lws_sul_cancel(&shell->timer);
    if (shell->context) {
        refclient_sessions_free(shell);
        lws_context_destroy(shell->context);
    }
    for (struct refclient_tls *next; shell->tls; shell->tls = next) {
        next = shell->tls->next;
        SSL_CTX_free(shell->tls->trust);
        free(shell->tls->ca_file);
        free(shell->tls);
    }
    buffer_free(&shell->input);
    buffer_free(&shell->output);
}

static int fail_policy(const char *name)
{
    int nearest = text_nearest(span_of(name), client_policy_names(), client_policy_count());
    fprintf(stderr, "gapcheck: unknown policy `%s`", name);
    if (nearest >= 0)
        fprintf(stderr, "; did you mean `%s`?", client_policy_names()[nearest]);
    fputc('\n', stderr);
    return 2;
}

int refclient_main(const char *policy_name)
{
    struct client_policy policy;
    if (!client_policy_find(policy_name, &policy))
        return fail_policy(policy_name);
    signal(SIGPIPE, SIG_IGN);
    struct refclient shell = {.policy = &policy, .timer_us = REFCLIENT_NEVER};
    buffer_init(&shell.input, DRIVER_LINE_BYTES_MAX);
    buffer_init(&shell.output, BUFFER_NO_LIMIT);
    bool is_open = open_shell(&shell);
    if (is_open) {
        write_hello(&shell);
        turn(&shell);
    } else {
        fputs("gapcheck: cannot make an event loop of libwebsockets\n", stderr);
    }
    while (is_open && !shell.is_done) {
        if (lws_service(shell.context, 0) < 0)
            break;
        shell.round++;
        turn(&shell);
    }
    flush_output(&shell);
    close_shell(&shell);
    return is_open ? 0 : 1;
}

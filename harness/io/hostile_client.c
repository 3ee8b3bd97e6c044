/* A driver for tests only, whose clients misbehave: each in the way that the first channel it is to
 * subscribe to names, so that one process serves good scenarios and bad ones. Plain sockets, a
 * thread a client; unknown channels mean an honest client. */
#include "core/buffer.h"
#include "core/memory.h"
#include "core/ws.h"

#include <arpa/inet.h>
#include <cjson/cJSON.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define POLL_MS          10
#define RECONNECT_MS     20
#define BIG_TEXT_BYTES   10000000
#define RESYNC_COUNT     100000
#define CONNECTION_COUNT 5000
#define LIE_COUNT        50

struct client {
    struct client *next;
    pthread_t thread;
    atomic_bool is_stopping;
    char id[32], mode[32], token[64];
    uint16_t port;
    int file;
    uint32_t connection_count;
    double last_seen_seq; /* 0: none */
    struct ws_receiver receiver;
};

static struct client *clients;

/* ---- its standard output: a line at a time, also among threads ---- */

static void print_line(const struct client *client, const char *event, const char *fields)
{
    printf("{\"ev\":\"%s\",\"client\":\"%s\"%s}\n", event, client->id, fields);
    fflush(stdout);
}

static void print_event(const struct client *client, const char *type, const char *data)
{
    printf("{\"ev\":\"event\",\"client\":\"%s\",\"type\":\"%s\",\"data\":%s}\n", client->id, type,
           data);
    fflush(stdout);
}

/* ---- the connection ---- */

/* False when the client is to stop. */
static bool wait_for(const struct client *client, short events)
{
    struct pollfd poll_file = {.fd = client->file, .events = events};
    while (!client->is_stopping)
        if (poll(&poll_file, 1, POLL_MS) > 0)
            return true;
    return false;
}

static void pause_ms(const struct client *client, int ms)
{
    for (; ms > 0 && !client->is_stopping; ms -= POLL_MS)
        poll(NULL, 0, POLL_MS);
}

static bool write_bytes(const struct client *client, const char *data, size_t size_bytes)
{
    while (size_bytes > 0) {
        if (!wait_for(client, POLLOUT))
            return false;
        ssize_t sent_bytes = send(client->file, data, size_bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent_bytes < 0)
            return false;
        data += sent_bytes;
        size_bytes -= (size_t)sent_bytes;
    }
    return true;
}

static void disconnect(struct client *client)
{
    if (client->file >= 0)
        close(client->file);
    client->file = -1;
    ws_receiver_free(&client->receiver);
}

static bool connect_socket(struct client *client)
{
    struct sockaddr_in name = {.sin_family = AF_INET,
                               .sin_port = htons(client->port),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    ws_receiver_init(&client->receiver, WS_ROLE_CLIENT, 64u << 20);
    client->file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client->file >= 0 && connect(client->file, (struct sockaddr *)&name, sizeof name) == 0)
        return true;
    disconnect(client);
    return false;
}

static bool write_request(const struct client *client)
{
    char request[400];
    int size_bytes = snprintf(request, sizeof request,
                              "GET /v1/ws?token=%s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n"
                              "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                              "Sec-WebSocket-Version: 13\r\n\r\n",
                              client->token, client->port);
    return write_bytes(client, request, (size_t)size_bytes);
}

/* Byte by byte up to the blank line, so that frames behind it stay in the socket. */
static bool read_response(const struct client *client)
{
    char head[4096] = "";
    for (size_t size_bytes = 0; size_bytes + 1 < sizeof head; size_bytes++) {
        if (!wait_for(client, POLLIN) || recv(client->file, head + size_bytes, 1, 0) != 1)
            return false;
        if (strstr(head, "\r\n\r\n"))
            return strncmp(head, "HTTP/1.1 101", 12) == 0;
    }
    return false;
}

/* Connects and shakes hands. */
static bool open_connection(struct client *client)
{
    if (!connect_socket(client))
        return false;
    if (write_request(client) && read_response(client)) {
        client->connection_count++;
        return true;
    }
    disconnect(client);
    return false;
}

static bool write_frame(const struct client *client, uint8_t opcode, const char *text,
                        size_t size_bytes)
{
    static const uint8_t mask_key[4] = {1, 2, 3, 4};
    struct ws_frame frame = {.opcode = opcode, .is_final = true, .mask_key = mask_key};
    struct buffer out;
    buffer_init(&out, BUFFER_NO_LIMIT);
    ws_append_frame(&out, &frame, text, size_bytes);
    bool is_written = write_bytes(client, out.data, out.size_bytes);
    buffer_free(&out);
    return is_written;
}

static bool write_text(const struct client *client, const char *text)
{
    return write_frame(client, WS_OPCODE_TEXT, text, strlen(text));
}

static bool write_resync(const struct client *client)
{
    char text[120];
    snprintf(text, sizeof text,
             "{\"type\":\"resync\",\"last_seen_seq\":%.0f,\"since\":\"2026-01-01T00:00:00Z\"}",
             client->last_seen_seq);
    return write_text(client, text);
}

static bool write_subscribe(const struct client *client)
{
    char text[120];
    snprintf(text, sizeof text, "{\"type\":\"subscribe\",\"channels\":[\"%s\"]}", client->mode);
    return write_text(client, text);
}

/* ---- an honest client ---- */

static void take_message(struct client *client, const char *text, size_t size_bytes)
{
    cJSON *frame = cJSON_ParseWithLength(text, size_bytes);
    const char *type = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(frame, "type"));
    const cJSON *seq = cJSON_GetObjectItemCaseSensitive(frame, "agent_seq");
    if (type && strcmp(type, "resync_ack") == 0) {
        char fields[80];
        const cJSON *replayed = cJSON_GetObjectItemCaseSensitive(frame, "replayed");
        const cJSON *gap = cJSON_GetObjectItemCaseSensitive(frame, "gap_detected");
        snprintf(fields, sizeof fields, ",\"replayed\":%d,\"gap_detected\":%s",
                 replayed ? replayed->valueint : 0, cJSON_IsTrue(gap) ? "true" : "false");
        print_line(client, "resynced", fields);
    } else if (type && strcmp(type, "pong") != 0) {
        char *data = cJSON_PrintUnformatted(frame);
        print_event(client, type, data);
        cJSON_free(data);
    }
    if (cJSON_IsNumber(seq))
        client->last_seen_seq = seq->valuedouble;
    cJSON_Delete(frame);
}

/* False when the connection is over. */
static bool take_bytes(struct client *client, const char *data, size_t size_bytes)
{
    for (size_t offset = 0; offset < size_bytes;) {
        struct ws_event event;
        offset += ws_receiver_feed(&client->receiver, data + offset, size_bytes - offset, &event);
        switch (event.kind) {
        case WS_EVENT_TEXT:
            take_message(client, event.data, event.size_bytes);
            break;
        case WS_EVENT_PING:
            write_frame(client, WS_OPCODE_PONG, event.data, event.size_bytes);
            break;
        case WS_EVENT_NONE:
        case WS_EVENT_BINARY:
        case WS_EVENT_PONG:
            break;
        case WS_EVENT_CLOSE:
        case WS_EVENT_VIOLATION:
            write_frame(client, WS_OPCODE_CLOSE, "\x03\xe8", 2);
            return false;
        }
    }
    return true;
}

/* Reads until the connection is over. */
static void serve(struct client *client)
{
    static _Thread_local char data[65536];
    while (wait_for(client, POLLIN)) {
        ssize_t size_bytes = recv(client->file, data, sizeof data, 0);
        if (size_bytes <= 0 || !take_bytes(client, data, (size_t)size_bytes))
            return;
    }
}

/* ---- what the others do on a connection, before they go on honestly ---- */

static void send_binary(struct client *client)
{
    write_frame(client, WS_OPCODE_BINARY, "\0\1\2", 3);
}

static void send_big_text(struct client *client)
{
    char *text = memory_alloc(1, BIG_TEXT_BYTES);
    memset(text, 'x', BIG_TEXT_BYTES);
    write_frame(client, WS_OPCODE_TEXT, text, BIG_TEXT_BYTES);
    free(text);
}

static void send_garbage(struct client *client)
{
    write_bytes(client, "\xff\x00\xde\xad\xbe\xef garbage\r\n", 16);
}

static void send_unmasked(struct client *client)
{
    struct buffer out;
    buffer_init(&out, BUFFER_NO_LIMIT);
    ws_append_text(&out, "{\"type\":\"ping\"}", 15);
    write_bytes(client, out.data, out.size_bytes);
    buffer_free(&out);
}

static void send_half_frame(struct client *client)
{
    write_bytes(client, "\x81\xfe\x10\x00\1\2\3\4{\"ty", 12);
    wait_for(client, 0); /* silent until it is to stop or the peer hangs up */
}

/* On the second connection, where one is due. */
static void send_resyncs(struct client *client)
{
    for (int i = 0; client->connection_count > 1 && i < RESYNC_COUNT; i++)
        if (!write_resync(client))
            return;
}

static void send_pings(struct client *client)
{
    struct buffer out;
    buffer_init(&out, BUFFER_NO_LIMIT);
    for (int i = 0; i < 1000; i++)
        buffer_append(&out, "\x89\x80\1\2\3\4", 6);
    while (write_bytes(client, out.data, out.size_bytes))
        ;
    buffer_free(&out);
}

static void stay_deaf(struct client *client)
{
    pause_ms(client, INT_MAX);
}

/* Markers of events to come. */
static void print_lies(struct client *client)
{
    char data[60];
    for (int i = 1; i <= LIE_COUNT; i++) {
        snprintf(data, sizeof data, "{\"id\":\"lie\",\"message\":{\"text\":\"gc-%d\"}}", i);
        print_event(client, "message.created", data);
    }
}

static void print_fables(struct client *client)
{
    for (int i = 0; i < LIE_COUNT; i++)
        print_event(client, "message.created", "{\"message\":{\"text\":\"gc-424242\"}}");
}

static void print_flood(struct client *client)
{
    while (!client->is_stopping)
        print_event(client, "message.created", "{\"text\":\"none of yours\"}");
}

/* As large as an event that the transcript keeps can be. */
static void print_fat_flood(struct client *client)
{
    char data[2048];
    memset(data, 'x', sizeof data - 1);
    data[0] = data[sizeof data - 2] = '"';
    data[sizeof data - 1] = '\0';
    while (!client->is_stopping)
        print_event(client, "message.created", data);
}

/* Keeps them all open, the good one too, as many as it may. */
static void connect_and_keep(struct client *client)
{
    static int files[CONNECTION_COUNT];
    int count = 0;
    while (client->file >= 0) {
        files[count++] = client->file;
        client->file = -1;
        ws_receiver_free(&client->receiver);
        if (count < CONNECTION_COUNT && !client->is_stopping)
            connect_socket(client);
    }
    pause_ms(client, INT_MAX);
    while (count > 0)
        close(files[--count]);
}

/* ---- what they do instead of that ---- */

static void send_no_request(struct client *client)
{
    if (connect_socket(client) && write_bytes(client, "\x16\x03\x01\x02 not http\r\n\r\n", 17))
        wait_for(client, POLLIN);
    disconnect(client);
}

static void send_half_request(struct client *client)
{
    if (connect_socket(client) && write_bytes(client, "GET /v1/ws?token=", 17))
        pause_ms(client, INT_MAX);
    disconnect(client);
}

static void connect_often(struct client *client)
{
    for (int i = 0; i < CONNECTION_COUNT && !client->is_stopping; i++)
        if (connect_socket(client))
            disconnect(client);
}

/* ---- what takes the whole process with it ---- */

static void die(struct client *client)
{
    (void)client;
    kill(getpid(), SIGKILL);
}

static void die_once(struct client *client)
{
    if (mkdir("died-once", 0777) == 0)
        die(client);
}

/* ---- a client's life ---- */

static const struct mode {
    const char *name;
    void (*on_open)(struct client *client); /* once it is connected and subscribed … */
    void (*instead)(struct client *client); /* … or all that it does */
} modes[] = {
    {"binary", send_binary, NULL},
    {"big-text", send_big_text, NULL},
    {"garbage-frames", send_garbage, NULL},
    {"unmasked", send_unmasked, NULL},
    {"half-frame", send_half_frame, NULL},
    {"resyncs", send_resyncs, NULL},
    {"pings", send_pings, NULL},
    {"deaf", stay_deaf, NULL},
    {"lies", print_lies, NULL},
    {"fables", print_fables, NULL},
    {"flood", print_flood, NULL},
    {"fat-flood", print_fat_flood, NULL},
    {"connects-and-keeps", connect_and_keep, NULL},
    {"no-request", NULL, send_no_request},
    {"half-request", NULL, send_half_request},
    {"connects", NULL, connect_often},
    {"deadly", die, NULL},
    {"deadly-once", die_once, NULL},
};

static void *run_client(void *user)
{
    struct client *client = user;
    const struct mode *mode = NULL;
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        if (strcmp(modes[i].name, client->mode) == 0)
            mode = &modes[i];
    if (mode && mode->instead) {
        mode->instead(client);
        return NULL;
    }
    for (; !client->is_stopping; pause_ms(client, RECONNECT_MS)) {
        if (!open_connection(client))
            continue;
        write_subscribe(client);
        if (client->last_seen_seq > 0)
            write_resync(client);
        if (mode)
            mode->on_open(client);
        serve(client);
        disconnect(client);
    }
    return NULL;
}

static void copy_field(const cJSON *value, char *out, size_t out_bytes)
{
    const char *text = cJSON_GetStringValue(value);
    snprintf(out, out_bytes, "%s", text ? text : "");
}

static void start_client(const cJSON *line)
{
    struct client *client = memory_alloc(1, sizeof *client);
    char url[100];
    copy_field(cJSON_GetObjectItemCaseSensitive(line, "client"), client->id, sizeof client->id);
    copy_field(cJSON_GetObjectItemCaseSensitive(line, "token"), client->token,
               sizeof client->token);
    copy_field(cJSON_GetObjectItemCaseSensitive(line, "base_url"), url, sizeof url);
    copy_field(cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(line, "channels"), 0),
               client->mode, sizeof client->mode);
    const char *colon = strrchr(url, ':');
    client->port = (uint16_t)strtoul(colon ? colon + 1 : "0", NULL, 10);
    client->file = -1;
    client->next = clients;
    clients = client;
    if (pthread_create(&client->thread, NULL, run_client, client) != 0)
        abort();
}

/* NULL means all of them. */
static void stop_clients(const char *id)
{
    for (struct client **link = &clients; *link;) {
        struct client *client = *link;
        if (id && strcmp(client->id, id) != 0) {
            link = &client->next;
            continue;
        }
        client->is_stopping = true;
        pthread_join(client->thread, NULL);
        disconnect(client);
        print_line(client, "stopped", "");
        *link = client->next;
        free(client);
    }
}

int main(void)
{
    char *line = NULL;
    size_t capacity_bytes = 0;
    signal(SIGPIPE, SIG_IGN);
    puts("{\"ev\":\"hello\",\"protocol\":1,\"name\":\"hostile\",\"version\":\"1\","
         "\"capabilities\":[\"multi\",\"resynced\"]}");
    fflush(stdout);
    for (bool goes_on = true; goes_on && getline(&line, &capacity_bytes, stdin) > 0;) {
        cJSON *op = cJSON_Parse(line);
        const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(op, "op"));
        const char *id = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(op, "client"));
        if (name && strcmp(name, "start") == 0)
            start_client(op);
        else if (name && strcmp(name, "stop") == 0)
            stop_clients(id);
        else if (name && strcmp(name, "exit") == 0)
            goes_on = false;
        cJSON_Delete(op);
    }
    stop_clients(NULL);
    free(line);
    return 0;
}

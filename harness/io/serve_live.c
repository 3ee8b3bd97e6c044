#include "io/serve_internal.h"

#include "core/transcript_file.h"

#define CHUNK_BYTES_MAX ((size_t)256 << 10)
#define INCOMING_MAX    4096
/* The newest entry may still grow: equal ones within a millisecond are one. */
#define GROWING_US 2000

/* ---- what can be shown ---- */

/* How many lines of the transcript are final: its header and so many entries. */
static size_t final_count(const struct serve *serve)
{
    const struct transcript *transcript =
        serve->session ? session_transcript(serve->session) : serve->result->transcript;
    if (!transcript)
        return 0;
    bool is_growing = !serve->is_over && transcript->count > 0 &&
                      serve_now_us(serve) - transcript->entries[transcript->count - 1].at_us <
                          GROWING_US;
    return 1 + transcript->count - is_growing;
}

static const struct transcript *transcript_of(const struct serve *serve)
{
    return serve->session ? session_transcript(serve->session) : serve->result->transcript;
}

static void tell_entries(struct serve *serve, size_t line_count)
{
    const struct transcript *transcript = transcript_of(serve);
    while (serve->told_count + 1 < line_count)
        serve->callbacks->on_entry(serve->callbacks->user,
                                   &transcript->entries[serve->told_count++]);
}

/* ---- pages ---- */

static void send_text(struct serve *serve, uint32_t number, const char *text, size_t size_bytes)
{
    struct buffer frame;
    buffer_init(&frame, BUFFER_NO_LIMIT);
    ws_append_text(&frame, text, size_bytes);
    server_write(serve->server, number, frame.data, frame.size_bytes, false);
    buffer_free(&frame);
}

static void send_close(struct serve *serve, uint32_t number, unsigned code)
{
    struct buffer frame;
    buffer_init(&frame, BUFFER_NO_LIMIT);
    ws_append_close(&frame, code, NULL, NULL);
    serve_answer(serve, number, &frame);
    buffer_free(&frame);
}

/* A page that reads slowly is sent the next part when it has read the last: nothing piles up. */
static void send_lines(struct serve *serve, uint32_t number, size_t line_count)
{
    struct serve_link *link = serve_link(serve, number);
    struct buffer lines;
    buffer_init(&lines, BUFFER_NO_LIMIT);
    while (link->sent_count < line_count && lines.size_bytes < CHUNK_BYTES_MAX)
        transcript_write_line(transcript_of(serve), link->sent_count++, &lines);
    if (lines.size_bytes == 0 && serve->is_over && !link->has_summary) {
        link->has_summary = true;
        buffer_append(&lines, serve->summary.data, serve->summary.size_bytes);
    }
    if (lines.size_bytes > 0) {
        send_text(serve, number, lines.data, lines.size_bytes);
        link->is_waiting = true;
        server_drain(serve->server, number);
    }
    buffer_free(&lines);
}

void serve_live_update(struct serve *serve)
{
    size_t line_count = final_count(serve);
    if (line_count > 0)
        tell_entries(serve, line_count);
    for (uint32_t number = 1; number <= serve->link_count; number++) {
        const struct serve_link *link = serve_link(serve, number);
        if (link->kind == SERVE_LINK_LIVE && !link->is_waiting)
            send_lines(serve, number, line_count);
    }
}

void serve_live_drained(struct serve *serve, uint32_t number)
{
    struct serve_link *link = serve_link(serve, number);
    if (link->kind != SERVE_LINK_LIVE)
        return;
    link->is_waiting = false;
    if (link->has_summary)
        send_close(serve, number, 1000);
    else
        send_lines(serve, number, final_count(serve));
}

bool serve_live_is_done(const struct serve *serve)
{
    for (size_t i = 0; i < serve->link_count; i++)
        if (serve->links[i].kind == SERVE_LINK_LIVE)
            return false;
    return true;
}

void serve_live_begin(struct serve *serve, uint32_t number, const struct ws_request *request)
{
    struct buffer answer;
    char accept[WS_ACCEPT_TEXT_BYTES];
    buffer_init(&answer, BUFFER_NO_LIMIT);
    ws_accept_key(request->key, accept);
    ws_append_upgrade_response(&answer, accept, 0);
    server_write(serve->server, number, answer.data, answer.size_bytes, false);
    buffer_free(&answer);
    struct serve_link *link = serve_link(serve, number);
    link->kind = SERVE_LINK_LIVE;
    ws_receiver_init(&link->receiver, WS_ROLE_SERVER, INCOMING_MAX);
    serve_live_update(serve);
}

/* A page has nothing to say but what every WebSocket says. */
void serve_live_received(struct serve *serve, uint32_t number, const char *data,
                         size_t size_bytes)
{
    while (serve_link(serve, number)->kind == SERVE_LINK_LIVE && size_bytes > 0) {
        struct ws_event event;
        size_t taken_bytes =
            ws_receiver_feed(&serve_link(serve, number)->receiver, data, size_bytes, &event);
        data += taken_bytes;
        size_bytes -= taken_bytes;
        switch (event.kind) {
        case WS_EVENT_PING: {
            struct ws_frame pong = {.opcode = WS_OPCODE_PONG, .is_final = true};
            struct buffer frame;
            buffer_init(&frame, BUFFER_NO_LIMIT);
            ws_append_frame(&frame, &pong, event.data, event.size_bytes);
            server_write(serve->server, number, frame.data, frame.size_bytes, false);
            buffer_free(&frame);
            break;
        }
        case WS_EVENT_CLOSE:
            send_close(serve, number, 1000);
            return;
        case WS_EVENT_VIOLATION:
            send_close(serve, number, 1002);
            return;
        case WS_EVENT_NONE:
        case WS_EVENT_TEXT:
        case WS_EVENT_BINARY:
        case WS_EVENT_PONG:
            break;
        }
    }
}

/* The frame parser against cJSON, and the memory of ids against uthash. */
#include "cmd/bench.h"

#include "core/dedupe.h"
#include "core/event.h"
#include "core/frame.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

/* ---- frames ---- */

#define FRAME_BYTES 250
#define FRAME_COUNT 20000 /* in each round */

static void print_frame(struct buffer *out)
{
    struct event event = {.marker = 1234,
                          .id_marker = 1234,
                          .seq = 1234,
                          .type = "message.created",
                          .is_numbered = true};
    event_print(&event, false, out);
    size_t bare_bytes = out->size_bytes;
    buffer_clear(out);
    event.size_bytes = (uint32_t)(FRAME_BYTES - bare_bytes + strlen("gc-1234"));
    event_print(&event, false, out);
}

static double scan_ns(const struct buffer *text)
{
    volatile bool is_good = true;
    int64_t start_ns = bench_thread_ns();
    for (int i = 0; i < FRAME_COUNT; i++) {
        struct frame frame;
        is_good = is_good && frame_scan(text->data, text->size_bytes, &frame);
    }
    return (double)(bench_thread_ns() - start_ns) / FRAME_COUNT;
}

static double cjson_ns(const struct buffer *text)
{
    int64_t start_ns = bench_thread_ns();
    for (int i = 0; i < FRAME_COUNT; i++)
        cJSON_Delete(cJSON_ParseWithLength(text->data, text->size_bytes));
    return (double)(bench_thread_ns() - start_ns) / FRAME_COUNT;
}

void bench_parser(struct bench *bench)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    print_frame(&text);
    struct bench_row *row = bench_add(bench, "frames", "parser, a frame of 250 bytes", "ns",
                                      "cJSON_ParseWithLength and cJSON_Delete");
    for (size_t round = 0; round <= bench->round_count; round++) {
        double own = scan_ns(&text), peer = cjson_ns(&text);
        if (round == 0)
            continue;
        bench_series_add(&row->own, own);
        bench_series_add(&row->peer_own, peer);
    }
    buffer_free(&text);
}

/* ---- ids ---- */

#define MEMORY_COUNT 2048
#define LOOKUP_COUNT 20000 /* in each round; a tenth of them known */
#define HIT_ONE_IN   10

/* The id of the nth look-up: every tenth one that came a few hundred before. */
static void make_id(uint64_t nth, char id[EVENT_ID_BYTES])
{
    event_id(1000 + (nth % HIT_ONE_IN || nth < 500 ? nth : nth - 495), id);
}

static double own_ns(const char (*ids)[EVENT_ID_BYTES])
{
    struct dedupe *dedupe = dedupe_new(MEMORY_COUNT);
    int64_t start_ns = bench_thread_ns();
    for (int i = 0; i < LOOKUP_COUNT; i++) {
        struct span key = {ids[i], EVENT_ID_BYTES - 1};
        dedupe_insert(dedupe, key); /* which looks it up first */
    }
    double ns = (double)(bench_thread_ns() - start_ns) / LOOKUP_COUNT;
    dedupe_free(dedupe);
    return ns;
}

/* As its documentation has an LRU: its list is in the order of insertion. */
struct known_id {
    char id[EVENT_ID_BYTES];
    UT_hash_handle hh;
};

static double uthash_ns(const char (*ids)[EVENT_ID_BYTES])
{
    struct known_id *known = NULL, *item, *next;
    int64_t start_ns = bench_thread_ns();
    for (int i = 0; i < LOOKUP_COUNT; i++) {
        HASH_FIND(hh, known, ids[i], EVENT_ID_BYTES - 1, item);
        if (item)
            continue;
        item = malloc(sizeof *item);
        if (!item)
            break;
        memcpy(item->id, ids[i], EVENT_ID_BYTES);
        HASH_ADD(hh, known, id, EVENT_ID_BYTES - 1, item);
        if (HASH_COUNT(known) > MEMORY_COUNT) {
            struct known_id *oldest = known;
            HASH_DEL(known, oldest);
            free(oldest);
        }
    }
    double ns = (double)(bench_thread_ns() - start_ns) / LOOKUP_COUNT;
    HASH_ITER(hh, known, item, next)
    {
        HASH_DEL(known, item);
        free(item);
    }
    return ns;
}

void bench_dedupe(struct bench *bench)
{
    char(*ids)[EVENT_ID_BYTES] = calloc(LOOKUP_COUNT, sizeof *ids);
    struct bench_row *row = bench_add(bench, "ids", "look-up and insertion among 2,048", "ns",
                                      "uthash with an oldest-first list");
    if (!ids)
        return;
    for (uint64_t i = 0; i < LOOKUP_COUNT; i++)
        make_id(i, ids[i]);
    for (size_t round = 0; round <= bench->round_count; round++) {
        double own = own_ns((const char(*)[EVENT_ID_BYTES])ids);
        double peer = uthash_ns((const char(*)[EVENT_ID_BYTES])ids);
        if (round == 0)
            continue;
        bench_series_add(&row->own, own);
        bench_series_add(&row->peer_own, peer);
    }
    free(ids);
}

#include "cmd/bench.h"

#include "cmd/command.h"
#include "cmd/options.h"
#include "core/buffer.h"
#include "report/run.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define ROUNDS   7
#define SESSIONS 2000

static long memory_peak_kib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

/* ---- what it prints ---- */

/* "µs" is two columns wide, and three bytes. */
static int columns_to_bytes(const char *text, int columns)
{
    int extra = 0;
    for (; *text; text++)
        extra += ((unsigned char)*text & 0xC0) == 0x80;
    return columns + extra;
}

static void append_row(const struct bench_row *row, struct buffer *out)
{
    buffer_printf(out, "  %-38s %12.1f %-*s", row->name, bench_median(&row->own),
                  columns_to_bytes(row->unit, 9), row->unit);
    buffer_printf(out, " %10.1f … %-10.1f", bench_lowest(&row->own), bench_highest(&row->own));
    if (row->peer)
        buffer_printf(out, "  %6.2f × of %s (%.1f)", bench_ratio(row), row->peer,
                      bench_median(&row->peer_own));
    buffer_append_text(out, "\n");
}

static void append_table(const struct bench *bench, struct buffer *out)
{
    const char *group = "";
    buffer_printf(out, "median and spread of %zu rounds\n", bench->round_count);
    for (size_t i = 0; i < bench->row_count; i++) {
        if (strcmp(group, bench->rows[i].group) != 0)
            buffer_printf(out, "%s\n", bench->rows[i].group);
        group = bench->rows[i].group;
        append_row(&bench->rows[i], out);
    }
    buffer_printf(out, "memory peak\n  %-38s %12.1f MiB\n", "of this process",
                  (double)memory_peak_kib() / 1024);
}

static cJSON *row_json(const struct bench_row *row)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "group", row->group);
    cJSON_AddStringToObject(object, "name", row->name);
    cJSON_AddStringToObject(object, "unit", row->unit);
    cJSON_AddNumberToObject(object, "median", bench_median(&row->own));
    cJSON_AddNumberToObject(object, "lowest", bench_lowest(&row->own));
    cJSON_AddNumberToObject(object, "highest", bench_highest(&row->own));
    if (row->peer) {
        cJSON_AddStringToObject(object, "peer", row->peer);
        cJSON_AddNumberToObject(object, "peer_median", bench_median(&row->peer_own));
        cJSON_AddNumberToObject(object, "ratio", bench_ratio(row));
    }
    return object;
}

static void append_json(const struct bench *bench, struct buffer *out)
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddNumberToObject(root, "format", 1);
    cJSON_AddStringToObject(root, "gapcheck", GAPCHECK_VERSION);
    cJSON_AddNumberToObject(root, "rounds", (double)bench->round_count);
    cJSON_AddNumberToObject(root, "sessions", (double)bench->session_count);
    cJSON *rows = cJSON_AddArrayToObject(root, "rows");
    for (size_t i = 0; i < bench->row_count; i++)
        cJSON_AddItemToArray(rows, row_json(&bench->rows[i]));
    cJSON_AddNumberToObject(root, "memory_peak_kib", (double)memory_peak_kib());
    char *text = cJSON_Print(root);
    buffer_append_text(out, text);
    buffer_append_text(out, "\n");
    cJSON_free(text);
    cJSON_Delete(root);
}

/* ---- the command ---- */

static void tell(const struct options *options, const char *what)
{
    if (options->is_quiet || isatty(STDERR_FILENO) != 1)
        return;
    fprintf(stderr, "\r\033[K%s", what);
    fflush(stderr);
}

int command_bench(const struct options *options)
{
    static struct bench bench; /* large for a stack */
    bench = (struct bench){
        .round_count = options->round_count ? options->round_count : ROUNDS,
        .session_count = options->run_count ? options->run_count : SESSIONS,
    };
    tell(options, "simulating");
    bench_simulation(&bench);
    tell(options, "parsing");
    bench_parser(&bench);
    bench_dedupe(&bench);
    tell(options, "replaying");
    bool is_whole = bench_replay(&bench);
    tell(options, "");
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    if (options->is_json)
        append_json(&bench, &text);
    else
        append_table(&bench, &text);
    fwrite(text.data, 1, text.size_bytes, stdout);
    buffer_free(&text);
    return fflush(stdout) == 0 && is_whole ? RUN_EXIT_EXPECTED : RUN_EXIT_INCONCLUSIVE;
}

#include "report/html_transcript.h"

#include "core/memory.h"
#include "core/transcript_file.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define BASE64_STEP_BYTES (48 * 1024) /* divisible by 3: only the end is padded */

/* ---- where the steps stand ---- */

static void append_steps(const struct scenario *scenario, struct buffer *out)
{
    for (size_t i = 0; i < scenario->step_count; i++)
        buffer_printf(out, "%s%zu,%zu", i ? "," : "", scenario->steps[i].line,
                      scenario->steps[i].column);
}

/* Nothing where the text makes no such scenario (any more): it is shown without marks. */
static void append_steps_of(const struct transcript_header *header, struct buffer *out)
{
    struct scenario_set set = {0};
    struct error_list errors;
    error_list_init(&errors);
    char *name = memory_copy_text(header->scenario_name, strcspn(header->scenario_name, "["));
    if (scenario_load(header->scenario_text, strlen(header->scenario_text), "", name, &set,
                      &errors))
        for (size_t i = 0; i < set.count; i++)
            if (strcmp(set.items[i]->name, header->scenario_name) == 0)
                append_steps(set.items[i], out);
    free(name);
    error_list_free(&errors);
    scenario_set_free(&set);
}

/* ---- packing ---- */

static void append_base64(const unsigned char *data, size_t size_bytes, struct buffer *out)
{
    unsigned char *text = memory_alloc(BASE64_STEP_BYTES / 3 * 4 + 1, 1);
    for (size_t offset = 0; offset < size_bytes; offset += BASE64_STEP_BYTES) {
        size_t rest_bytes = size_bytes - offset;
        size_t step_bytes = rest_bytes < BASE64_STEP_BYTES ? rest_bytes : BASE64_STEP_BYTES;
        int length = EVP_EncodeBlock(text, data + offset, (int)step_bytes);
        buffer_append(out, text, (size_t)length);
    }
    free(text);
}

static void append_packed(const struct buffer *text, struct buffer *out)
{
    uLongf packed_bytes = compressBound(text->size_bytes);
    unsigned char *packed = memory_alloc(packed_bytes, 1);
    int status = compress2(packed, &packed_bytes, (const Bytef *)text->data, text->size_bytes,
                           Z_DEFAULT_COMPRESSION);
    if (status == Z_OK) /* compressBound left room: only memory can fail */
        append_base64(packed, packed_bytes, out);
    free(packed);
}

static void append_problem(const struct error *error, struct buffer *out)
{
    buffer_append_text(out, "{\"problem\":");
    text_append_json(out, error->message, strlen(error->message));
    buffer_append_text(out, "}");
}

/* The first line alone says what was played; what is wrong behind it, the page tells. */
static bool append_transcript(const struct buffer *text, struct buffer *out, struct error *error)
{
    const char *end = memchr(text->data, '\n', text->size_bytes);
    struct transcript *transcript = transcript_read(
        text->data, end ? (size_t)(end - text->data) : text->size_bytes, error);
    if (!transcript)
        return false;
    buffer_printf(out, "{\"size\":%zu,\"steps\":[", text->size_bytes);
    append_steps_of(&transcript->header, out);
    buffer_append_text(out, "],\"packed\":\"");
    append_packed(text, out);
    buffer_append_text(out, "\"}");
    transcript_free(transcript);
    return true;
}

static void append_file(const struct html_run *run, const char *path, struct buffer *out)
{
    struct buffer text;
    struct error error;
    buffer_init(&text, HTML_TRANSCRIPT_BYTES_MAX);
    if (!run->read(run->user, path, &text, &error) || !append_transcript(&text, out, &error))
        append_problem(&error, out);
    buffer_free(&text);
}

/* ---- all of them ---- */

static void append_element(const struct html_run *run, const struct run_scenario *scenario,
                           size_t used_bytes, struct buffer *out)
{
    struct error error;
    if (!scenario->transcript) {
        buffer_append_text(out, "null");
    } else if (used_bytes < HTML_PACKED_BYTES_MAX) {
        append_file(run, scenario->transcript, out);
    } else {
        error_set(&error, NULL, "this page is full; the transcript lies beside it");
        append_problem(&error, out);
    }
}

void html_append_transcripts(const struct html_run *run, struct buffer *out)
{
    const struct run *whole = run->run;
    struct buffer *elements = memory_alloc(whole->scenario_count, sizeof *elements);
    size_t used_bytes = 0;
    for (int pass = 0; pass < 2; pass++) { /* what passed comes last */
        for (size_t i = 0; i < whole->scenario_count; i++) {
            const struct run_scenario *scenario = &whole->scenarios[i];
            if ((scenario->judgement->verdict == VERDICT_PASS) != (pass == 1))
                continue;
            buffer_init(&elements[i], BUFFER_NO_LIMIT);
            append_element(run, scenario, used_bytes, &elements[i]);
            used_bytes += elements[i].size_bytes;
        }
    }
    buffer_append_text(out, "[");
    for (size_t i = 0; i < whole->scenario_count; i++) {
        buffer_append_text(out, i ? ",\n" : "\n");
        buffer_append(out, elements[i].data, elements[i].size_bytes);
        buffer_free(&elements[i]);
    }
    buffer_append_text(out, "]");
    free(elements);
}

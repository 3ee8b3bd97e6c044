/* The transcript as a file: written and read back identically, and what is no transcript. */
#include "core/transcript_file.h"

#include "core/memory.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADER "{\"transcript\":1,\"scenario\":\"a\",\"source\":\"{}\"}\n"

static char *copy(const char *text)
{
    return memory_copy_text(text, strlen(text));
}

static struct transcript *new_with_header(void)
{
    struct transcript *transcript = transcript_new();
    struct transcript_header *header = &transcript->header;
    header->scenario_name = copy("resync/gap[501]");
    header->scenario_path = copy("scenarios/resync/gap.jsonc");
    header->scenario_text = copy("{ \"title\": \"\\u00e4\" } // \xC3\xA4\t\"x\"\n");
    header->client_name = copy("@relaycast/sdk");
    header->client_version = copy("6.0.2");
    header->client_command = copy("node \"x y\" \\ ");
    header->gapcheck_version = copy("0.1.0");
    header->capabilities.bits = (UINT32_C(1) << DRIVER_CAPABILITY_COUNT) - 1;
    header->is_wire_only = true;
    header->seed = UINT64_C(9007199254740991);
    header->started_ms = INT64_C(1780308000250);
    header->timeout_scale = 2.5;
    return transcript;
}

static void write_all(const struct transcript *transcript, struct buffer *out)
{
    buffer_init(out, BUFFER_NO_LIMIT);
    for (size_t index = 0; transcript_write_line(transcript, index, out); index++)
        cr_assert_eq(out->data[out->size_bytes - 1], '\n');
}

static void assert_texts_equal(const char *left, const char *right, const char *what)
{
    cr_assert_eq(left == NULL, right == NULL, "%s", what);
    if (left)
        cr_assert_str_eq(left, right);
}

static bool equal_numbers(double left, double right)
{
    return left == right || (isnan(left) && isnan(right));
}

static void assert_entries_equal(const struct transcript_entry *left,
                                 const struct transcript_entry *right)
{
    const char *kind = transcript_kind_name(left->kind);
    cr_assert_eq(left->kind, right->kind);
    cr_assert_eq(left->at_us, right->at_us);
    cr_assert_eq(left->marker, right->marker, "%s", kind);
    cr_assert_eq(left->count, right->count, "%s", kind);
    cr_assert(equal_numbers(left->seq, right->seq), "%s", kind);
    cr_assert(equal_numbers(left->number, right->number), "%s", kind);
    cr_assert(equal_numbers(left->number2, right->number2), "%s", kind);
    assert_texts_equal(left->name, right->name, kind);
    assert_texts_equal(left->detail, right->detail, kind);
    assert_texts_equal(left->text, right->text, kind);
    cr_assert_eq(left->hash, right->hash, "%s", kind);
    cr_assert_eq(left->size_bytes, right->size_bytes, "%s", kind);
    cr_assert_eq(left->step, right->step, "%s", kind);
    cr_assert_eq(left->connection, right->connection, "%s", kind);
    cr_assert_eq(left->flags, right->flags, "%s", kind);
}

static void assert_headers_equal(const struct transcript_header *left,
                                 const struct transcript_header *right)
{
    assert_texts_equal(left->scenario_name, right->scenario_name, "scenario");
    assert_texts_equal(left->scenario_path, right->scenario_path, "file");
    assert_texts_equal(left->scenario_text, right->scenario_text, "source");
    assert_texts_equal(left->client_name, right->client_name, "client");
    assert_texts_equal(left->client_version, right->client_version, "version");
    assert_texts_equal(left->client_command, right->client_command, "command");
    assert_texts_equal(left->gapcheck_version, right->gapcheck_version, "gapcheck");
    cr_assert_eq(left->capabilities.bits, right->capabilities.bits);
    cr_assert_eq(left->is_wire_only, right->is_wire_only);
    cr_assert_eq(left->seed, right->seed);
    cr_assert_eq(left->started_ms, right->started_ms);
    cr_assert_float_eq(left->timeout_scale, right->timeout_scale, 0);
}

/* Writes, reads back, compares, and writes again: the same bytes. Takes the transcript. */
static void assert_round_trip(struct transcript *transcript)
{
    struct buffer first, second;
    write_all(transcript, &first);
    struct error error = {0};
    struct transcript *read = transcript_read(first.data, first.size_bytes, &error);
    cr_assert_not_null(read, "%zu: %s", error.line, error.message);
    assert_headers_equal(&transcript->header, &read->header);
    cr_assert_eq(read->count, transcript->count);
    for (size_t index = 0; index < read->count; index++)
        assert_entries_equal(&transcript->entries[index], &read->entries[index]);
    write_all(read, &second);
    cr_assert_eq(first.size_bytes, second.size_bytes);
    cr_assert_eq(memcmp(first.data, second.data, first.size_bytes), 0);
    buffer_free(&first);
    buffer_free(&second);
    transcript_free(read);
    transcript_free(transcript);
}

Test(transcript_file, a_header_alone_is_read_back)
{
    assert_round_trip(new_with_header());
}

Test(transcript_file, a_header_may_lack_what_is_not_known)
{
    struct transcript *transcript = transcript_new();
    transcript->header.scenario_name = copy("a");
    transcript->header.scenario_text = copy("");
    assert_round_trip(transcript);
}

Test(transcript_file, every_kind_with_every_member_is_read_back)
{
    struct transcript *transcript = new_with_header();
    for (int kind = 0; kind < TRANSCRIPT_KIND_COUNT; kind++) {
        struct transcript_entry entry = transcript_entry_of(kind, 1000 + kind);
        entry.marker = UINT64_C(123456789) * (unsigned)(kind + 1);
        entry.count = (uint64_t)kind + 1;
        entry.seq = 17 + kind;
        entry.number = -1.5 * kind;
        entry.number2 = 9007199254740991.0;
        entry.name = "a \"name\"";
        entry.detail = "a.type";
        entry.text = "tab\t, quote\", \\, \xC3\xA4, \x01, line\nend";
        entry.size_bytes = UINT32_MAX;
        entry.step = 10000;
        entry.connection = 2000;
        transcript_add(transcript, &entry);
        entry = transcript_entry_of(kind, 1000 + kind);
        entry.marker = entry.count = kind == TRANSCRIPT_PUBLISH || kind == TRANSCRIPT_SENT;
        transcript_add(transcript, &entry);
    }
    cr_assert_eq(transcript->count, 2 * TRANSCRIPT_KIND_COUNT);
    assert_round_trip(transcript);
}

Test(transcript_file, every_flag_is_read_back)
{
    struct transcript *transcript = new_with_header();
    for (unsigned flag = 1; flag <= TRANSCRIPT_FLAG_NO_ID; flag <<= 1) {
        struct transcript_entry entry = transcript_entry_of(TRANSCRIPT_ACK, 0);
        entry.flags = (uint16_t)flag;
        entry.hash = flag == TRANSCRIPT_FLAG_TRUNCATED ? UINT64_C(0xfedcba9876543210) : 0;
        transcript_add(transcript, &entry);
    }
    assert_round_trip(transcript);
}

Test(transcript_file, numbers_are_read_back_to_the_last_bit)
{
    static const double numbers[] = {0, -1, 0.1, 1e300, -1e-300, 9007199254740992.0,
                                     123456789.125, 1.0 / 3};
    struct transcript *transcript = new_with_header();
    for (size_t index = 0; index < sizeof(numbers) / sizeof(numbers[0]); index++) {
        struct transcript_entry entry = transcript_entry_of(TRANSCRIPT_ACK, 0);
        entry.seq = entry.number = entry.number2 = numbers[index];
        transcript_add(transcript, &entry);
    }
    assert_round_trip(transcript);
}

Test(transcript_file, a_hash_without_truncation_is_read_back)
{
    struct transcript *transcript = new_with_header();
    struct transcript_entry entry = transcript_entry_of(TRANSCRIPT_WS_OUT, 0);
    entry.name = "raw";
    entry.hash = 77;
    entry.size_bytes = 3;
    transcript_add(transcript, &entry);
    assert_round_trip(transcript);
}

Test(transcript_file, folds_are_read_back_as_they_were)
{
    struct transcript *transcript = new_with_header();
    for (uint64_t marker = 1; marker <= 30; marker++) {
        struct transcript_entry entry = transcript_entry_of(TRANSCRIPT_SENT, (int64_t)marker * 300);
        entry.marker = marker;
        entry.count = 1;
        entry.name = "live";
        transcript_add(transcript, &entry);
    }
    cr_assert_gt(transcript->count, 1);
    cr_assert_lt(transcript->count, 30);
    assert_round_trip(transcript);
}

Test(transcript_file, what_is_infinite_is_left_out)
{
    struct transcript *transcript = new_with_header();
    struct transcript_entry entry = transcript_entry_of(TRANSCRIPT_ACK, 0);
    entry.seq = INFINITY;
    entry.number = -INFINITY;
    transcript_add(transcript, &entry);
    struct buffer text;
    write_all(transcript, &text);
    cr_assert_null(strstr(buffer_text(&text), "inf"));
    buffer_free(&text);
    transcript_free(transcript);
}

/* ---- what is no transcript ---- */

static const struct malformed {
    const char *what, *text;
    size_t line;
    const char *message;
} malformed[] = {
    {"nothing", "", 0, "empty"},
    {"an empty line", "\n", 1, "no JSON object"},
    {"no JSON", "hello\n", 1, "no JSON object"},
    {"no UTF-8", "{\"transcript\":1,\"scenario\":\"\xff\",\"source\":\"\"}\n", 1, "not UTF-8"},
    {"no object", "[1]\n", 1, "no JSON object"},
    {"half a header", "{\"transcript\":1,\"scena", 1, "no JSON object"},
    {"a header of something else", "{\"a\":1}\n", 1, "no gapcheck transcript"},
    {"an entry first", "{\"us\":1,\"kind\":\"log\"}\n", 1, "no gapcheck transcript"},
    {"another format", "{\"transcript\":2,\"scenario\":\"a\",\"source\":\"\"}\n", 1,
     "format 2 is not known"},
    {"a text for a format", "{\"transcript\":\"1\"}\n", 1, "no gapcheck transcript"},
    {"no scenario", "{\"transcript\":1,\"source\":\"\"}\n", 1, "lacks `scenario`"},
    {"no source", "{\"transcript\":1,\"scenario\":\"a\",\"source\":5}\n", 1, "lacks `scenario`"},
    {"two headers", HEADER HEADER, 2, "unknown kind `(none)`"},
    {"an unknown kind", HEADER "{\"us\":1,\"kind\":\"nonsense\"}\n", 2, "unknown kind `nonsense`"},
    {"a kind that is no text", HEADER "{\"us\":1,\"kind\":5}\n", 2, "unknown kind `(none)`"},
    {"a blank line between", HEADER "\n{\"us\":1,\"kind\":\"log\"}\n", 2, "no JSON object"},
    {"an entry cut off", HEADER "{\"us\":1,\"kind\":\"log\"}\n{\"us\":2,\"ki", 3, "cut off"},
    {"text behind an entry", HEADER "{\"us\":1,\"kind\":\"log\"} {}\n", 2, "no JSON object"},
    {"two entries in a line", HEADER "{\"us\":1,\"kind\":\"log\"}{\"us\":1}\n", 2,
     "no JSON object"},
    {"time going back", HEADER "{\"us\":5,\"kind\":\"log\"}\n{\"us\":4,\"kind\":\"log\"}\n", 3,
     "time goes back"},
    {"negative time", HEADER "{\"us\":5,\"kind\":\"log\"}\n{\"us\":-9,\"kind\":\"log\"}\n", 3,
     "time goes back"},
    {"a fold of none", HEADER "{\"us\":1,\"kind\":\"sent\",\"marker\":1}\n", 2, "at least 1"},
    {"a fold of nothing", HEADER "{\"us\":1,\"kind\":\"sent\",\"count\":1}\n", 2, "at least 1"},
    {"a huge fold", HEADER "{\"us\":1,\"kind\":\"publish\",\"marker\":1,\"count\":1000001}\n", 2,
     "at most 1000000"},
    {"a fold without end", HEADER "{\"us\":1,\"kind\":\"sent\",\"marker\":1,\"count\":1e999}\n", 2,
     "at least 1"},
};

Test(transcript_file, what_is_malformed_is_told_with_its_line)
{
    for (size_t index = 0; index < sizeof(malformed) / sizeof(malformed[0]); index++) {
        const struct malformed *one = &malformed[index];
        struct error error = {0};
        struct transcript *read = transcript_read(one->text, strlen(one->text), &error);
        cr_assert_null(read, "%s was read", one->what);
        cr_assert_eq(error.line, one->line, "%s: line %zu", one->what, error.line);
        bool is_told = strstr(error.message, one->message) || strstr(error.hint, one->message);
        cr_assert(is_told, "%s: %s (%s)", one->what, error.message, error.hint);
    }
}

Test(transcript_file, strange_members_are_taken_for_absent)
{
    static const char text[] =
        HEADER "{\"us\":1e999,\"kind\":\"frame-in\",\"step\":-4,\"connection\":[],"
               "\"last_seen_seq\":1e999,\"since_ms\":\"x\",\"size\":1e300,\"hash\":\"zz\","
               "\"malformed\":\"yes\",\"text\":{},\"type\":null,\"marker\":1.5,\"more\":1}\n";
    struct error error = {0};
    struct transcript *read = transcript_read(text, strlen(text), &error);
    cr_assert_not_null(read, "%s", error.message);
    const struct transcript_entry *entry = &read->entries[0];
    cr_assert_eq(entry->at_us, 0);
    cr_assert_eq(entry->step, 0);
    cr_assert_eq(entry->connection, 0);
    cr_assert_eq(entry->size_bytes, 0);
    cr_assert_eq(entry->hash, 0);
    cr_assert_eq(entry->flags, 0);
    cr_assert_eq(entry->marker, 1);
    cr_assert(isnan(entry->seq) && isnan(entry->number));
    cr_assert(!entry->text && !entry->detail);
    transcript_free(read);
}

Test(transcript_file, numbers_that_the_harness_cannot_have_counted_are_taken_for_absent)
{
    static const struct {
        const char *entry;
        bool has_seq, has_number, has_number2;
    } cases[] = {
        {"'kind':'publish','marker':1,'count':1,'agent_seq':1e300,'created_s':-1e300,"
         "'id_marker':9007199254740992", false, false, false},
        {"'kind':'sent','marker':1,'count':1,'agent_seq':1e300", false, false, false},
        {"'kind':'restart','counter':1e19,'down_ms':1", false, false, true},
        {"'kind':'restart','counter':-1,'down_ms':-1", false, true, false},
        {"'kind':'late','late_us':9007199254740991", false, true, false},
        {"'kind':'frame-in','last_seen_seq':1e300,'since_ms':1e300", true, false, false},
        {"'kind':'ack','last_seen_seq':1e300,'current_seq':1e300,'replayed':1e300", true, true,
         true},
    };
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
        char text[400];
        snprintf(text, sizeof(text), "%s{'us':1,%s}\n", HEADER, cases[index].entry);
        for (char *at = text; *at; at++)
            *at = *at == '\'' ? '"' : *at;
        struct error error = {0};
        struct transcript *read = transcript_read(text, strlen(text), &error);
        cr_assert_not_null(read, "%s", error.message);
        const struct transcript_entry *entry = &read->entries[0];
        cr_assert_eq(!isnan(entry->seq), cases[index].has_seq, "%s", cases[index].entry);
        cr_assert_eq(!isnan(entry->number), cases[index].has_number, "%s", cases[index].entry);
        cr_assert_eq(!isnan(entry->number2), cases[index].has_number2, "%s", cases[index].entry);
        transcript_free(read);
    }
}

Test(transcript_file, a_last_line_needs_no_end_and_carriage_returns_do_no_harm)
{
    static const char *const texts[] = {
        HEADER "{\"us\":1,\"kind\":\"log\"}",
        HEADER "{\"us\":1,\"kind\":\"log\"}\r\n",
        HEADER " {\"us\":1,\"kind\":\"log\"} \n",
    };
    for (size_t index = 0; index < sizeof(texts) / sizeof(texts[0]); index++) {
        struct error error = {0};
        struct transcript *read = transcript_read(texts[index], strlen(texts[index]), &error);
        cr_assert_not_null(read, "%zu: %s", index, error.message);
        cr_assert_eq(read->count, 1);
        transcript_free(read);
    }
}

Test(transcript_file, every_prefix_of_a_file_is_read_or_refused)
{
    static const char text[] = HEADER "{\"us\":1,\"kind\":\"sent\",\"marker\":1,\"count\":2}\n"
                                      "{\"us\":2,\"kind\":\"log\",\"message\":\"\\u00e4\"}\n";
    for (size_t size_bytes = 0; size_bytes < sizeof(text); size_bytes++) {
        char *prefix = malloc(size_bytes ? size_bytes : 1); /* exactly so long */
        memcpy(prefix, text, size_bytes);
        struct error error = {0};
        struct transcript *read = transcript_read(prefix, size_bytes, &error);
        cr_assert(read || error.message[0]);
        transcript_free(read);
        free(prefix);
    }
}

Test(transcript_file, nested_garbage_is_refused)
{
    enum { DEPTH = 100000 };
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    buffer_append_text(&text, HEADER "{\"us\":1,\"kind\":\"log\",\"message\":");
    for (int depth = 0; depth < DEPTH; depth++)
        buffer_append_text(&text, depth % 2 ? "[" : "{\"a\":");
    struct error error = {0};
    cr_assert_null(transcript_read(text.data, text.size_bytes, &error));
    cr_assert_eq(error.line, 2);
    buffer_free(&text);
}

Test(transcript_file, a_line_of_32_MiB_is_the_longest)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    buffer_append_text(&text, HEADER "{\"us\":1,\"kind\":\"log\",\"message\":\"");
    size_t header_bytes = strlen(HEADER);
    char *padding = memory_alloc(TRANSCRIPT_LINE_BYTES_MAX, 1);
    memset(padding, 'a', TRANSCRIPT_LINE_BYTES_MAX);
    buffer_append(&text, padding,
                  TRANSCRIPT_LINE_BYTES_MAX - 2 - (text.size_bytes - header_bytes));
    free(padding);
    buffer_append_text(&text, "\"}");
    struct error error = {0};
    struct transcript *read = transcript_read(text.data, text.size_bytes, &error);
    cr_assert_not_null(read, "%s", error.message);
    transcript_free(read);
    buffer_append_text(&text, " \n");
    cr_assert_null(transcript_read(text.data, text.size_bytes, &error));
    cr_assert_eq(error.line, 2);
    cr_assert_not_null(strstr(error.message, "33554433 bytes; at most 33554432"), "%s",
                       error.message);
    buffer_free(&text);
}

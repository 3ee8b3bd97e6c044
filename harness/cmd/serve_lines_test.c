#include "cmd/serve_lines.h"

#include <criterion/criterion.h>
#include <string.h>

static struct serve_lines lines;
static struct buffer out;

static void set_up(void)
{
    lines = (struct serve_lines){0};
    buffer_init(&out, BUFFER_NO_LIMIT);
}

static void tear_down(void)
{
    buffer_free(&out);
}

TestSuite(serve_lines, .init = set_up, .fini = tear_down);

static struct transcript_entry entry_of(enum transcript_kind kind, const char *name)
{
    struct transcript_entry entry = transcript_entry_of(kind, 1500);
    entry.name = name;
    entry.step = 2;
    entry.connection = 1;
    return entry;
}

static void add(struct transcript_entry entry)
{
    serve_lines_append(&lines, &entry, &out);
}

static void expect(const char *text)
{
    cr_expect_str_eq(buffer_text(&out), text);
    buffer_clear(&out);
}

static void add_published(uint64_t marker, uint64_t count, const char *type, uint16_t flags)
{
    struct transcript_entry entry = entry_of(TRANSCRIPT_PUBLISH, NULL);
    entry.marker = marker;
    entry.count = count;
    entry.detail = type;
    entry.flags = flags;
    add(entry);
}

Test(serve_lines, events_in_a_row_are_one_line)
{
    const char *type = "message.created";
    for (uint64_t marker = 1; marker <= 5; marker++) {
        add_published(marker, 1, type, TRANSCRIPT_FLAG_LIVE);
        add(entry_of(TRANSCRIPT_SENT, "live"));
    }
    add_published(6, 1, type, TRANSCRIPT_FLAG_FENCE);
    expect("");
    add(entry_of(TRANSCRIPT_STEP, "drop"));
    expect("       1.5 ms  publishes 5 × message.created gc-1 … gc-5\n"
           "       1.5 ms  step 2: drop\n");
    add_published(7, 60, type, 0);
    add_published(67, 1, "channel.created", 0);
    add(entry_of(TRANSCRIPT_END, "fin"));
    expect("       1.5 ms  publishes 60 × message.created gc-7 … gc-66\n"
           "       1.5 ms  publishes channel.created gc-67\n"
           "       1.5 ms  connection 1 is gone\n");
}

Test(serve_lines, dispatches_are_counted)
{
    for (int i = 0; i < 3; i++)
        add(entry_of(TRANSCRIPT_DISPATCH, NULL));
    expect("");
    add(entry_of(TRANSCRIPT_DONE, "complete"));
    expect("       1.5 ms  application: got 3 events\n"
           "       1.5 ms  ends: complete\n");
}

Test(serve_lines, what_the_client_sends_is_harmless_on_a_terminal)
{
    struct transcript_entry entry = entry_of(TRANSCRIPT_LIFECYCLE, "error");
    entry.text = "\x1b[2J\nfake line";
    add(entry);
    cr_expect_null(strchr(buffer_text(&out), '\x1b'));
    cr_expect_eq(strchr(buffer_text(&out), '\n') - buffer_text(&out),
                 (long)strlen(buffer_text(&out)) - 1);
    buffer_clear(&out);
    entry = entry_of(TRANSCRIPT_FRAME_IN, NULL);
    entry.detail = "\x1b[31mred";
    add(entry);
    cr_expect_null(strchr(buffer_text(&out), '\x1b'));
}

Test(serve_lines, ops_are_named_and_barriers_are_not)
{
    struct transcript_entry entry = entry_of(TRANSCRIPT_OP, "throw");
    entry.text = "{\"op\":\"throw\",\"client\":\"c1\"}";
    add(entry);
    expect("       1.5 ms  asks the application to throw\n");
    entry.text = "{\"op\":\"unsubscribe\",\"client\":\"c1/1\",\"channels\":[]}";
    add(entry);
    expect("");
}

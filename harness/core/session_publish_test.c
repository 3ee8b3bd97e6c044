/* `publish` and `send`: what happens on the server, and what the author puts on the wire. */
#include "core/session.h"

#include "core/event.h"
#include "core/frame.h"
#include "core/session_fixture.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

TestSuite(session_publish, .fini = fixture_stop);

/* Plays the steps on one open connection and then waits. */
static uint32_t play_open(const char *steps)
{
    char text[2000];
    snprintf(text, sizeof(text), "{'accept':{}},%s,{'wait':{'ms':60000}}", steps);
    fixture_load("'timeout_ms':100000,", text);
    fixture_start();
    return fixture_open();
}

static const char *text_at(uint32_t link, size_t index)
{
    return fixture_message(link, WS_EVENT_TEXT, index)->text;
}

static bool has(const char *text, const char *part)
{
    char quoted[200];
    snprintf(quoted, sizeof(quoted), "%s", part);
    for (char *at = quoted; *at; at++)
        if (*at == '\'')
            *at = '"';
    return strstr(text, quoted) != NULL;
}

/* ---- publish ---- */

Test(session_publish, makes_one_message_with_the_next_number_by_default)
{
    uint32_t link = play_open("{'publish':{}}");
    cr_assert_eq(fixture_count(link, WS_EVENT_TEXT), 1);
    const char *text = text_at(link, 0);
    cr_assert(has(text, "'type':'message.created'") && has(text, "'agent_seq':1"), "%s", text);
    cr_assert(has(text, "gc-1") && has(text, "'channel':'general'"), "%s", text);
    char id[EVENT_ID_BYTES];
    event_id(1, id);
    cr_assert(has(text, id));
    const struct transcript_entry *publish = fixture_entry(TRANSCRIPT_PUBLISH, NULL, 0);
    cr_assert_eq(publish->flags, TRANSCRIPT_FLAG_LIVE | TRANSCRIPT_FLAG_ROW);
    cr_assert_float_eq(publish->seq, 1, 0);
    cr_assert_float_eq(publish->number2, 1, 0);
}

Test(session_publish, uses_count_type_channel_and_size)
{
    uint32_t link = play_open(
        "{'publish':{'count':3,'type':'dm.received','size':300}},{'publish':{'channel':'x'}}");
    cr_assert_eq(fixture_count(link, WS_EVENT_TEXT), 4);
    cr_assert_eq(fixture_texts_with(link, "'type':'dm.received'"), 3);
    cr_assert(has(text_at(link, 2), "'agent_seq':3") && has(text_at(link, 2), "gc-3"));
    cr_assert_gt(strlen(text_at(link, 0)), 300);
    cr_assert(has(text_at(link, 3), "'channel':'x'"));
    const struct transcript_entry *publish = fixture_entry(TRANSCRIPT_PUBLISH, NULL, 0);
    cr_assert_eq(publish->size_bytes, 300);
    cr_assert_eq(fixture_entry_count(TRANSCRIPT_SENT, "live"), 4);
}

Test(session_publish, goes_to_the_first_of_the_clients_channels)
{
    fixture_load("'client':{'channels':['news','general']},",
                 "{'accept':{}},{'publish':{}},{'publish':{'channel':'general'}},{'sync':{}}");
    fixture_start();
    uint32_t link = fixture_open();
    cr_assert(has(text_at(link, 0), "'channel':'news'"));
    cr_assert(has(text_at(link, 1), "'channel':'general'"));
}

Test(session_publish, goes_to_every_open_connection_and_to_none)
{
    fixture_play("{'publish':{}},{'accept':{}},{'accept':{}},{'publish':{}},{'wait':{'ms':9}}");
    uint32_t first = fixture_open();
    cr_assert_eq(fixture_count(first, WS_EVENT_TEXT), 0);
    uint32_t second = fixture_open();
    cr_assert_eq(fixture_texts_with(first, "'agent_seq':2"), 1);
    cr_assert_eq(fixture_texts_with(second, "'agent_seq':2"), 1);
}

Test(session_publish, keeps_its_pace_in_every_ms)
{
    uint32_t link = play_open("{'publish':{'count':4,'every_ms':250}},{'publish':{'as':'x'}}");
    fixture_wait(1000);
    static const int64_t times_ms[] = {0, 250, 500, 750, 750};
    for (size_t index = 0; index < 5; index++)
        cr_assert_eq(fixture_message(link, WS_EVENT_TEXT, index)->at_us, times_ms[index] * 1000);
}

Test(session_publish, may_take_longer_than_the_time_out_of_a_step)
{
    uint32_t link = play_open("{'publish':{'count':4,'every_ms':10000,'timeout_ms':100}}");
    fixture_wait(40000);
    cr_assert_eq(fixture_count(link, WS_EVENT_TEXT), 4);
    cr_assert_not(fixture.is_done);
}

static double id_marker(size_t index)
{
    return fixture_entry(TRANSCRIPT_PUBLISH, NULL, index)->number2;
}

Test(session_publish, gives_a_fresh_id_none_or_that_of_the_event_before)
{
    uint32_t link = play_open("{'publish':{'id':'same'}},{'publish':{'id':'same'}},"
                              "{'publish':{}},{'publish':{'id':'none'}},{'publish':{'id':'same'}},"
                              "{'publish':{'type':'member.left'}},{'publish':{'type':'new.type'}}");
    char first[EVENT_ID_BYTES];
    event_id(1, first);
    cr_assert(has(text_at(link, 0), first), "with none before, its own");
    cr_assert(has(text_at(link, 1), first));
    cr_assert(has(text_at(link, 1), "gc-2"), "the marker is new");
    static const double markers[] = {1, 1, 3, NAN, NAN, NAN, 7};
    for (size_t index = 0; index < 7; index++) {
        double marker = id_marker(index);
        cr_assert(isnan(markers[index]) ? isnan(marker) : marker == markers[index],
                  "publish %zu has the id of %g", index, marker);
        bool has_none = fixture_entry(TRANSCRIPT_PUBLISH, NULL, index)->flags &
                        TRANSCRIPT_FLAG_NO_ID;
        cr_assert_eq(has_none, isnan(marker));
    }
    cr_assert_not(has(text_at(link, 3), "'id':'00"));
}

Test(session_publish, numbers_as_seq_says_and_the_counter_follows_to_the_highest)
{
    uint32_t link = play_open("{'publish':{}},{'publish':{'seq':'none'}},"
                              "{'publish':{'seq':10,'count':3}},{'publish':{'seq':4}},"
                              "{'publish':{}}");
    static const double numbers[] = {1, NAN, 10, 11, 12, 4, 13};
    for (size_t index = 0; index < 7; index++) {
        struct frame frame;
        frame_scan(text_at(link, index), strlen(text_at(link, index)), &frame);
        cr_assert_eq(frame_has_sequence(&frame), !isnan(numbers[index]));
        if (!isnan(numbers[index]))
            cr_assert_float_eq(frame.fields[FRAME_FIELD_AGENT_SEQ].number, numbers[index], 0);
    }
}

/* What a client that has seen nothing and asks from the beginning gets. */
static const struct {
    const char *publish;
    int live, ring, row;
} places[] = {
    {"{}", 1, 1, 1},
    {"{'live':false}", 0, 1, 1},
    {"{'store':false}", 1, 1, 0},
    {"{'seq':'none'}", 1, 0, 1},
    {"{'live':false,'store':false}", 0, 1, 0},
    {"{'type':'message.read'}", 1, 1, 0},
    {"{'type':'message.reacted'}", 1, 1, 1},
    {"{'type':'nobody.knows'}", 1, 1, 0},
};

Test(session_publish, puts_an_event_where_it_belongs)
{
    for (size_t index = 0; index < sizeof(places) / sizeof(places[0]); index++) {
        char steps[300];
        /* The ring holds two, so that the first number is missing: a gap. */
        snprintf(steps, sizeof(steps), "{'publish':{'seq':5,'type':'file.uploaded','live':false,"
                                       "'store':false}},{'publish':%s}", places[index].publish);
        uint32_t link = play_open(steps);
        cr_assert_eq(fixture_texts_with(link, "gc-2"), places[index].live);
        fixture_text(link, "{'type':'resync','last_seen_seq':0,'since':'2026-01-01T00:00:00Z'}");
        size_t rows = fixture_texts_with(link, "'replayed':true");
        size_t all = fixture_texts_with(link, "gc-2");
        cr_assert_eq(rows, places[index].row, "%s", places[index].publish);
        cr_assert_eq(all, places[index].live + places[index].ring + places[index].row, "%s",
                     places[index].publish);
        fixture_stop();
    }
}

/* ---- send ---- */

Test(session_publish, fills_templates_in)
{
    uint32_t link = play_open(
        "{'publish':{'count':7}},{'send':{'frame':{'type':'x','agent_seq':'${seq}',"
        "'at':'${now}','both':'${seq} at ${now}','deep':[{'text':'${marker}','n':[null,true]}],"
        "'id':'${id}'}}},{'send':{'frame':['${marker}','${id}']}}");
    const char *text = text_at(link, 7);
    char id[EVENT_ID_BYTES], second_id[EVENT_ID_BYTES], wanted[400];
    event_id(8, id);
    event_id(9, second_id);
    snprintf(wanted, sizeof(wanted),
             "{\"type\":\"x\",\"agent_seq\":7,\"at\":%lld,\"both\":\"7 at %lld\",\"deep\":"
             "[{\"text\":\"gc-8\",\"n\":[null,true]}],\"id\":\"%s\"}",
             (long long)FIXTURE_WALL_MS, (long long)FIXTURE_WALL_MS, id);
    cr_assert_str_eq(text, wanted);
    snprintf(wanted, sizeof(wanted), "[\"gc-9\",\"%s\"]", second_id);
    cr_assert_str_eq(text_at(link, 8), wanted);
    const struct transcript_entry *frame = fixture_entry(TRANSCRIPT_FRAME_OUT, NULL, 0);
    cr_assert_str_eq(frame->detail, "x");
    cr_assert_eq(frame->marker, 8);
    cr_assert_float_eq(frame->seq, 7, 0);
}

/* Frames that are sent as they stand, and how the transcript marks them. */
static const struct {
    const char *send, *text;
    unsigned flags;
} sends[] = {
    {"'frame':{'type':'pong','agent_seq':3}", "{'type':'pong','agent_seq':3}",
     TRANSCRIPT_FLAG_CONTROL},
    {"'frame':[1,2]", "[1,2]", TRANSCRIPT_FLAG_MALFORMED},
    {"'frame':'lone'", "'lone'", TRANSCRIPT_FLAG_MALFORMED},
    {"'frame':null", "null", TRANSCRIPT_FLAG_MALFORMED},
    {"'frame':{'no':1}", "{'no':1}", TRANSCRIPT_FLAG_MALFORMED},
    {"'frame':{'type':'y'}", "{'type':'y'}", 0},
    {"'text':''", "", TRANSCRIPT_FLAG_MALFORMED},
    {"'text':'no json'", "no json", TRANSCRIPT_FLAG_MALFORMED},
    {"'text':'{}','size':6", "{}    ", TRANSCRIPT_FLAG_MALFORMED},
};

Test(session_publish, sends_exactly_what_the_author_wrote)
{
    for (size_t index = 0; index < sizeof(sends) / sizeof(sends[0]); index++) {
        char steps[200];
        snprintf(steps, sizeof(steps), "{'send':{%s}}", sends[index].send);
        uint32_t link = play_open(steps);
        cr_assert(has(text_at(link, 0), sends[index].text) &&
                      strlen(text_at(link, 0)) == strlen(sends[index].text),
                  "%s gives %s", sends[index].send, text_at(link, 0));
        const struct transcript_entry *frame = fixture_entry(TRANSCRIPT_FRAME_OUT, NULL, 0);
        cr_assert_eq(frame->flags, sends[index].flags, "%s", sends[index].send);
        fixture_stop();
    }
}

Test(session_publish, pads_the_marker_of_a_frame_to_its_size)
{
    uint32_t link = play_open("{'send':{'frame':{'type':'x','text':'${marker}'},'size':200}}");
    struct buffer wanted;
    buffer_init(&wanted, BUFFER_NO_LIMIT);
    event_append_text(1, 200, &wanted);
    cr_assert(has(text_at(link, 0), buffer_text(&wanted)));
    buffer_free(&wanted);
}

Test(session_publish, sends_binary_and_raw_bytes)
{
    uint32_t link = play_open("{'send':{'binary':'00ff10'}},{'send':{'raw':'8101'}},"
                              "{'send':{'raw':'61'}}");
    const struct fixture_message *binary = fixture_message(link, WS_EVENT_BINARY, 0);
    cr_assert_eq(binary->size_bytes, 3);
    cr_assert_eq(memcmp(binary->text, "\x00\xFF\x10", 3), 0);
    cr_assert_str_eq(text_at(link, 0), "a");
    const struct transcript_entry *raw = fixture_entry(TRANSCRIPT_WS_OUT, "raw", 0);
    cr_assert_eq(raw->size_bytes, 2);
    cr_assert_eq(raw->hash, text_hash("\x81\x01", 2));
}

Test(session_publish, sends_an_event_again_as_it_was_or_as_a_row)
{
    uint32_t link = play_open("{'publish':{'count':2,'as':'a'}},{'publish':{}},"
                              "{'send':{'again':'a'}},{'send':{'again':'a','row':true}},"
                              "{'publish':{'as':'a'}},{'send':{'again':'a'}},{'publish':{}}");
    cr_assert_str_eq(text_at(link, 3), text_at(link, 1), "`as` names the last of them");
    cr_assert(has(text_at(link, 4), "gc-2") && has(text_at(link, 4), "'replayed':true"));
    cr_assert_not(has(text_at(link, 4), "agent_seq"));
    cr_assert_str_eq(text_at(link, 6), text_at(link, 5), "the newest of that name");
    cr_assert(has(text_at(link, 7), "'agent_seq':5"), "the counter did not move");
    const struct transcript_entry *row = fixture_entry(TRANSCRIPT_SENT, "again", 1);
    cr_assert_eq(row->flags, TRANSCRIPT_FLAG_ROW);
    cr_assert(isnan(row->seq));
}

Test(session_publish, cuts_messages_into_fragments_with_pings_between)
{
    uint32_t link = play_open(
        "{'publish':{'as':'a'}},"
        "{'send':{'text':'abcdefg','fragments':3,'between':'ping'}},"
        "{'send':{'text':'ab','fragments':5}},{'send':{'binary':'0102','fragments':2}},"
        "{'send':{'again':'a','fragments':4,'between':'ping'}}");
    cr_assert_str_eq(text_at(link, 1), "abcdefg");
    cr_assert_str_eq(text_at(link, 2), "ab", "with empty fragments");
    cr_assert_eq(fixture_message(link, WS_EVENT_BINARY, 0)->size_bytes, 2);
    cr_assert_str_eq(text_at(link, 3), text_at(link, 0));
    cr_assert_eq(fixture_count(link, WS_EVENT_PING), 2 + 3);
    const char *bytes = fixture.links[link].bytes.data;
    size_t first = 2 + strlen(text_at(link, 0)) + (strlen(text_at(link, 0)) > 125 ? 2 : 0);
    static const char fragments[] = "\x01\x02" "ab" "\x89\x07" "between" "\x00\x02" "cd";
    cr_assert_eq(memcmp(bytes + first, fragments, sizeof(fragments) - 1), 0);
}

Test(session_publish, writes_segments_of_their_own)
{
    uint32_t link = play_open("{'publish':{'as':'a'}},{'send':{'text':'abcde','split_bytes':3}},"
                              "{'send':{'again':'a','split_bytes':1000}},"
                              "{'send':{'raw':'89008900','split_bytes':1}}");
    cr_assert_str_eq(text_at(link, 1), "abcde");
    cr_assert_eq(fixture.links[link].own_segment_count, 3 + 1 + 4);
    cr_assert_str_eq(text_at(link, 2), text_at(link, 0));
}

Test(session_publish, counts_a_fragmented_event_like_a_whole_one)
{
    fixture_play("{'accept':{}},{'publish':{'live':false,'as':'a'}},"
                 "{'send':{'again':'a','fragments':2}},{'drop':{}},{'accept':{}},"
                 "{'settle':{}}");
    fixture_open();
    uint32_t link = fixture_open();
    cr_assert_eq(fixture_count(link, WS_EVENT_TEXT), 0, "the client has a number: resync is due");
    fixture_wait(1000);
    cr_assert_eq(fixture_count(link, WS_EVENT_TEXT), 1);
}

Test(session_publish, cannot_send_what_was_not_published_or_where_nothing_is_open)
{
    fixture_play("{'publish':{}},{'accept':{}},{'drop':{}},{'send':{'text':'a'}}");
    fixture_open();
    fixture_assert_unmet("step", "no open connection");
}

Test(session_publish, hands_a_long_replay_out_in_pieces)
{
    fixture_play("{'publish':{'count':500,'size':4000}},{'accept':{}},{'wait':{'ms':1000}}");
    uint32_t link = fixture_open();
    fixture_text(link, "{'type':'resync','last_seen_seq':0}");
    cr_assert_eq(fixture_count(link, WS_EVENT_TEXT), 501);
    cr_assert_gt(fixture.links[link].write_count, 4);
}

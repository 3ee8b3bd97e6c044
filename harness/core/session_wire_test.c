/* What the session writes down of WebSocket frames that are no plain text, and what it tells a
 * client about TLS. */
#include "core/session.h"

#include "core/session_fixture.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(session_wire, .fini = fixture_stop);

Test(session_wire, messages_in_fragments_are_told_from_whole_ones_and_pings_between_are_counted)
{
    fixture_play("{'accept':{}},{'publish':{'as':'a'}},{'send':{'again':'a'}},"
                 "{'send':{'again':'a','fragments':4,'between':'ping'}},"
                 "{'send':{'again':'a','split_bytes':9}},"
                 "{'send':{'text':'abcd','fragments':2}},{'send':{'text':'abcd'}},"
                 "{'send':{'binary':'0102','fragments':2}},{'settle':{}}");
    fixture_open();
    cr_expect_not(fixture_entry(TRANSCRIPT_SENT, "again", 0)->flags & TRANSCRIPT_FLAG_FRAGMENTS);
    cr_expect(fixture_entry(TRANSCRIPT_SENT, "again", 1)->flags & TRANSCRIPT_FLAG_FRAGMENTS);
    cr_expect_not(fixture_entry(TRANSCRIPT_SENT, "again", 2)->flags & TRANSCRIPT_FLAG_FRAGMENTS);
    cr_expect(fixture_entry(TRANSCRIPT_FRAME_OUT, NULL, 0)->flags & TRANSCRIPT_FLAG_FRAGMENTS);
    cr_expect_not(fixture_entry(TRANSCRIPT_FRAME_OUT, NULL, 1)->flags & TRANSCRIPT_FLAG_FRAGMENTS);
    cr_expect(fixture_entry(TRANSCRIPT_WS_OUT, "binary", 0)->flags & TRANSCRIPT_FLAG_FRAGMENTS);
    const struct transcript_entry *between = fixture_entry(TRANSCRIPT_WS_OUT, "ping", 0);
    cr_expect_str_eq(between->text, "between");
    cr_expect_eq(between->count, 3);
}

Test(session_wire, pings_and_pongs_are_noted_with_their_payload)
{
    fixture_play("{'accept':{}},{'sync':{}},{'wait':{'ms':50}}");
    uint32_t link = fixture_open();
    cr_expect_str_eq(fixture_entry(TRANSCRIPT_WS_OUT, "ping", 0)->text, "gapcheck-1");
    fixture_frame(link, WS_OPCODE_PONG, "other", 5);
    cr_expect_eq(session_step(fixture.session), 2, "that was no answer");
    fixture_frame(link, WS_OPCODE_PONG, "gapcheck-1", 10);
    cr_expect_eq(session_step(fixture.session), 3);
    fixture_frame(link, WS_OPCODE_PING, "", 0);
    fixture_frame(link, WS_OPCODE_PING, "\xff\0", 2);
    cr_expect_str_eq(fixture_entry(TRANSCRIPT_WS_IN, "pong", 0)->text, "other");
    cr_expect_str_eq(fixture_entry(TRANSCRIPT_WS_IN, "pong", 1)->text, "gapcheck-1");
    cr_expect_str_eq(fixture_entry(TRANSCRIPT_WS_IN, "ping", 0)->text, "");
    const struct transcript_entry *bytes = fixture_entry(TRANSCRIPT_WS_IN, "ping", 1);
    cr_expect_null(bytes->text);
    cr_expect(bytes->flags & TRANSCRIPT_FLAG_TRUNCATED);
    cr_expect_eq(bytes->size_bytes, 2);
}

Test(session_wire, a_client_is_given_the_certificate_and_secure_addresses_where_there_is_one)
{
    fixture_load("'server':{'tls':true},", "{'wait':{'ms':1}}");
    fixture.config.ca_file = "/tmp/ca.pem";
    fixture_start();
    cr_expect(fixture_ops_have("'url':'wss://127.0.0.1:8080/v1/ws'"));
    cr_expect(fixture_ops_have("'base_url':'https://127.0.0.1:8080'"));
    cr_expect(fixture_ops_have("'ca_file':'/tmp/ca.pem'"));
    fixture_stop();
    fixture_load("'server':{'tls':true},", "{'wait':{'ms':1}}");
    fixture_start();
    cr_expect(fixture_ops_have("'url':'ws://127.0.0.1:8080/v1/ws'"), "a world without TLS");
    cr_expect_not(fixture_ops_have("ca_file"));
}

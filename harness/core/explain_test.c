#include "core/explain.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* Loads one scenario and tells it. */
static const char *explain(const char *text)
{
    static char told[1 << 16];
    struct scenario_set set = {0};
    struct error_list errors;
    struct buffer out;
    error_list_init(&errors);
    buffer_init(&out, sizeof told - 1);
    cr_assert(scenario_load(text, strlen(text), "a.jsonc", "folder/a", &set, &errors), "%s",
              errors.count ? errors.items[0].message : "");
    explain_scenario(set.items[0], &out);
    strcpy(told, buffer_text(&out));
    buffer_free(&out);
    error_list_free(&errors);
    scenario_set_free(&set);
    return told;
}

Test(explain, the_whole_of_a_scenario)
{
    const char *told = explain(
        "{ \"title\": \"A short outage\", \"why\": \"Cursors go wrong.\",\n"
        "  \"rules\": [\"C-3\", \"S-3\", \"C-21\"], \"judge\": { \"C-20\": \"off\" },\n"
        "  \"server\": { \"ring\": 20, \"clock\": { \"freeze\": true } },\n"
        "  \"client\": { \"ping_ms\": 40 },\n"
        "  \"steps\": [ { \"accept\": {} }, { \"publish\": { \"count\": 5 } }, { \"settle\": {} "
        "},\n"
        "    { \"drop\": {} }, { \"publish\": {} }, { \"accept\": {} }, { \"settle\": {} } ] }");
    static const char *const parts[] = {
        "folder/a\nA short outage.\nWhy: Cursors go wrong.\n",
        "\nSettings:\n  server: `ring` is 20. How many of the newest events",
        "  server: `freeze` is true. The clock stands still",
        "  client: `ping_ms` is 40. How often the client pings",
        "\nWhat happens:\n 1. The client connects, and the server accepts.\n",
        " 2. The server publishes 5 events of the type `message.created`.\n",
        " 4. The connection breaks with a TCP reset.\n",
        " 5. While no connection is open, the server publishes one event of the type",
        " 6. The client connects again, and the server accepts.\n",
        "\nWhat it shows:\n  C-3  The client otherwise sends one resync",
        "  C-21 The client, as a recommendation, notices a counter reset",
        "  S-3  The server replays every ring event",
        "\nWhat it is not judged by:\n  C-20 ",
    };
    const char *at = told;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        at = strstr(at, parts[i]);
        cr_assert_not_null(at, "no `%s` there in:\n%s", parts[i], told);
    }
}

/* The sentence of the last step. */
Test(explain, every_verb_in_words)
{
    static const char *const cases[][2] = {
        {"{ \"refuse\": { \"times\": 2 } }",
         "From now on the next 2 connections are refused with HTTP 503."},
        {"{ \"refuse\": { \"how\": \"closed\", \"for_ms\": 1500 } }",
         "the next connection is refused: for 1.5 s nothing listens on the server's port."},
        {"{ \"send\": { \"again\": \"x\", \"row\": true } }",
         "The server sends the event `x` once more, as a row of the database."},
        {"{ \"send\": { \"frame\": { \"type\": 7 }, \"fragments\": 3, \"between\": \"ping\" } }",
         "The server sends the frame `{\"type\":7}`, in 3 fragments with a ping between them."},
        {"{ \"send\": { \"raw\": \"00 01\" } }", "The server sends 2 raw bytes."},
        {"{ \"sync\": {} }", "Everything sent so far reaches the client."},
        {"{ \"expect\": { \"frame\": \"resync\", \"last_seen_seq\": 5 } }",
         "The client sends a frame `resync` whose `last_seen_seq` is 5."},
        {"{ \"expect\": { \"nothing\": [\"connection\", \"event\"], \"for_ms\": 300 } }",
         "No connection and no event has come, nor comes within 300 ms."},
        {"{ \"expect\": { \"gave_up\": true, \"level\": \"should\" } }",
         "The client reports that it has given up; if not, it is warned."},
        {"{ \"expect\": { \"dispatched\": { \"x\": 1 } } }",
         "The application has the event `x` so often: 1."},
        {"{ \"expect\": { \"frame\": \"resync\",\n"
         "  \"last_seen_seq\": { \"min\": 9007199254740989, \"max\": 9007199254740991 } } }",
         "whose `last_seen_seq` is 9007199254740989 to 9007199254740991."},
        {"{ \"send\": { \"frame\": { \"agent_seq\": 9007199254740991 } } }",
         "The server sends the frame `{\"agent_seq\":9007199254740991}`."},
        {"{ \"close\": { \"code\": 1001, \"reason\": \"bye\" } }",
         "The server closes the connection with code 1001 and the reason `bye`."},
        {"{ \"restart\": { \"counter\": \"keep\", \"down_ms\": 50 } }",
         "The server restarts and is gone for 50 ms: its counter goes on, its ring is empty, its "
         "database stays."},
        {"{ \"set\": { \"ack\": \"omit\", \"cut_replay_after\": 1 } }",
         "From now on the server leaves the resync_ack out, and cuts the next replay off after one "
         "frame (the connection breaks with a TCP reset)."},
        {"{ \"set\": { \"token\": \"t\" } }", "the server accepts only the token `t`."},
        {"{ \"release\": {} }", "The server answers the resync that it has held back."},
        {"{ \"advance\": { \"ms\": 2000 } }", "The server's clock moves on by 2 s; nobody waits."},
        {"{ \"client\": { \"do\": \"unsubscribe\", \"channels\": [\"a\", \"b\"] } }",
         "The application unsubscribes from `a` and `b`."},
        {"{ \"client\": { \"do\": \"slow\", \"ms\": 5 } }",
         "From now on the application's handler takes 5 ms for each event."},
        {"{ \"wait\": { \"ms\": 30 } }", "30 ms of real time pass."},
        {"{ \"publish\": { \"count\": 2, \"every_ms\": 10, \"seq\": 7, \"as\": \"y\" } }",
         "one every 10 ms, numbered from 7; the last is called `y`."},
        {"{ \"publish\": { \"live\": false, \"store\": false } }",
         "but does not send it to the client, and does not keep it in the database."},
        {"{ \"publish\": { \"id\": \"same\", \"type\": \"\\u001b[1m\" } }", "`\\x1B[1m`"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[600];
        snprintf(text, sizeof text,
                 "{ \"title\": \"t\", \"rules\": [\"C-1\"], \"steps\": [ { \"accept\": {} },\n"
                 "{ \"publish\": { \"as\": \"x\" } }, %s ] }",
                 cases[i][0]);
        const char *told = explain(text);
        cr_expect_not_null(strstr(told, cases[i][1]), "no `%s` in:\n%s", cases[i][1], told);
    }
}

Test(explain, repeats_are_told_once_and_numbers_go_on)
{
    const char *told = explain(
        "{ \"title\": \"t\", \"rules\": [\"C-1\"], \"steps\": [ { \"repeat\": { \"times\": 3,\n"
        "  \"steps\": [ { \"accept\": {} }, { \"drop\": {} } ] } }, { \"settle\": {} } ] }");
    cr_expect_not_null(strstr(told, "\n3 times over (steps 1 to 6):\n   1. The client connects"));
    cr_expect_not_null(strstr(told, "\n   2. The connection breaks"));
    cr_expect_not_null(strstr(told, "\n 7. The client connects again, and everything sent so far"),
                       "%s", told);
}

Test(explain, a_settle_that_takes_the_first_connection_is_no_reconnect)
{
    const char *told =
        explain("{ \"title\": \"t\", \"rules\": [\"C-1\"],\n"
                "  \"steps\": [ { \"settle\": {} } ] }");
    cr_expect_not_null(strstr(told, "\n 1. The client connects, and everything sent so far"));
}

Test(explain, the_node_stream_in_its_own_words)
{
    static const char *const parts[] = {
        "The client speaks the node stream",
        "From now on the next 2 requests for a token are refused with HTTP 401.",
        "publishes one event of the type `message.created`, ephemeral: never delivered again.",
        "The server restarts and is gone for 50 ms: its numbers go on, and what is not "
        "acknowledged stays.",
        "cuts the next redelivery off after one frame",
        "issues and accepts only the token `t`, and refuses registrations with an error, and "
        "ignores acknowledgements, as if they had been lost.",
        "accepts any token, and registers the client without a reply, and takes acknowledgements.",
        "The client acknowledges only what it has dispatched",
    };
    const char *told = explain(
        "{ \"title\": \"t\", \"rules\": [\"C-4\"], \"dialect\": \"node\", \"steps\": [\n"
        "{ \"refuse\": { \"at\": \"token\", \"times\": 2, \"status\": 401 } }, { \"accept\": {} },\n"
        "{ \"publish\": { \"seq\": \"none\" } }, { \"restart\": { \"down_ms\": 50 } },\n"
        "{ \"set\": { \"cut_replay_after\": 1 } },\n"
        "{ \"set\": { \"token\": \"t\", \"register\": \"error\", \"delivery_ack\": \"ignore\" } },\n"
        "{ \"set\": { \"token\": \"any\", \"register\": \"omit\", \"delivery_ack\": \"auto\" } } ] }");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        cr_expect_not_null(strstr(told, parts[i]), "no `%s` in:\n%s", parts[i], told);
}

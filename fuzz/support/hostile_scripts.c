#include "hostile_scripts.h"

#include "target.h"

#include <stdio.h>
#include <string.h>

#define FROZEN "\"clock\": {\"freeze\": true}"
#define MANY   "{\"publish\": {\"count\": 60}}"
/* Behind the members of the server: closes them, and opens an object that the frame closes. */
#define NODE "\"dialect\": \"node\", \"client\": {\"reconnect_base_ms\": 20"

#define SHOULD(what) "{\"expect\": {" what ", \"level\": \"should\", \"timeout_ms\": 40}},"

static const struct {
    const char *server, *steps;
} scripts[HOSTILE_SCRIPTS_COUNT] = {
    {"\"ring\": 5, \"db_limit\": 7, " FROZEN,
     "{\"accept\": {}}, {\"publish\": {\"count\": 3}}, {\"advance\": {\"ms\": 1500}},"
     "{\"publish\": {\"count\": 9}}, {\"publish\": {\"type\": \"message.reacted\", \"count\": 4}},"
     "{\"publish\": {\"type\": \"dm.received\", \"count\": 9}}, {\"settle\": {}}"},
    {"\"ring\": 20, " FROZEN,
     "{\"accept\": {}}, {\"publish\": {\"count\": 12}}, {\"drop\": {}}, " MANY
     ", {\"accept\": {}}, {\"settle\": {}}, {\"restart\": {}}, {\"publish\": {\"count\": 4}},"
     "{\"accept\": {}}, {\"settle\": {}}"},
    {"\"ring\": 4",
     "{\"accept\": {}}, {\"publish\": {\"count\": 6}}, {\"set\": {\"resync\": \"hold\"}},"
     "{\"drop\": {\"how\": \"fin\"}}, {\"publish\": {\"count\": 3, \"id\": \"same\"}},"
     "{\"accept\": {}}, {\"expect\": {\"frame\": \"resync\", \"last_seen_seq\": {\"min\": 0}}},"
     "{\"publish\": {}}, {\"release\": {}}, {\"sync\": {}}, {\"settle\": {}}"},
    {"\"ring\": 8",
     "{\"accept\": {}}, " MANY ", {\"set\": {\"cut_replay_after\": 3, \"cut_how\": \"close\"}},"
     "{\"drop\": {\"how\": \"silent\"}}, {\"accept\": {}}, {\"set\": {\"live_before_replay\": 2}},"
     "{\"accept\": {}}, {\"set\": {\"cut_replay_after\": 1, \"cut_how\": \"mid-frame\"}},"
     "{\"drop\": {\"how\": \"mid-frame\"}}, {\"accept\": {}}, {\"settle\": {}}"},
    {"\"ring\": 6",
     "{\"accept\": {\"with\": [{\"frame\": {\"type\": \"hello\"}}]}}, {\"publish\": {\"count\": "
     "4}},"
     "{\"set\": {\"order\": \"db-first\", \"ack\": \"twice\"}}, {\"close\": {\"code\": "
     "1001}}, " MANY
     ", {\"accept\": {}}, {\"settle\": {}}, {\"set\": {\"ack\": \"omit\", \"pong\": \"ignore\"}},"
     "{\"drop\": {\"how\": \"close\"}}, {\"publish\": {}}, {\"accept\": {}}, {\"settle\": {}}"},
    {"\"ring\": 6",
     "{\"refuse\": {\"times\": 2, \"how\": \"http\", \"headers\": {\"Retry-After\": \"1\"}}},"
     "{\"refuse\": {\"how\": \"bad-accept\"}}, {\"refuse\": {\"how\": \"reset\"}},"
     "{\"refuse\": {\"how\": \"stall\"}}, {\"refuse\": {\"how\": \"closed\", \"for_ms\": 50}},"
     "{\"accept\": {}}, {\"expect\": {\"refused\": {\"min\": 1}}}, {\"settle\": {}}"},
    {"\"ring\": 6",
     "{\"accept\": {}}, {\"set\": {\"write_delay_ms\": 20}}, {\"publish\": {\"count\": 5, \"as\": "
     "\"five\"}}, {\"send\": {\"again\": \"five\"}}, {\"send\": {\"again\": \"five\", \"row\": "
     "true}}, {\"publish\": {\"count\": 3, \"every_ms\": 10}}, {\"set\": {\"write_delay_ms\": 0}},"
     "{\"drop\": {}}, {\"publish\": {}}, {\"accept\": {}}, {\"settle\": {}}"},
    {"\"ring\": 6",
     "{\"accept\": {}}, {\"send\": {\"frame\": {\"type\": \"x\", \"agent_seq\": \"${seq}\", "
     "\"id\": "
     "\"${id}\", \"text\": \"${marker}\", \"at\": \"${now}\"}, \"size\": 300, \"fragments\": 3, "
     "\"between\": \"ping\"}}, {\"send\": {\"text\": \"no JSON\", \"split_bytes\": 2}},"
     "{\"send\": {\"binary\": \"00 01 ff\"}}, {\"client\": {\"do\": \"throw\"}}, {\"publish\": {}},"
     "{\"client\": {\"do\": \"slow\", \"ms\": 5}}, {\"publish\": {}}, {\"settle\": {}},"
     "{\"client\": {\"do\": \"subscribe\", \"channels\": [\"dev\"]}},"
     "{\"client\": {\"do\": \"reconnect\"}}, {\"accept\": {}}, {\"client\": {\"do\": \"stop\"}}"},
    {"\"ring\": 6",
     "{\"accept\": {}}, {\"publish\": {\"count\": 2, \"as\": \"e\"}},"
     "{\"expect\": {\"dispatched\": 2}}, {\"expect\": {\"dispatched\": {\"e\": 1}}},"
     "{\"expect\": {\"connection\": 1}}, {\"expect\": {\"nothing\": [\"resync\", \"event\"], "
     "\"for_ms\": 30, \"level\": \"should\"}}, {\"drop\": {}},"
     "{\"expect\": {\"reconnecting\": {\"min\": 1}}}, {\"accept\": {}},"
     "{\"expect\": {\"resynced\": {\"gap_detected\": false, \"replayed\": {\"min\": 0}}}},"
     "{\"restart\": {\"down_ms\": 50}}, {\"expect\": {\"gave_up\": true}}"},
    {"\"ring\": 10, " FROZEN,
     "{\"accept\": {\"token\": \"gapcheck-token\"}}, {\"publish\": {\"count\": 8}},"
     "{\"restart\": {\"counter\": 2, \"ring\": \"keep\"}}, {\"publish\": {\"count\": 4}},"
     "{\"accept\": {\"path\": \"/v1/ws\"}}, {\"settle\": {}}, {\"restart\": {\"counter\": \"keep\","
     " \"db\": \"empty\", \"how\": \"fin\"}}, {\"publish\": {\"seq\": 30, \"count\": 3}},"
     "{\"publish\": {\"seq\": \"none\"}}, {\"publish\": {\"id\": \"none\", \"live\": false, "
     "\"store\": false}}, {\"set\": {\"token\": \"any\"}}, {\"accept\": {}}, {\"settle\": {}}"},
    {"\"ring\": 3",
     "{\"accept\": {}}, {\"publish\": {\"count\": 5}}, {\"set\": {\"resync\": \"ignore\", "
     "\"order\": "
     "\"shuffled\"}}, {\"drop\": {}}, {\"accept\": {}}, {\"sync\": {}}, {\"set\": {\"resync\": "
     "\"auto\", \"ack\": {\"current_seq\": null}}}, {\"drop\": {}}, {\"publish\": {}},"
     "{\"accept\": {}}, {\"wait\": {\"ms\": 40}}, {\"settle\": {}}"},
    {"\"ring\": 5, \"db_limit\": 4",
     "{\"accept\": {}}, {\"repeat\": {\"times\": 30, \"steps\": [{\"publish\": {\"count\": 7}},"
     "{\"advance\": {\"ms\": 900}}, {\"publish\": {\"type\": \"thread.reply\"}},"
     "{\"publish\": {\"type\": \"custom.thing\", \"size\": 200}}, {\"drop\": {}}, {\"accept\": {}},"
     "{\"settle\": {\"timeout_ms\": 3000}}]}}"},
    /* What does not come is only a SHOULD: all of them are waited for in vain. */
    {"\"ring\": 5",
     "{\"accept\": {}}, {\"publish\": {\"as\": \"e\"}}," SHOULD(
         "\"frame\": \"resync\", \"last_seen_seq\": {\"max\": 3}, \"since\": {\"iso8601\": true}")
         SHOULD("\"frame\": \"subscribe\", \"channels\": {\"kind\": \"array\"}")
             SHOULD("\"connection\": {\"min\": 2, \"max\": 4}, \"after_ms\": {\"min\": 10}")
                 SHOULD("\"refused\": 2") SHOULD("\"reconnecting\": 3") SHOULD(
                     "\"resynced\": {\"gap_detected\": true, \"replayed\": {\"absent\": true}}")
                     SHOULD("\"dispatched\": 9") SHOULD("\"dispatched\": {\"e\": {\"max\": 1}}")
                         SHOULD("\"dispatched\": {\"e\": 1}") SHOULD("\"gave_up\": true") SHOULD(
                             "\"nothing\": [\"connection\", \"event\", \"frame\", \"ping\"], "
                             "\"for_ms\": 20") "{\"expect\": {\"nothing\": \"frame\", \"for_ms\": "
                                               "30}}, {\"settle\": {}}"},
    /* The node stream. */
    {"}, " NODE,
     "{\"refuse\": {\"at\": \"token\", \"status\": 503}},"
     "{\"refuse\": {\"at\": \"token\", \"how\": \"reset\"}}, {\"accept\": {}},"
     "{\"publish\": {\"count\": 4}}, {\"settle\": {}}, {\"drop\": {}}, {\"publish\": {\"count\": "
     "3}},"
     "{\"accept\": {}}, {\"settle\": {}}, {\"set\": {\"token\": \"another\"}}, {\"restart\": {}},"
     "{\"accept\": {}}, {\"settle\": {}}"},
    {"}, " NODE,
     "{\"set\": {\"register\": \"error\"}}, {\"accept\": {}}, {\"publish\": {\"count\": 4}},"
     "{\"expect\": {\"frame\": \"node.register\", \"timeout_ms\": 900, \"level\": \"should\"}},"
     "{\"set\": {\"register\": \"twice\", \"delivery_ack\": \"ignore\"}}, {\"settle\": {}},"
     "{\"drop\": {}}, {\"set\": {\"register\": \"omit\", \"cut_replay_after\": 2}},"
     "{\"accept\": {}}, {\"accept\": {}}, {\"settle\": {}}"},
    {"}, " NODE,
     "{\"accept\": {}}, {\"publish\": {\"count\": 3, \"seq\": \"none\"}}, {\"publish\": {}},"
     "{\"set\": {\"live_before_replay\": 2}}, {\"close\": {}}, {\"accept\": {}}, {\"sync\": {}},"
     "{\"publish\": {\"count\": 3, \"live\": false}}, {\"set\": {\"pong\": \"ignore\"}},"
     "{\"publish\": {\"type\": \"message.reacted\", \"count\": 2}},"
     "{\"expect\": {\"dispatched\": 3, \"level\": \"should\", \"timeout_ms\": 500}}, {\"settle\": "
     "{}}"},
};

static struct scenario *load(size_t index)
{
    char text[4096];
    struct scenario_set set = {0};
    struct error_list errors;
    error_list_init(&errors);
    int size = snprintf(text, sizeof text,
                        "{\"title\": \"A hostile client\", \"rules\": [\"C-7\"],"
                        "\"timeout_ms\": 3600000, \"server\": {%s}, \"steps\": [%s]}",
                        scripts[index].server, scripts[index].steps);
    TARGET_CHECK(size > 0 && (size_t)size < sizeof text, "script %zu is too long", index);
    bool is_loaded = scenario_load(text, (size_t)size, "hostile", "hostile", &set, &errors);
    TARGET_CHECK(is_loaded && set.count == 1, "script %zu: %s at %zu", index,
                 errors.count ? errors.items[0].message : "", errors.items[0].column);
    struct scenario *scenario = set.items[0];
    set.count = 0;
    scenario_set_free(&set);
    error_list_free(&errors);
    return scenario;
}

const struct scenario *hostile_script(size_t index)
{
    static struct scenario *loaded[HOSTILE_SCRIPTS_COUNT];
    if (!loaded[index])
        loaded[index] = load(index);
    return loaded[index];
}

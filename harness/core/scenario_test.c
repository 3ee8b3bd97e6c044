#include "core/scenario.h"

#include "core/memory.h"
#include "core/model.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct scenario_set loaded; /* of the one test that runs in this process */

/* Loads a file in which double quotes are single ones; fails the test where it is wrong. */
static struct scenario *load(const char *text)
{
    char *file = memory_copy_text(text, strlen(text));
    for (char *at = file; *at; at++) {
        if (*at == '\'')
            *at = '"';
    }
    struct error_list errors;
    error_list_init(&errors);
    bool is_good = scenario_load(file, strlen(file), "a/b.jsonc", "a/b", &loaded, &errors);
    cr_assert(is_good, "%zu:%zu: %s", errors.items[0].line, errors.items[0].column,
              errors.items[0].message);
    cr_assert_eq(errors.count, 0);
    error_list_free(&errors);
    free(file);
    return loaded.items[0];
}

/* The first step of a scenario that has only these. */
static struct scenario_step *load_steps(const char *steps)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    buffer_printf(&text, "{'title':'t','rules':['C-1'],'steps':[%s]}", steps);
    struct scenario *scenario = load(buffer_text(&text));
    buffer_free(&text);
    return scenario->steps;
}

static void unload(void)
{
    scenario_set_free(&loaded);
}

TestSuite(scenario, .fini = unload);

Test(scenario, has_the_defaults_of_the_format)
{
    struct scenario *scenario = load("{'title':'t','rules':['C-1'],'steps':[{'settle':{}}]}");
    cr_assert_str_eq(scenario->name, "a/b");
    cr_assert_str_eq(scenario->path, "a/b.jsonc");
    cr_assert_str_eq(scenario->title, "t");
    cr_assert_null(scenario->why);
    cr_assert_eq(scenario->dialect, DIALECT_AGENT);
    cr_assert_eq(scenario->server.ring, 500);
    cr_assert_eq(scenario->server.db_limit, 1000);
    cr_assert_eq(scenario->server.clock_skew_ms, 0);
    cr_assert_not(scenario->server.clock_freeze);
    cr_assert_not(scenario->server.tls);
    cr_assert_eq(scenario->timeout_ms, 15000);
    cr_assert_eq(scenario->tags.count, 0);
    cr_assert_eq(scenario->channels.count, 1);
    cr_assert_str_eq(scenario->channels.items[0], "general");
    cr_assert_eq(scenario->steps[0].timeout_ms, 5000);
    cr_assert_eq(cJSON_GetArraySize(scenario->client_options), 3);
    cr_assert_eq(scenario_client_number(scenario, "reconnect_base_ms", -1), 20);
    cr_assert_eq(scenario_client_number(scenario, "reconnect_max_ms", -1), 500);
    cr_assert_eq(scenario_client_number(scenario, "reconnect_jitter", -1), 0);
    cr_assert_eq(scenario_client_number(scenario, "ping_ms", -1), -1);
    const char *because;
    cr_assert_null(scenario_needed_capability(scenario, 0, &because));
}

Test(scenario, takes_everything_of_the_top_level)
{
    const char *text =
        "// é\n{'$schema':'schema.json','title':'t','why':'w ${x}','rules':['C-1','S-4'],"
        "'tags':['db','x'],'dialect':'agent','judge':{'C-20':'off'},'timeout_ms':7,"
        "'server':{'ring':0,'db_limit':1000000,'clock':{'skew_ms':-5,'freeze':true},'tls':true},"
        "'client':{'channels':['a','b'],'reconnect_jitter':true,'clock_skew_ms':-3600000000,"
        "'ping_ms':0,'max_reconnect_attempts':3},'steps':[{'settle':{}}]}";
    struct scenario *scenario = load(text);
    cr_assert_str_eq(scenario->why, "w ${x}");
    for (int rule = 0; rule < RULE_COUNT; rule++) {
        cr_assert_eq(scenario->rules[rule], rule == RULE_C1 || rule == RULE_S4);
        cr_assert_eq(scenario->rules_off[rule], rule == RULE_C20);
    }
    cr_assert_eq(scenario->tags.count, 2);
    cr_assert_str_eq(scenario->tags.items[1], "x");
    cr_assert_eq(scenario->dialect, DIALECT_AGENT);
    cr_assert_eq(scenario->timeout_ms, 7);
    cr_assert_eq(scenario->server.ring, 0);
    cr_assert_eq(scenario->server.db_limit, 1000000);
    cr_assert_eq(scenario->server.clock_skew_ms, -5);
    cr_assert(scenario->server.clock_freeze);
    cr_assert(scenario->server.tls);
    cr_assert_eq(scenario->channels.count, 2);
    cr_assert_eq(scenario_client_number(scenario, "clock_skew_ms", 0), -3600000000.0);
    cr_assert_eq(scenario_client_number(scenario, "reconnect_jitter", 0), 1);
    cr_assert_eq(scenario_client_number(scenario, "max_reconnect_attempts", 0), 3);
    cr_assert_null(cJSON_GetObjectItemCaseSensitive(scenario->client_options, "channels"));
    cr_assert_eq(scenario->text_bytes, strlen(text));
    cr_assert_eq(scenario->text[0], '/');
}

Test(scenario, steps_have_their_defaults)
{
    struct scenario_step *steps =
        load_steps("{'accept':{}},{'refuse':{}},{'publish':{}},{'send':{'text':''}},{'drop':{}},"
                   "{'close':{}},{'restart':{}},{'set':{'cut_replay_after':3}}");
    cr_assert_null(steps[0].accept.path);
    cr_assert_null(steps[0].accept.token);
    cr_assert_eq(steps[0].accept.with_count, 0);
    cr_assert_eq(steps[1].refuse.times, 1);
    cr_assert_eq(steps[1].refuse.how, REFUSE_HTTP);
    cr_assert_eq(steps[1].refuse.status, 503);
    cr_assert_eq(steps[1].refuse.for_ms, 200);
    cr_assert_str_eq(steps[1].refuse.headers, "");
    cr_assert_eq(steps[2].publish.count, 1);
    cr_assert_str_eq(steps[2].publish.type, "message.created");
    cr_assert_null(steps[2].publish.channel);
    cr_assert_eq(steps[2].publish.size_bytes, 0);
    cr_assert_eq(steps[2].publish.every_ms, 0);
    cr_assert_eq(steps[2].publish.id, PUBLISH_ID_FRESH);
    cr_assert_eq(steps[2].publish.seq, PUBLISH_SEQ_NEXT);
    cr_assert(steps[2].publish.live && steps[2].publish.store);
    cr_assert_null(steps[2].publish.as);
    cr_assert_eq(steps[3].send.fragments, 1);
    cr_assert_eq(steps[3].send.split_bytes, 0);
    cr_assert_not(steps[3].send.ping_between);
    cr_assert_eq(steps[4].drop.how, DROP_RESET);
    cr_assert_eq(steps[5].close.code, 1000);
    cr_assert_str_eq(steps[5].close.reason, "");
    cr_assert_eq(steps[6].restart.down_ms, 0);
    cr_assert_eq(steps[6].restart.counter, 0);
    cr_assert_not(steps[6].restart.keep_ring);
    cr_assert(steps[6].restart.keep_db);
    cr_assert_eq(steps[6].restart.how, DROP_RESET);
    cr_assert(steps[7].set.has_cut);
    cr_assert_eq(steps[7].set.cut_replay_after, 3);
    cr_assert_eq(steps[7].set.cut_how, DROP_RESET);
    cr_assert_not(steps[7].set.has_resync || steps[7].set.has_ack || steps[7].set.has_order ||
                  steps[7].set.has_pong || steps[7].set.has_token || steps[7].set.has_live_before ||
                  steps[7].set.has_write_delay);
}

Test(scenario, takes_every_field_of_the_server_s_verbs)
{
    struct scenario_step *steps = load_steps(
        "{'accept':{'path':'/v1/ws','token':'x','timeout_ms':9,"
        "'with':[{'text':'a'},{'raw':'81 00'}]}},"
        "{'refuse':{'times':3,'how':'closed','for_ms':5,'status':429,"
        "'headers':{'Retry-After':'1','X-A':''}}},"
        "{'publish':{'count':2,'type':'x.y','channel':'c','size':9,'every_ms':4,'id':'same',"
        "'seq':77,'live':false,'store':false,'as':'e'}},{'publish':{'seq':'none','id':'none'}},"
        "{'drop':{'how':'mid-frame'}},{'close':{'code':4000,'reason':'bye'}},"
        "{'restart':{'down_ms':8,'counter':'keep','ring':'keep','db':'empty','how':'fin'}},"
        "{'set':{'resync':'hold','ack':{'current_seq':3},'order':'shuffled','cut_replay_after':0,"
        "'cut_how':'silent','live_before_replay':2,'pong':'ignore','write_delay_ms':6,"
        "'token':'any'}},{'set':{'ack':'twice','token':'t'}},{'advance':{'ms':11}},"
        "{'wait':{'ms':12}},{'sync':{}},{'release':{}}");
    cr_assert_str_eq(steps[0].accept.path, "/v1/ws");
    cr_assert_str_eq(steps[0].accept.token, "x");
    cr_assert_eq(steps[0].timeout_ms, 9);
    cr_assert_eq(steps[0].accept.with_count, 2);
    cr_assert_str_eq(steps[0].accept.with[0].text, "a");
    cr_assert_eq(steps[0].accept.with[1].kind, SEND_RAW);
    cr_assert_eq(steps[1].refuse.how, REFUSE_CLOSED);
    cr_assert_str_eq(steps[1].refuse.headers, "Retry-After: 1\r\nX-A: \r\n");
    cr_assert_eq(steps[2].publish.id, PUBLISH_ID_SAME);
    cr_assert_eq(steps[2].publish.seq, PUBLISH_SEQ_NUMBER);
    cr_assert_eq(steps[2].publish.seq_number, 77);
    cr_assert_not(steps[2].publish.live || steps[2].publish.store);
    cr_assert_eq(steps[3].publish.seq, PUBLISH_SEQ_NONE);
    cr_assert_eq(steps[3].publish.id, PUBLISH_ID_NONE);
    cr_assert_eq(steps[4].drop.how, DROP_MID_FRAME);
    cr_assert_eq(steps[5].close.code, 4000);
    cr_assert_str_eq(steps[5].close.reason, "bye");
    cr_assert_eq(steps[6].restart.counter, -1);
    cr_assert(steps[6].restart.keep_ring && !steps[6].restart.keep_db);
    cr_assert_eq(steps[6].restart.how, DROP_FIN);
    cr_assert_eq(steps[7].set.resync, RESYNC_HOLD);
    cr_assert_eq(steps[7].set.ack, ACK_OVERRIDE);
    cr_assert_not_null(steps[7].set.ack_fields);
    cr_assert_eq(steps[7].set.order, RESYNC_ORDER_SHUFFLED);
    cr_assert_eq(steps[7].set.cut_how, DROP_SILENT);
    cr_assert(steps[7].set.has_pong && steps[7].set.ignore_pings);
    cr_assert(steps[7].set.has_token && !steps[7].set.token);
    cr_assert_eq(steps[8].set.ack, ACK_TWICE);
    cr_assert_str_eq(steps[8].set.token, "t");
    cr_assert_eq(steps[9].advance.ms, 11);
    cr_assert_eq(steps[10].wait.ms, 12);
    cr_assert_eq(steps[11].verb, VERB_SYNC);
    cr_assert_eq(steps[12].verb, VERB_RELEASE);
}

Test(scenario, takes_every_kind_of_send)
{
    struct scenario_step *steps = load_steps(
        "{'publish':{'as':'e'}},{'send':{'frame':{'id':'${id}','n':['${seq}','a ${now}']}}},"
        "{'send':{'frame':5}},{'send':{'text':'x','size':9,'fragments':3,'between':'ping'}},"
        "{'send':{'binary':'00fFa1'}},{'send':{'binary':''}},{'send':{'raw':'81 7e',"
        "'split_bytes':1}},{'send':{'again':'e','row':true}}");
    cr_assert_eq(steps[1].send.kind, SEND_FRAME);
    cr_assert(cJSON_IsObject(steps[1].send.frame));
    cr_assert(cJSON_IsNumber(steps[2].send.frame));
    cr_assert_eq(steps[3].send.kind, SEND_TEXT);
    cr_assert_eq(steps[3].send.size_bytes, 9);
    cr_assert_eq(steps[3].send.fragments, 3);
    cr_assert(steps[3].send.ping_between);
    cr_assert_eq(steps[4].send.kind, SEND_BINARY);
    cr_assert_eq(steps[4].send.byte_count, 3);
    cr_assert_arr_eq(steps[4].send.bytes, "\x00\xff\xa1", 3);
    cr_assert_eq(steps[5].send.byte_count, 0);
    cr_assert_eq(steps[6].send.byte_count, 2);
    cr_assert_eq(steps[6].send.split_bytes, 1);
    cr_assert_eq(steps[7].send.kind, SEND_AGAIN);
    cr_assert_str_eq(steps[7].send.again, "e");
    cr_assert(steps[7].send.as_row);
}

Test(scenario, takes_every_kind_of_expect)
{
    struct scenario_step *steps = load_steps(
        "{'publish':{'as':'e'}},"
        "{'expect':{'frame':'resync','last_seen_seq':5,'since':{'iso8601':true},"
        "'token':{'absent':true},'timeout_ms':3}},"
        "{'expect':{'connection':{'min':2,'max':3.5},'after_ms':{'min':10},'level':'should'}},"
        "{'expect':{'refused':4}},{'expect':{'reconnecting':{'kind':'number'}}},"
        "{'expect':{'resynced':{'gap_detected':true,'replayed':{'max':9}}}},"
        "{'expect':{'dispatched':6}},{'expect':{'dispatched':{'e':1}}},{'expect':{'gave_up':true}},"
        "{'expect':{'nothing':'resync'}},{'expect':{'nothing':['event','ping'],'for_ms':7}},"
        "{'expect':{'frame':'subscribe','channels':['general']}}");
    const struct expect_fields *frame = &steps[1].expect;
    cr_assert_eq(frame->kind, EXPECT_FRAME);
    cr_assert_str_eq(frame->frame, "resync");
    cr_assert_eq(frame->fields.count, 3);
    cr_assert_str_eq(frame->fields.items[0].name, "last_seen_seq");
    cr_assert_eq(frame->fields.items[0].matcher.kind, MATCHER_LITERAL);
    cr_assert_eq(frame->fields.items[0].matcher.literal->valuedouble, 5);
    cr_assert_eq(frame->fields.items[1].matcher.kind, MATCHER_ISO8601);
    cr_assert_eq(frame->fields.items[2].matcher.kind, MATCHER_ABSENT);
    cr_assert_eq(steps[1].timeout_ms, 3);
    const struct expect_fields *connection = &steps[2].expect;
    cr_assert_eq(connection->kind, EXPECT_CONNECTION);
    cr_assert(connection->number.has_min && connection->number.has_max);
    cr_assert_eq(connection->number.max, 3.5);
    cr_assert(connection->after_ms.has_min && !connection->after_ms.has_max);
    cr_assert(connection->is_should);
    cr_assert_eq(steps[3].expect.kind, EXPECT_REFUSED);
    cr_assert_eq(steps[3].expect.number.literal->valuedouble, 4);
    cr_assert_eq(steps[3].expect.after_ms.kind, MATCHER_NONE);
    cr_assert_eq(steps[4].expect.kind, EXPECT_RECONNECTING);
    cr_assert_str_eq(steps[4].expect.number.json_kind, "number");
    cr_assert_eq(steps[5].expect.kind, EXPECT_RESYNCED);
    cr_assert_eq(steps[5].expect.fields.count, 2);
    cr_assert_eq(steps[6].expect.dispatched_count, 6);
    cr_assert_eq(steps[6].expect.dispatched_names.count, 0);
    cr_assert_str_eq(steps[7].expect.dispatched_names.items[0].name, "e");
    cr_assert_eq(steps[8].expect.kind, EXPECT_GAVE_UP);
    cr_assert_eq(steps[9].expect.kind, EXPECT_NOTHING);
    cr_assert_eq(steps[9].expect.nothing.count, 1);
    cr_assert_eq(steps[10].expect.nothing.count, 2);
    cr_assert_eq(steps[10].expect.for_ms, 7);
    cr_assert(cJSON_IsArray(steps[11].expect.fields.items[0].matcher.literal));
}

Test(scenario, tells_what_it_needs_and_why)
{
    static const char *const rows[][2] = {
        {"clock_skew", "`clock_skew_ms` of `client`"},
        {"keepalive", "`ping_ms` of `client`"},
        {"slow", "`client: slow` (step 2)"},
        {"subscribe", "`client: unsubscribe` (step 3)"},
        {"throw", "`client: throw` (step 5)"},
        {"reconnect", "`client: reconnect` (step 6)"},
    };
    struct scenario *scenario =
        load("{'title':'t','rules':['C-1'],"
             "'client':{'clock_skew_ms':1,'ping_ms':5,'pong_timeout_ms':5,"
             "'reconnect_base_ms':5,'max_reconnect_attempts':5},'steps':[{'accept':{}},"
             "{'client':{'do':'slow','ms':5}},{'client':{'do':'unsubscribe','channels':['a']}},"
             "{'client':{'do':'subscribe','channels':['a']}},{'client':{'do':'throw'}},"
             "{'client':{'do':'reconnect'}},{'client':{'do':'stop'}}]}");
    size_t count = sizeof rows / sizeof *rows;
    const char *because;
    for (size_t i = 0; i < count; i++) {
        cr_assert_str_eq(scenario_needed_capability(scenario, i, &because), rows[i][0]);
        cr_assert_str_eq(because, rows[i][1]);
    }
    cr_assert_null(scenario_needed_capability(scenario, count, &because));
    cr_assert(scenario_has_verb(scenario, VERB_CLIENT));
    cr_assert_not(scenario_has_verb(scenario, VERB_SETTLE));
}

Test(scenario, repeats_are_unrolled_with_the_places_of_their_steps)
{
    struct scenario_step *steps =
        load_steps("{'accept':{}},\n{'repeat':{'times':2,'timeout_ms':9,'steps':[\n {'sync':{}},"
                   " /* é */ {'repeat':{'times':3,'steps':[{'settle':{}}]}}]}},\n  {'release':{}}");
    static const struct {
        enum verb verb;
        size_t line, column;
        int64_t timeout_ms;
    } rows[] = {
        {VERB_ACCEPT, 1, 39, 5000}, {VERB_SYNC, 3, 2, 9},    {VERB_SETTLE, 3, 53, 9},
        {VERB_SETTLE, 3, 53, 9},    {VERB_SETTLE, 3, 53, 9}, {VERB_SYNC, 3, 2, 9},
        {VERB_SETTLE, 3, 53, 9},    {VERB_SETTLE, 3, 53, 9}, {VERB_SETTLE, 3, 53, 9},
        {VERB_RELEASE, 4, 3, 5000},
    };
    cr_assert_eq(loaded.items[0]->step_count, sizeof rows / sizeof *rows);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_assert_eq(steps[i].verb, rows[i].verb);
        cr_assert_eq(steps[i].line, rows[i].line);
        cr_assert_eq(steps[i].column, rows[i].column, "step %zu: %zu", i, steps[i].column);
        cr_assert_eq(steps[i].timeout_ms, rows[i].timeout_ms);
    }
}

Test(scenario, each_makes_every_combination)
{
    static const char *const names[] = {"a/b[reset,1]", "a/b[reset,501]", "a/b[fin,1]",
                                        "a/b[fin,501]"};
    load("{'title':'${how} after ${n}','rules':['C-1'],'each':{'how':['reset','fin'],'n':[1,501]},"
         "'server':{'ring':'${n}'},'client':{'channels':['c-${n}']},\n"
         "'steps':[{'drop':{'how':'${how}'}},{'publish':{'count':'${n}','as':'e${n}'}},"
         "\n{'send':{'frame':{'x':'${n}','y':'${n}!${seq}${how}'}}}]}");
    cr_assert_eq(loaded.count, 4);
    for (size_t i = 0; i < 4; i++) {
        const struct scenario *scenario = loaded.items[i];
        int n = i % 2 ? 501 : 1;
        cr_assert_str_eq(scenario->name, names[i]);
        cr_assert_eq(scenario->server.ring, n);
        cr_assert_eq(scenario->steps[0].drop.how, i < 2 ? DROP_RESET : DROP_FIN);
        cr_assert_eq(scenario->steps[1].publish.count, n);
        cr_assert_str_eq(scenario->steps[1].publish.as, i % 2 ? "e501" : "e1");
        cr_assert_str_eq(scenario->channels.items[0], i % 2 ? "c-501" : "c-1");
        const cJSON *frame = scenario->steps[2].send.frame;
        cr_assert_eq(cJSON_GetObjectItemCaseSensitive(frame, "x")->valuedouble, n);
        cr_assert_eq(scenario->steps[2].line, 3);
        cr_assert_eq(scenario->steps[2].column, 1);
    }
    cr_assert_str_eq(loaded.items[3]->title, "fin after 501");
    const cJSON *text = loaded.items[3]->steps[2].send.frame;
    cr_assert_str_eq(cJSON_GetObjectItemCaseSensitive(text, "y")->valuestring, "501!${seq}fin");
}

Test(scenario, each_keeps_the_type_of_a_lone_template)
{
    load("{'title':'t','rules':['C-1'],'each':{'v':[true,null,-2.5,1e30,'a.b-c']},"
         "'steps':[{'send':{'frame':['${v}']}}]}");
    static const char *const names[] = {"a/b[true]", "a/b[null]", "a/b[-2.5]", "a/b[1e30]",
                                        "a/b[a.b-c]"};
    static const int types[] = {cJSON_True, cJSON_NULL, cJSON_Number, cJSON_Number, cJSON_String};
    cr_assert_eq(loaded.count, 5);
    for (size_t i = 0; i < 5; i++) {
        cr_assert_str_eq(loaded.items[i]->name, names[i]);
        cr_assert_eq(loaded.items[i]->steps[0].send.frame->child->type, types[i]);
    }
}

Test(scenario, a_wrong_file_adds_nothing_to_a_set)
{
    load("{'title':'t','rules':['C-1'],'steps':[{'settle':{}}]}");
    struct error_list errors;
    error_list_init(&errors);
    cr_assert_not(scenario_load("{}", 2, "x", "x", &loaded, &errors));
    cr_assert_eq(loaded.count, 1);
    cr_assert_eq(errors.count, 3);
    error_list_free(&errors);
    load("{'title':'u','rules':['C-1'],'steps':[{'settle':{}}]}");
    cr_assert_eq(loaded.count, 2);
    cr_assert_str_eq(loaded.items[1]->title, "u");
}

/* A walk from the start for every step would outlast the time-out. */
Test(scenario, loads_10000_steps_of_one_line, .timeout = 30)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    buffer_append_text(&text, "{'title':'t','rules':['C-1'],'steps':[");
    for (int i = 0; i < SCENARIO_STEPS_MAX; i++)
        buffer_printf(&text, "%s{'publish':{'count':2,'as':'n%d'}}", i ? "," : "", i);
    buffer_append_text(&text, "]}");
    struct scenario *scenario = load(buffer_text(&text));
    cr_assert_eq(scenario->step_count, SCENARIO_STEPS_MAX);
    cr_assert_str_eq(scenario->steps[9999].publish.as, "n9999");
    cr_assert_eq(scenario->steps[9999].line, 1);
    buffer_free(&text);
}

Test(scenario, takes_what_the_node_stream_has)
{
    struct scenario *scenario =
        load("{'title':'t','rules':['C-4','C-28'],'judge':{'C-12':'off'},'steps':["
             "{'refuse':{'at':'token','how':'stall'}},{'accept':{}},"
             "{'set':{'register':'error','delivery_ack':'ignore'}},"
             "{'publish':{'seq':'none'}},{'expect':{'frame':'delivery.ack','up_to_seq':5}}],"
             "'dialect':'node'}");
    const char *because;
    cr_assert_str_eq(scenario_needed_capability(scenario, 0, &because), "node");
    cr_assert_str_eq(because, "`dialect: node`");
    cr_assert_eq(scenario->dialect, DIALECT_NODE);
    cr_assert_eq(scenario->steps[0].refuse.at, REFUSE_AT_TOKEN);
    cr_assert_eq(scenario->steps[0].refuse.how, REFUSE_STALL);
    cr_assert(scenario->steps[2].set.has_registering);
    cr_assert_eq(scenario->steps[2].set.registering, REGISTER_ERROR);
    cr_assert(scenario->steps[2].set.has_delivery_ack);
    cr_assert(scenario->steps[2].set.ignores_delivery_acks);
}

/* What the loader says of keys, verbs, values and rules that the scenario's stream does not know.
 */
#include "core/memory.h"
#include "core/scenario.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Single quotes become double ones. True if it loads; else the one error, and there is no other. */
static bool load(const char *text, struct error *error)
{
    char *copy = memory_copy_text(text, strlen(text));
    for (char *at = copy; *at; at++)
        *at = *at == '\'' ? '"' : *at;
    struct scenario_set set = {0};
    struct error_list errors;
    error_list_init(&errors);
    bool is_good = scenario_load(copy, strlen(copy), "a", "a", &set, &errors);
    cr_expect_eq(errors.count, !is_good, "%zu errors: %s", errors.count, text);
    if (!is_good)
        *error = errors.items[0];
    error_list_free(&errors);
    scenario_set_free(&set);
    free(copy);
    return is_good;
}

static void expect_error(const char *text, const char *message, const char *hint)
{
    struct error error;
    cr_assert_not(load(text, &error), "%s", text);
    cr_expect_str_eq(error.message, message, "%s", text);
    cr_expect(strstr(error.hint, hint), "%s: %s", text, error.hint);
}

static const struct {
    const char *step, *message, *hint;
} node_faults[] = {
    {"{'release':{}}", "`release` is not for the node stream", "no resync"},
    {"{'advance':{'ms':1}}", "`advance` is not for the node stream", "clock"},
    {"{'publish':{'store':true}}", "`store` is not for the node stream", "`\"seq\": \"none\"`"},
    {"{'publish':{'seq':3}}", "the node stream numbers its deliveries itself, without holes",
     "`\"live\": false`"},
    {"{'publish':{'as':'e'}},{'send':{'again':'e','row':true}}", "`row` is not for the node stream",
     "database"},
    {"{'expect':{'resynced':{}}}", "`resynced` is not for the node stream", "no resync"},
    {"{'expect':{'frame':'resync'}}",
     "unknown frame of a client: `resync`; allowed are "
     "`node.register`, `delivery.ack`, `node.heartbeat` and `node.deregister`",
     ""},
    {"{'restart':{'counter':'keep'}}", "`counter` is not for the node stream", "survive"},
    {"{'restart':{'ring':'keep'}}", "`ring` is not for the node stream", "survive"},
    {"{'restart':{'db':'keep'}}", "`db` is not for the node stream", "survive"},
    {"{'set':{'resync':'hold'}}", "`resync` is not for the node stream", "no resync"},
    {"{'set':{'ack':'omit'}}", "`ack` is not for the node stream", "`register`"},
    {"{'set':{'order':'shuffled'}}", "`order` is not for the node stream", "oldest first"},
    {"{'client':{'do':'subscribe','channels':['a']}}", "the node stream has no subscriptions",
     "delivered to its agent"},
    {"{'client':{'do':'unsubscribe','channels':['a']}}", "the node stream has no subscriptions",
     "delivered to its agent"},
    {"{'refuse':{'at':'token','how':'closed'}}", "`closed` cannot be done to a request for a token",
     "`http`, `reset` and `stall`"},
    {"{'refuse':{'at':'token','how':'bad-accept'}}",
     "`bad-accept` cannot be done to a request for a token", "`http`, `reset` and `stall`"},
    {"{'repeat':{'times':2,'steps':[{'release':{}}]}}", "`release` is not for the node stream",
     "no resync"},
};

Test(scenario_parse_stream, tells_what_the_node_stream_does_not_have)
{
    for (size_t i = 0; i < sizeof node_faults / sizeof node_faults[0]; i++) {
        char text[400];
        snprintf(text, sizeof text, "{'title':'t','rules':['C-7'],'dialect':'node','steps':[%s]}",
                 node_faults[i].step);
        expect_error(text, node_faults[i].message, node_faults[i].hint);
    }
    expect_error("{'title':'t','rules':['C-7'],'dialect':'node','steps':[{'publish':{'as':'e'}},"
                 "{'accept':{'with':[{'again':'e','row':false}]}}]}",
                 "`row` is not for the node stream", "database");
}

Test(scenario_parse_stream, tells_what_only_the_node_stream_has)
{
    static const char *const steps[] = {"{'refuse':{'at':'token'}}", "{'set':{'register':'error'}}",
                                        "{'set':{'delivery_ack':'ignore'}}"};
    static const char *const names[] = {"at", "register", "delivery_ack"};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        char text[200], message[80];
        snprintf(text, sizeof text, "{'title':'t','rules':['C-7'],'steps':[%s]}", steps[i]);
        snprintf(message, sizeof message, "`%s` is not for the agent stream", names[i]);
        expect_error(text, message, "`\"dialect\": \"node\"`");
    }
}

/* `dialect` may stand behind what depends on it. */
Test(scenario_parse_stream, tells_settings_that_mean_nothing_there)
{
    static const char *const settings[] = {"'server':{'ring':5}", "'server':{'db_limit':5}",
                                           "'server':{'clock':{}}", "'client':{'clock_skew_ms':5}"};
    static const char *const names[] = {"ring", "db_limit", "clock", "clock_skew_ms"};
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        char text[200], message[80];
        snprintf(text, sizeof text,
                 "{'title':'t','rules':['C-7'],%s,'steps':[{'accept':{}}],'dialect':'node'}",
                 settings[i]);
        snprintf(message, sizeof message, "`%s` is not for the node stream", names[i]);
        expect_error(text, message, "");
    }
}

Test(scenario_parse_stream, tells_rules_without_a_counterpart)
{
    for (int rule = 0; rule < RULE_COUNT; rule++) {
        const struct rule_info *info = rule_info((enum rule)rule);
        char text[200];
        struct error error;
        snprintf(text, sizeof text,
                 "{'title':'t','rules':['%s'],'dialect':'node','steps':[{'accept':{}}]}", info->id);
        if (rule != RULE_STEP)
            cr_expect_eq(load(text, &error), info->node_sentence != NULL, "%s", info->id);
        bool is_server = info->level == RULE_LEVEL_SERVER;
        cr_expect(!is_server || !info->node_sentence, "%s", info->id);
    }
    expect_error("{'title':'t','rules':['C-5'],'dialect':'node','steps':[{'accept':{}}]}",
                 "`C-5` has no counterpart in the node stream and is not judged there",
                 "there are C-4, C-6, C-7, C-11, ");
    expect_error("{'title':'t','rules':['C-7'],'judge':{'C-20':'off'},'dialect':'node',"
                 "'steps':[{'accept':{}}]}",
                 "`C-20` has no counterpart in the node stream and is not judged there", "C-28");
}

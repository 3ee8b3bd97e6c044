/* What `gapcheck new` writes: loaded, linted, and played in the simulated world. */
#include "core/judge.h"
#include "core/lint.h"
#include "core/scenario_template.h"
#include "sim/world.h"

#include <criterion/criterion.h>
#include <string.h>

/* Their checks are not judged in the simulated world yet, or need a real socket. */
static bool is_only_loaded(enum rule rule)
{
    return rule == RULE_C24 || rule == RULE_C26 || rule == RULE_C27;
}

static bool load(enum rule rule, struct scenario_set *set)
{
    struct buffer text;
    struct error_list errors;
    buffer_init(&text, BUFFER_NO_LIMIT);
    error_list_init(&errors);
    bool is_made = scenario_template_print(rule, "../schema.json", &text);
    bool is_loaded = is_made && scenario_load(buffer_text(&text), text.size_bytes, "new.jsonc",
                                              "new", set, &errors);
    cr_expect(is_loaded || !is_made, "%s: %s", rule_info(rule)->id,
              errors.count ? errors.items[0].message : "");
    buffer_free(&text);
    error_list_free(&errors);
    return is_loaded;
}

static void play(enum rule rule, const struct scenario *scenario)
{
    struct client_policy policy;
    cr_assert(client_policy_find("reference", &policy));
    struct transcript *transcript = sim_play(scenario, &policy, 1);
    struct judgement *judgement = judge_transcript(transcript, scenario);
    cr_expect_eq(judgement->verdict, VERDICT_PASS, "%s: %s: %s", rule_info(rule)->id,
                 verdict_name(judgement->verdict),
                 judgement->finding_count ? judgement->findings[0].message
                 : judgement->reason      ? judgement->reason
                                          : "");
    judgement_free(judgement);
    transcript_free(transcript);
}

Test(scenario_template, every_rule_has_one_that_lint_likes_and_that_passes)
{
    for (int rule = 0; rule < RULE_COUNT; rule++) {
        struct scenario_set set = {0};
        struct lint_report report;
        if (rule == RULE_STEP || rule == RULE_S7)
            continue;
        cr_assert(load((enum rule)rule, &set), "%s", rule_info((enum rule)rule)->id);
        cr_expect(set.items[0]->rules[rule]);
        lint_scenarios(&set, &report);
        cr_expect_eq(report.count, 0, "%s: %s", rule_info((enum rule)rule)->id,
                     report.count ? report.items[0].error.message : "");
        if (!is_only_loaded((enum rule)rule))
            play((enum rule)rule, set.items[0]);
        lint_report_free(&report);
        scenario_set_free(&set);
    }
}

Test(scenario_template, what_no_scenario_can_show_has_none)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    cr_expect_not(scenario_template_print(RULE_S7, NULL, &text));
    cr_expect_not(scenario_template_print(RULE_STEP, NULL, &text));
    cr_expect_not(scenario_template_print(RULE_COUNT, NULL, &text));
    cr_expect_eq(text.size_bytes, 0);
    buffer_free(&text);
}

Test(scenario_template, lines_fit_a_screen)
{
    for (int rule = 0; rule < RULE_COUNT; rule++) {
        struct buffer text;
        buffer_init(&text, BUFFER_NO_LIMIT);
        scenario_template_print((enum rule)rule, NULL, &text);
        for (const char *line = buffer_text(&text); *line; line += strspn(line, "\n")) {
            size_t size_bytes = strcspn(line, "\n");
            cr_expect_leq(size_bytes, 110, "%.*s", (int)size_bytes, line);
            line += size_bytes;
        }
        buffer_free(&text);
    }
}

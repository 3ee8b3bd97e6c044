#include "report/report.h"

#include "report/sample_run.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static char *render(const struct run *run, struct report_style style)
{
    struct buffer out;
    buffer_init(&out, BUFFER_NO_LIMIT);
    report_terminal(run, &style, &out);
    return buffer_take_text(&out);
}

Test(terminal, shows_rule_sentence_cause_step_and_command)
{
    struct run run = sample_run_empty();
    struct run_scenario *scenario = sample_add(&run, "gap/long", VERDICT_FAIL);
    scenario->judgement->published = 707;
    scenario->judgement->lost = 200;
    sample_add_finding(scenario, RULE_C5, RULE_LEVEL_MUST, "200 of 707 events lost",
                       "their rows were cut off");
    sample_add(&run, "first", VERDICT_PASS);
    run.exit = RUN_EXIT_BROKEN;
    char *text = render(&run, (struct report_style){.folder = "reports/out/x"});
    cr_expect_str_eq(text,
                     "@relaycast/sdk 6.0.2  --client relaycast@6.0.2  seed 1\n\n"
                     "  ✓ pass  first        61 ms\n"
                     "  ✗ fail  gap/long     61 ms     707 published, 200 lost\n"
                     "      C-5  200 of 707 events lost (must, step 7, 44.1 ms)\n"
                     "           cause: their rows were cut off\n"
                     "           again: ./gapcheck run 'scenarios/some file.jsonc' "
                     "--client reference\n\n"
                     "2 scenarios: 1 pass, 1 fail in 4.2 s; exit 1\n"
                     "report: reports/out/x\n");
    free(text);
    run_free(&run);
}

Test(terminal, sums_up_by_rule_where_many_scenarios_fail)
{
    for (int count = 5; count <= 6; count++) {
        struct run run = sample_run_empty();
        for (int i = 0; i < count; i++) {
            char name[16], message[40];
            snprintf(name, sizeof name, "gap/%d", i);
            snprintf(message, sizeof message, "%d events lost", i == 3 ? 9 : 1);
            struct run_scenario *scenario = sample_add(&run, name, VERDICT_FAIL);
            scenario->judgement->lost = i == 3 ? 9 : 1;
            sample_add_finding(scenario, RULE_C5, RULE_LEVEL_MUST, message, NULL);
            sample_add_finding(scenario, RULE_C5, RULE_LEVEL_MUST, "another", NULL);
        }
        char *text = render(&run, (struct report_style){0});
        const char *rules = strstr(text, "\nrules broken,");
        cr_expect_eq(rules != NULL, count == 6);
        if (rules)
            cr_expect_not_null(strstr(rules, "\n  C-5  must       6  gap/3: 9 events lost\n"), "%s",
                               rules);
        free(text);
        run_free(&run);
    }
}

Test(terminal, never_passes_on_what_a_client_wrote)
{
    struct run run = sample_run();
    free(run.client_name);
    run.client_name = sample_copy(SAMPLE_EVIL);
    char *text = render(&run, (struct report_style){0});
    for (const char *at = text; *at; at++)
        cr_assert((unsigned char)*at >= 0x20 || *at == '\n', "byte %d", *at);
    cr_expect(text_is_utf8(text, strlen(text)));
    cr_expect_null(strstr(text, "\nnext"));
    free(text);
    run_free(&run);
}

Test(terminal, has_colours_only_where_they_are_wanted)
{
    struct run run = sample_run();
    char *plain = render(&run, (struct report_style){0});
    char *coloured = render(&run, (struct report_style){.has_colour = true});
    cr_expect_null(strchr(plain, '\033'));
    cr_expect_not_null(strstr(coloured, "\033[31m✗ fail"));
    free(plain);
    free(coloured);
    run_free(&run);
}

Test(terminal, quiet_shows_only_what_went_wrong)
{
    struct run run = sample_run();
    char *text = render(&run, (struct report_style){.is_quiet = true});
    cr_expect_null(strstr(text, "short-gap"));
    cr_expect_null(strstr(text, "seed"));
    cr_expect_not_null(strstr(text, "ring-overflow"));
    cr_expect_not_null(strstr(text, "6 scenarios: 1 pass"));
    free(text);
    run_free(&run);
}

Test(terminal, the_worst_stands_last)
{
    struct run run = sample_run();
    char *text = render(&run, (struct report_style){0});
    const char *const order[] = {"✓ pass", "- skip", "! warn", "✗ fail", "? client-error",
                                 "? error"};
    const char *last = text;
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        const char *found = strstr(text, order[i]);
        cr_assert_not_null(found, "%s", order[i]);
        cr_expect_gt(found, last, "%s", order[i]);
        last = found;
    }
    free(text);
    run_free(&run);
}

Test(terminal, tells_which_verdicts_differed)
{
    struct run run = sample_run_empty();
    struct run_scenario *scenario = sample_add(&run, "gap", VERDICT_FAIL);
    scenario->play_counts[VERDICT_FAIL] = 2;
    scenario->play_counts[VERDICT_PASS] = 48;
    sample_add(&run, "steady", VERDICT_PASS);
    run.is_interrupted = true;
    run.unplayed_count = 3;
    run.exit = run_exit_code(&run);
    char *text = render(&run, (struct report_style){0});
    cr_expect_not_null(strstr(text, "\n  gap: 48 pass, 2 fail\n"), "%s", text);
    cr_expect_not_null(strstr(text, ", 3 not played in 4.2 s; interrupted; exit 3\n"), "%s", text);
    free(text);
    run_free(&run);
}

Test(terminal, a_run_of_nothing_is_told)
{
    struct run run = sample_run_empty();
    run.exit = run_exit_code(&run);
    char *text = render(&run, (struct report_style){.is_quiet = true});
    cr_expect_str_eq(text, "0 scenarios in 4.2 s; exit 3\n");
    free(text);
    run_free(&run);
}

#include "report/run_read.h"

#include "report/report.h"
#include "report/sample_run.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static char *render(const struct run *run)
{
    struct buffer out;
    buffer_init(&out, BUFFER_NO_LIMIT);
    report_json(run, &out);
    return buffer_take_text(&out);
}

/* With everything that results.json can hold. */
static struct run full_run(void)
{
    struct run run = sample_run();
    struct run_scenario *scenario = &run.scenarios[1];
    scenario->finding_places = memory_alloc(2, sizeof *scenario->finding_places);
    scenario->finding_places[0] = (struct run_place){12, 5};
    sample_know(scenario, "waits for 7.0");
    scenario->play_counts[VERDICT_FAIL] = 4;
    scenario->play_counts[VERDICT_PASS] = 1;
    run.is_strict = run.is_interrupted = true;
    run.unplayed_count = 3;
    run.shard_index = 2;
    run.shard_count = 5;
    run.fixed = memory_alloc(2, sizeof *run.fixed);
    run.fixed[run.fixed_count++] = sample_copy("C-5 in a/b " SAMPLE_EVIL);
    run.fixed[run.fixed_count++] = sample_copy("C-6 in a/b no longer happens");
    run.exit = run_exit_code(&run);
    return run;
}

static void expect_same_again(struct run *run)
{
    char *text = render(run);
    struct run read;
    struct error error = {0};
    cr_assert(run_read(text, strlen(text), &read, &error), "%zu:%zu: %s", error.line, error.column,
              error.message);
    char *again = render(&read);
    cr_expect_str_eq(again, text);
    cr_expect_eq(run_exit_code(&read), run_exit_code(run));
    free(again);
    free(text);
    run_free(&read);
    run_free(run);
}

Test(run_read, what_is_read_is_written_the_same_byte_for_byte)
{
    struct run run = full_run();
    expect_same_again(&run);
    run = sample_run();
    expect_same_again(&run);
    run = sample_run_empty();
    run.exit = RUN_EXIT_INCONCLUSIVE;
    expect_same_again(&run);
    run = sample_run_empty(); /* of a search that found nothing */
    run.is_campaign = true;
    run.exit = RUN_EXIT_EXPECTED;
    expect_same_again(&run);
}

Test(run_read, a_file_of_another_format_names_the_gapcheck_that_wrote_it)
{
    static const char text[] = "{ \"gapcheck\": \"9.0.0\", \"format\": 2 }";
    struct run read;
    struct error error = {0};
    cr_assert_not(run_read(text, strlen(text), &read, &error));
    cr_expect_str_eq(error.hint, "use the gapcheck that wrote it, version 9.0.0");
}

/* A missing --require capability, a report that could not be written. */
Test(run_read, an_inconclusive_exit_stays_so_whatever_the_verdicts_say)
{
    struct run run = sample_run_empty(), read;
    struct error error;
    sample_add(&run, "a", VERDICT_PASS);
    run.exit = RUN_EXIT_INCONCLUSIVE;
    char *text = render(&run);
    cr_assert(run_read(text, strlen(text), &read, &error));
    cr_expect(read.is_inconclusive);
    cr_expect_eq(read.exit, RUN_EXIT_INCONCLUSIVE);
    run_free(&read);
    free(text);
    run.exit = RUN_EXIT_EXPECTED;
    text = render(&run);
    cr_assert(run_read(text, strlen(text), &read, &error));
    cr_expect_not(read.is_inconclusive);
    cr_expect_eq(read.exit, RUN_EXIT_EXPECTED);
    run_free(&read);
    free(text);
    run_free(&run);
}

Test(run_read, every_cut_is_refused_with_a_place)
{
    struct run run = full_run(), read;
    char *text = render(&run);
    size_t size_bytes = strlen(text);
    for (size_t cut = 0; cut + 2 < size_bytes; cut++) {
        struct error error = {0};
        cr_assert_not(run_read(text, cut, &read, &error), "%zu bytes", cut);
        cr_assert(error.message[0] && error.line > 0, "%zu bytes", cut);
    }
    free(text);
    run_free(&run);
}

/* No byte that is changed brings it down, and what it still reads it can write. */
Test(run_read, a_changed_byte_is_refused_or_read)
{
    static const char changes[] = {'0', '9', '-', '"', '[', '{', ',', 'x', '\0', '\xFF'};
    struct run run = full_run(), read;
    char *text = render(&run);
    size_t size_bytes = strlen(text), refused_count = 0;
    for (size_t at = 0; at < size_bytes; at++) {
        char was = text[at];
        struct error error = {0};
        text[at] = changes[at % sizeof changes];
        if (run_read(text, size_bytes, &read, &error)) {
            free(render(&read));
            run_free(&read);
        } else {
            cr_assert_neq(error.message[0], '\0');
            refused_count++;
        }
        text[at] = was;
    }
    cr_expect_gt(refused_count, size_bytes / 10);
    free(text);
    run_free(&run);
}

Test(run_read, what_is_wrong_is_told)
{
    static const struct {
        const char *was, *is, *message;
    } cases[] = {
        {"\"format\": 1", "\"format\": 2", "`format` must be 1"},
        {"\"seed\": 1", "\"seed\": -1", "`seed` must be a number that is not negative"},
        {"\"seed\": 1", "\"sead\": 1", "`seed` is missing"},
        {"\"verdict\": \"pass\"", "\"verdict\": \"green\"", "`green` is no verdict"},
        {"\"verdict\": \"pass\"", "\"verdict\": 3", "`verdict` must be a text, not 3"},
        {"\"rule\": \"C-5\"", "\"rule\": \"C-99\"", "`C-99` is no rule"},
        {"\"C-5\": \"fail\"", "\"C-99\": \"fail\"", "`C-99` is no rule"},
        {"\"C-5\": \"fail\"", "\"C-5\": \"odd\"", "`odd` is no status of a rule"},
        {"\"level\": \"must\"", "\"level\": \"server\"", "`server` is no level"},
        {"\"index\": 2", "\"index\": 6", "there is no shard 6 of 5"},
        {"\"started\": \"2026", "\"started\": \"never", "`started` must be a time"},
        {"\"transcripts/resync/short-gap.ndjson\"", "\"../../etc/passwd\"",
         "must lie in `transcripts/resync/short-gap.ndjson`"},
        {"\"findings\": []", "\"findings\": 7", "`findings` must be an array, not 7"},
        {"\"capabilities\": [", "\"capabilities\": {}, \"x\": [", "`capabilities` must be an arr"},
        {"\"published\": 5", "\"published\": 1e999", ""},
    };
    struct run run = full_run();
    char *text = render(&run);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buffer changed;
        struct run read;
        struct error error = {0};
        const char *at = strstr(text, cases[i].was);
        cr_assert_not_null(at, "%s", cases[i].was);
        buffer_init(&changed, BUFFER_NO_LIMIT);
        buffer_append(&changed, text, (size_t)(at - text));
        buffer_append_text(&changed, cases[i].is);
        buffer_append_text(&changed, at + strlen(cases[i].was));
        cr_expect_not(run_read(changed.data, changed.size_bytes, &read, &error), "%s",
                      cases[i].is);
        cr_expect_not_null(strstr(error.message, cases[i].message), "%s: %s", cases[i].is,
                           error.message);
        cr_expect_gt(error.line, 0, "%s", cases[i].is);
        buffer_free(&changed);
    }
    free(text);
    run_free(&run);
}

Test(run_read, members_that_it_does_not_know_are_ignored)
{
    const char *text =
        "{ \"format\": 1, \"new\": [1, {}], \"client\": { \"name\": \"n\", \"version\": \"1\",\n"
        "  \"command\": \"c\", \"capabilities\": [\"multi\", \"telepathy\"] }, \"seed\": 1,\n"
        "  \"started\": \"2026-06-01T10:00:00Z\", \"duration_ms\": 1, \"exit\": 3,\n"
        "  \"scenarios\": [] }\n";
    struct run run;
    struct error error = {0};
    cr_assert(run_read(text, strlen(text), &run, &error), "%s", error.message);
    cr_expect_eq(run.shard_count, 1);
    cr_expect(driver_capabilities_have(run.capabilities, DRIVER_CAPABILITY_MULTI));
    run_free(&run);
}

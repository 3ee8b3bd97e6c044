#include "core/lint.h"

#include "cmd/command.h"
#include "cmd/library.h"
#include "report/run.h"

#include <stdio.h>

static size_t count_files(const struct scenario_set *set)
{
    size_t count = 0;
    for (size_t i = 0; i < set->count; i++)
        count += i == 0 || set->items[i]->text != set->items[i - 1]->text;
    return count;
}

static void print_summary(const struct scenario_set *set, const struct lint_report *report,
                          struct buffer *out)
{
    size_t file_count = count_files(set);
    buffer_printf(out, "%zu scenario%s in %zu file%s: ", set->count, set->count == 1 ? "" : "s",
                  file_count, file_count == 1 ? "" : "s");
    if (report->count == 0)
        buffer_append_text(out, "nothing to say\n");
    else
        buffer_printf(out, "%zu warning%s\n", report->count, report->count == 1 ? "" : "s");
}

int command_lint(const struct options *options)
{
    struct places places;
    struct scenario_set set;
    struct lint_report report;
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    places_find(&places);
    /* The files that are right are looked at although others are wrong. */
    int status = library_select_right(options, &places, &set, &text);
    lint_scenarios(&set, &report);
    for (size_t i = 0; i < report.count; i++) {
        const struct scenario *scenario = report.items[i].scenario;
        error_print(&report.items[i].error, scenario->path, scenario->text, scenario->text_bytes,
                    &text);
    }
    if (status == RUN_EXIT_EXPECTED)
        print_summary(&set, &report, &text);
    fputs(buffer_text(&text), stdout);
    if (status == RUN_EXIT_EXPECTED && options->is_strict && report.count > 0)
        status = RUN_EXIT_BROKEN;
    lint_report_free(&report);
    scenario_set_free(&set);
    buffer_free(&text);
    places_free(&places);
    return status;
}

#include "cmd/fuzz_internal.h"
#include "cmd/run_reports.h"
#include "core/memory.h"
#include "core/text.h"
#include "io/clock.h"

#include <inttypes.h>
#include <string.h>

/* As of a run whose scenarios are the reproducers. */
void fuzz_write_reports(struct fuzz *fuzz)
{
    struct run *run = &fuzz->run;
    const struct trial *trial = &fuzz->trial;
    run->client_name = memory_copy_text(trial->client_name, strlen(trial->client_name));
    run->client_version = memory_copy_text(trial->client_version, strlen(trial->client_version));
    run->client_command = memory_copy_text(fuzz->client.label, strlen(fuzz->client.label));
    run->capabilities = trial->capabilities;
    run->seed = fuzz->options->seed;
    run->is_strict = fuzz->options->is_strict;
    run->is_interrupted = trial->is_interrupted;
    run->is_campaign = true;
    run->is_inconclusive |=
        fuzz->death_count > 0 || fuzz->error_count > 0 || fuzz->played_count == 0;
    run->duration_ms = clock_wall_ms() - run->started_ms;
    run_reports_write(run, &fuzz->folder);
}

/* Every failure with how often it was seen. */
static void append_list(const struct fuzz *fuzz, bool is_confirmed, struct buffer *out)
{
    for (size_t i = 0; i < fuzz->failures.count; i++) {
        const struct fuzz_failure *known = &fuzz->failures.items[i];
        if (known->is_confirmed != is_confirmed)
            continue;
        buffer_printf(out, "  %-7s %6zu× ", known->name, known->seen_count);
        text_append_escaped(out, known->message, strlen(known->message), 200);
        buffer_append_text(out, "\n");
    }
}

static void append_summary(const struct fuzz *fuzz, struct buffer *out)
{
    size_t must = fuzz_failures_count(&fuzz->failures, true, RULE_LEVEL_MUST);
    size_t should = fuzz_failures_count(&fuzz->failures, true, RULE_LEVEL_SHOULD);
    size_t unconfirmed = fuzz_failures_count(&fuzz->failures, false, RULE_LEVEL_MUST) +
                         fuzz_failures_count(&fuzz->failures, false, RULE_LEVEL_SHOULD);
    if (must + should > 0)
        buffer_append_text(out, "\nseen how often:\n");
    append_list(fuzz, true, out);
    if (unconfirmed > 0)
        buffer_append_text(out, "\nunconfirmed, not counted (they did not happen again):\n");
    append_list(fuzz, false, out);
    buffer_append_text(out, "\n");
    trial_append_client(&fuzz->trial, out);
    buffer_printf(out, ", seed %" PRIu64 ": %zu scenarios in %.1f s, ", fuzz->options->seed,
                  fuzz->played_count, (double)fuzz->run.duration_ms / 1000);
    if (must + should == 0)
        buffer_append_text(out, "nothing found");
    else
        buffer_printf(out, "%zu failed, by %zu different failure%s (%zu must, %zu should)",
                      fuzz->failed_count, must + should, must + should == 1 ? "" : "s", must,
                      should);
    if (fuzz->left_count > 0)
        buffer_printf(out, ", %zu finding%s not looked at for want of time", fuzz->left_count,
                      fuzz->left_count == 1 ? "" : "s");
    if (fuzz->death_count > 0)
        buffer_printf(out, ", %zu client-error", fuzz->death_count);
    if (fuzz->run.is_interrupted)
        buffer_append_text(out, "; interrupted");
    if (fuzz->run.exit != RUN_EXIT_EXPECTED)
        buffer_printf(out, "; exit %d", fuzz->run.exit);
    buffer_append_text(out, "\n");
    if (fuzz->folder.path)
        buffer_printf(out, "report: %s\n", fuzz->folder.path);
}

int fuzz_print_summary(const struct fuzz *fuzz)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    append_summary(fuzz, &text);
    int status = run_reports_put(&text) ? fuzz->run.exit : RUN_EXIT_INCONCLUSIVE;
    buffer_free(&text);
    return status;
}

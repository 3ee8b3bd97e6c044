#include "cmd/found.h"

#include "cmd/reproducer.h"
#include "cmd/style.h"
#include "core/scenario_print.h"
#include "core/text.h"
#include "report/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_BYTES_MAX 2000

/* What a reader must know beside the failure; owned by the caller, NULL if there is nothing. */
static char *make_remark(const struct found *found)
{
    const struct reduction *reduction = found->reduction;
    struct buffer remark;
    buffer_init(&remark, BUFFER_NO_LIMIT);
    if (reduction->proof.failed_count == 0)
        buffer_append_text(&remark, "It happened once, and not again: unconfirmed.");
    else if (found->trial->is_interrupted)
        buffer_append_text(&remark, "Interrupted: it may be made smaller still.");
    else if (reduction->end == SHRINK_END_LIMIT)
        buffer_append_text(&remark, "It may be made smaller still.");
    else if (!reduction->smallest && !reduction->client_trouble)
        buffer_append_text(&remark, "What was smaller did not fail again, so it is as it was.");
    if (found->same_cause_as)
        buffer_printf(&remark,
                      "%sThe cause is that of %s: perhaps the same fault, met in another way.",
                      remark.size_bytes > 0 ? " " : "", found->same_cause_as);
    if (reduction->client_trouble) {
        buffer_append_text(&remark, remark.size_bytes > 0 ? " " : "");
        buffer_append_text(&remark, "The client could not be asked to the end: ");
        text_append_escaped(&remark, reduction->client_trouble, strlen(reduction->client_trouble),
                            200);
    }
    char *text = remark.size_bytes > 0 ? buffer_take_text(&remark) : NULL;
    buffer_free(&remark);
    return text;
}

static const char *message_of(const struct found *found)
{
    const struct finding *finding = reduction_finding(found->reduction);
    return finding ? finding->message : found->message;
}

/* One shell command, owned by the caller. */
static char *reproduce_command(const struct found *found)
{
    const struct run_origin origin = {
        .name = "",
        .path = found->path,
        .client = found->trial->client->label,
        .seed = found->trial->seed,
        .timeout_scale = found->trial->options->timeout_scale,
    };
    return run_reproduce_command(&origin);
}

void found_append_file(const struct found *found, struct buffer *out)
{
    const struct reduction *reduction = found->reduction;
    char *remark = make_remark(found), *command = reproduce_command(found);
    struct buffer client;
    buffer_init(&client, BUFFER_NO_LIMIT);
    trial_append_client(found->trial, &client);
    const struct reproducer reproducer = {
        .scenario = reduction_scenario(reduction),
        .finding = reduction_finding(reduction),
        .judgement = reduction->proof.judgement,
        .rule = reduction->failure->rule,
        .message = message_of(found),
        .client = buffer_text(&client),
        .origin = found->origin,
        .command = command,
        .path = found->path,
        .original_step_count = reduction->original->step_count,
        .confirmed_count = reduction->proof.failed_count,
        .confirm_count = reduction->proof.played_count,
        .remark = remark,
    };
    reproducer_print(&reproducer, found->places, out);
    buffer_free(&client);
    free(command);
    free(remark);
}

/* ---- for people ---- */

static void append_line(const char *label, const char *text, struct buffer *out)
{
    if (!text)
        return;
    buffer_printf(out, "      %-6s ", label);
    text_append_escaped(out, text, strlen(text), TEXT_BYTES_MAX);
    buffer_append_text(out, "\n");
}

static void append_coloured(const char *text, const char *code, const struct report_style *style,
                            struct buffer *out)
{
    if (style->has_colour)
        buffer_printf(out, "\033[%sm", code);
    text_append_escaped(out, text, strlen(text), TEXT_BYTES_MAX);
    if (style->has_colour)
        buffer_append_text(out, "\033[0m");
}

/* "reports/…/C-5.jsonc (7 steps, made from 41; failed 3 of 3 times)" */
static void append_path(const struct found *found, struct buffer *out)
{
    const struct reduction *reduction = found->reduction;
    size_t step_count = scenario_print_step_count(reduction_scenario(reduction));
    buffer_append_text(out, "      file:  ");
    text_append_escaped(out, found->path, strlen(found->path), TEXT_BYTES_MAX);
    buffer_printf(out, " (%zu step%s", step_count, step_count == 1 ? "" : "s");
    if (step_count < reduction->original->step_count)
        buffer_printf(out, ", made from %zu", reduction->original->step_count);
    buffer_printf(out, "; failed %zu of %zu times again)\n", reduction->proof.failed_count,
                  reduction->proof.played_count);
}

/* One line is enough for what did not happen again. */
static void append_unconfirmed(const struct found *found, struct buffer *out)
{
    const struct reduction *reduction = found->reduction;
    buffer_printf(out, "? %-4s unconfirmed, 0 of %zu times again: ",
                  rule_info(reduction->failure->rule)->id, reduction->proof.played_count);
    text_append_escaped(out, found->message, strlen(found->message), TEXT_BYTES_MAX);
    buffer_append_text(out, "\n");
    if (reduction->client_trouble)
        append_line("note:", reduction->client_trouble, out);
    buffer_append_text(out, "      file:  ");
    text_append_escaped(out, found->path, strlen(found->path), TEXT_BYTES_MAX);
    buffer_append_text(out, "\n");
}

static void append_all(const struct found *found, const struct report_style *style,
                       struct buffer *out)
{
    const struct failure *failure = found->reduction->failure;
    const struct finding *finding = reduction_finding(found->reduction);
    const struct rule_info *info = rule_info(failure->rule);
    bool is_should = failure->level == RULE_LEVEL_SHOULD;
    bool is_node = reduction_scenario(found->reduction)->dialect == DIALECT_NODE;
    char *remark = make_remark(found), *command = reproduce_command(found);
    char head[16];
    snprintf(head, sizeof head, "%s %-4s", is_should ? "!" : "✗", info->id);
    append_coloured(head, is_should ? "33" : "31", style, out);
    buffer_append_text(out, " ");
    append_coloured(message_of(found), "1", style, out);
    buffer_printf(out, " (%s)\n", rule_level_name(failure->level));
    append_line("cause:", finding ? finding->cause : NULL, out);
    if (failure->rule != RULE_STEP)
        buffer_printf(out, "      owed:  the client %s\n",
                      rule_sentence(failure->rule, is_node));
    append_line("note:", remark, out);
    append_path(found, out);
    append_line("again:", command, out);
    free(command);
    free(remark);
}

bool found_print(const struct found *found)
{
    struct buffer text;
    struct report_style style = style_of(found->trial->options, stdout);
    buffer_init(&text, BUFFER_NO_LIMIT);
    if (found->reduction->proof.failed_count > 0)
        append_all(found, &style, &text);
    else
        append_unconfirmed(found, &text);
    fwrite(text.data, 1, text.size_bytes, stdout);
    bool is_written = fflush(stdout) == 0;
    buffer_free(&text);
    return is_written;
}

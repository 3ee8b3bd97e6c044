#include "cmd/doctor.h"

#include "core/memory.h"
#include "core/text.h"
#include "report/run.h"

#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_BYTES_MAX 4000 /* of one outcome */

/* ---- outcomes ---- */

void doctor_outcome_init(struct doctor_outcome *outcome)
{
    *outcome = (struct doctor_outcome){0};
    buffer_init(&outcome->text, TEXT_BYTES_MAX);
}

void doctor_set(struct doctor_outcome *outcome, enum doctor_status status, const char *format, ...)
{
    char text[1000];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    outcome->status = status;
    buffer_clear(&outcome->text);
    buffer_append_text(&outcome->text, text);
}

void doctor_quote(struct buffer *out, const char *data, size_t size_bytes)
{
    buffer_append_text(out, "`");
    text_append_escaped(out, data, size_bytes, DOCTOR_SHOWN_BYTES_MAX);
    buffer_append_text(out, "`");
}

void doctor_add(struct doctor_report *report, const struct doctor_check *check,
                struct doctor_outcome *outcome)
{
    report->lines = memory_grow(report->lines, &report->capacity_count, report->count + 1,
                                sizeof *report->lines);
    report->lines[report->count++] = (struct doctor_line){
        .check = check,
        .status = outcome->status,
        .advice = outcome->advice ? outcome->advice : check->advice,
        .text = buffer_take_text(&outcome->text),
    };
    buffer_free(&outcome->text);
}

void doctor_report_free(struct doctor_report *report)
{
    for (size_t i = 0; i < report->count; i++)
        free(report->lines[i].text);
    free(report->lines);
    free(report->client_label);
    free(report->client_name);
    free(report->client_version);
    *report = (struct doctor_report){0};
}

static size_t count_of(const struct doctor_report *report, enum doctor_status status)
{
    size_t count = 0;
    for (size_t i = 0; i < report->count; i++)
        count += report->lines[i].status == status;
    return count;
}

int doctor_exit_code(const struct doctor_report *report)
{
    if (report->is_broken)
        return RUN_EXIT_INCONCLUSIVE;
    return count_of(report, DOCTOR_WRONG) > 0 ? RUN_EXIT_BROKEN : RUN_EXIT_EXPECTED;
}

/* ---- for people ---- */

static const struct {
    const char *symbol, *colour, *name;
} looks[] = {
    [DOCTOR_FINE] = {"✓", "32", "fine"},
    [DOCTOR_WRONG] = {"✗", "31", "wrong"},
    [DOCTOR_UNSEEN] = {"–", "2", "unseen"},
};

static void append_coloured(const char *text, const char *colour, bool has_colour,
                            struct buffer *out)
{
    if (has_colour)
        buffer_printf(out, "\033[%sm%s\033[0m", colour, text);
    else
        buffer_append_text(out, text);
}

static void append_detail(const char *label, const char *text, struct buffer *out)
{
    buffer_printf(out, "      %-9s %s\n", label, text);
}

static void append_line(const struct doctor_line *line, bool has_colour, struct buffer *out)
{
    buffer_append_text(out, "  ");
    append_coloured(looks[line->status].symbol, looks[line->status].colour, has_colour, out);
    buffer_printf(out, " %s", line->check->name);
    if (line->status != DOCTOR_WRONG) {
        if (line->text[0]) {
            buffer_append_text(out, line->status == DOCTOR_UNSEEN ? ": " : " ");
            append_coloured(line->text, "2", has_colour && line->status == DOCTOR_FINE, out);
        }
        buffer_append_text(out, "\n");
        return;
    }
    buffer_append_text(out, "\n");
    append_detail("expected", line->check->expected, out);
    append_detail("came", line->text, out);
    append_detail("protocol", line->check->protocol, out);
    append_detail("to mend", line->advice, out);
}

static void append_summary(const struct doctor_report *report, struct buffer *out)
{
    size_t wrong_count = count_of(report, DOCTOR_WRONG);
    buffer_printf(out, "%zu checks: %zu fine", report->count, count_of(report, DOCTOR_FINE));
    if (wrong_count > 0)
        buffer_printf(out, ", %zu to mend", wrong_count);
    if (count_of(report, DOCTOR_UNSEEN) > 0)
        buffer_printf(out, ", %zu not claimed or not to be seen",
                      count_of(report, DOCTOR_UNSEEN));
    if (doctor_exit_code(report) != RUN_EXIT_EXPECTED)
        buffer_printf(out, "; exit %d", doctor_exit_code(report));
    buffer_append_text(out, "\n");
}

static void append_outside(const char *text, struct buffer *out)
{
    text_append_escaped(out, text, strlen(text), DOCTOR_SHOWN_BYTES_MAX);
}

void doctor_append_terminal(const struct doctor_report *report, bool has_colour, bool is_quiet,
                            struct buffer *out)
{
    if (report->client_name) {
        append_outside(report->client_name, out);
        buffer_append_text(out, " ");
        append_outside(report->client_version, out);
        buffer_append_text(out, "  ");
    }
    buffer_append_text(out, "--client ");
    append_outside(report->client_label, out);
    buffer_append_text(out, "\n\n");
    size_t shown_count = 0;
    for (size_t i = 0; i < report->count; i++)
        if (!is_quiet || report->lines[i].status == DOCTOR_WRONG) {
            append_line(&report->lines[i], has_colour, out);
            shown_count++;
        }
    if (shown_count > 0)
        buffer_append_text(out, "\n");
    append_summary(report, out);
}

/* ---- for programs ---- */

static cJSON *line_as_json(const struct doctor_line *line)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "check", line->check->name);
    cJSON_AddStringToObject(object, "status", looks[line->status].name);
    if (line->status != DOCTOR_WRONG) {
        if (line->text[0])
            cJSON_AddStringToObject(object, "remark", line->text);
        return object;
    }
    cJSON_AddStringToObject(object, "expected", line->check->expected);
    cJSON_AddStringToObject(object, "came", line->text);
    cJSON_AddStringToObject(object, "protocol", line->check->protocol);
    cJSON_AddStringToObject(object, "advice", line->advice);
    return object;
}

static void add_text(cJSON *object, const char *name, const char *text)
{
    struct buffer safe;
    buffer_init(&safe, BUFFER_NO_LIMIT);
    append_outside(text, &safe);
    cJSON_AddStringToObject(object, name, buffer_text(&safe));
    buffer_free(&safe);
}

void doctor_append_json(const struct doctor_report *report, struct buffer *out)
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "gapcheck", GAPCHECK_VERSION);
    cJSON_AddNumberToObject(root, "format", 1);
    cJSON *client = cJSON_AddObjectToObject(root, "client");
    add_text(client, "command", report->client_label);
    if (report->client_name) {
        add_text(client, "name", report->client_name);
        add_text(client, "version", report->client_version);
    }
    cJSON *capabilities = cJSON_AddArrayToObject(client, "capabilities");
    for (int i = 0; i < DRIVER_CAPABILITY_COUNT; i++)
        if (driver_capabilities_have(report->capabilities, (enum driver_capability)i))
            cJSON_AddItemToArray(capabilities, cJSON_CreateString(driver_capability_name(
                                                   (enum driver_capability)i)));
    cJSON *checks = cJSON_AddArrayToObject(root, "checks");
    for (size_t i = 0; i < report->count; i++)
        cJSON_AddItemToArray(checks, line_as_json(&report->lines[i]));
    cJSON_AddNumberToObject(root, "exit", doctor_exit_code(report));
    char *text = cJSON_Print(root);
    buffer_append_text(out, text);
    buffer_append_text(out, "\n");
    cJSON_free(text);
    cJSON_Delete(root);
}

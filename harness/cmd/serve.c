#include "io/serve.h"

#include "cmd/command.h"
#include "cmd/driver_json.h"
#include "cmd/library.h"
#include "cmd/options.h"
#include "cmd/places.h"
#include "cmd/play.h"
#include "cmd/report_folder.h"
#include "cmd/run_reports.h"
#include "cmd/serve_lines.h"
#include "core/memory.h"
#include "core/text.h"
#include "io/address.h"
#include "io/clock.h"
#include "report/html_serve.h"
#include "report/report.h"

#include <cjson/cJSON.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LABEL       "serve"
#define SHOWN_COUNT 10 /* of the scenarios, where there should be one */

struct serving {
    const struct options *options;
    const struct scenario *scenario;
    struct serve_config config;
    struct serve_lines lines;
    struct run *run;
    char *reproduce;
    bool is_wire_only;
};

static char *copy(const char *text)
{
    return memory_copy_text(text, strlen(text));
}

/* ---- what is told meanwhile ---- */

static void on_listening(void *user, uint16_t port, const char *token, const char *ca_file)
{
    const struct serving *serving = user;
    const struct serve_config *config = &serving->config;
    const char *secure = ca_file ? "s" : "";
    printf("serving %s\n", serving->scenario->name);
    printf("  look on  http%s://%s:%u/?key=%s\n", secure, config->host, port, config->key);
    printf("  stream   ws%s://%s:%u/v1/ws\n", secure, config->host, port);
    printf("  token    %s\n", token);
    for (size_t i = 0; i < serving->scenario->channels.count; i++)
        printf("%s%s", i ? ", " : "  channels ", serving->scenario->channels.items[i]);
    printf("%s", serving->scenario->channels.count ? "\n" : "");
    printf("  events   http%s://%s:%u/gapcheck/events?key=%s\n", secure, config->host, port,
           config->key);
    if (ca_file)
        printf("  trust    %s\n", ca_file);
    printf("waiting for a client; Ctrl-C ends it\n");
    fflush(stdout);
}

static void on_client(void *user, const struct driver_hello *hello, bool is_wire_only)
{
    struct serving *serving = user;
    struct run *run = serving->run;
    run->client_name = copy(hello->name && hello->name[0] ? hello->name : "a client");
    run->client_version = copy(hello->version ? hello->version : "");
    run->capabilities = hello->capabilities;
    serving->is_wire_only = is_wire_only;
    if (serving->options->is_quiet)
        return;
    struct buffer line;
    buffer_init(&line, BUFFER_NO_LIMIT);
    text_append_escaped(&line, run->client_name, strlen(run->client_name), 80);
    buffer_append_text(&line, " ");
    text_append_escaped(&line, run->client_version, strlen(run->client_version), 40);
    printf("%s is there; %s\n", buffer_text(&line),
           is_wire_only ? "it posts no events: what the wire shows is judged"
                        : "it tells what its application gets");
    fflush(stdout);
    buffer_free(&line);
}

static void on_entry(void *user, const struct transcript_entry *entry)
{
    struct serving *serving = user;
    struct buffer text;
    if (serving->options->is_quiet)
        return;
    buffer_init(&text, BUFFER_NO_LIMIT);
    serve_lines_append(&serving->lines, entry, &text);
    fputs(buffer_text(&text), stdout);
    fflush(stdout);
    buffer_free(&text);
}

/* ---- what comes of it ---- */

static struct judgement *judge_result(const struct serve_result *result,
                                      const struct scenario *scenario)
{
    if (result->transcript)
        return judge_transcript(result->transcript, scenario);
    if (result->skipped)
        return judge_unplayed(VERDICT_SKIP, result->skipped);
    return result->error ? judge_unplayed(VERDICT_ERROR, result->error) : NULL;
}

/* On one line, as all that pages get. */
static void append_summary(const struct run_scenario *scenario, struct buffer *summary)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    report_json_scenario(scenario, "", &text);
    cJSON *document = cJSON_ParseWithLength(text.data, text.size_bytes);
    char *line = cJSON_PrintUnformatted(document);
    buffer_printf(summary, "{\"scenario\":%s}\n", line);
    cJSON_free(line);
    cJSON_Delete(document);
    buffer_free(&text);
}

/* Judged while pages look on, which are told the verdict. */
static void on_done(void *user, const struct serve_result *result, struct buffer *summary)
{
    struct serving *serving = user;
    struct run *run = serving->run;
    struct judgement *judgement = judge_result(result, serving->scenario);
    if (!judgement)
        return;
    struct run_origin origin = {.name = serving->scenario->name,
                                .path = serving->scenario->path,
                                .client = LABEL,
                                .seed = serving->options->seed,
                                .timeout_scale = serving->options->timeout_scale};
    run->scenarios = memory_alloc(1, sizeof *run->scenarios);
    run->scenario_count = 1;
    play_fill_scenario(&origin, serving->scenario, result->transcript != NULL, judgement,
                       &run->scenarios[0]);
    free(run->scenarios[0].reproduce);
    run->scenarios[0].reproduce = copy(serving->reproduce);
    append_summary(&run->scenarios[0], summary);
}

static void replace_text(char **text, const char *value)
{
    free(*text);
    *text = copy(value);
}

static void write_transcript(const struct run *run, struct transcript *transcript,
                             struct report_folder *folder)
{
    replace_text(&transcript->header.client_name, run->client_name);
    replace_text(&transcript->header.client_version, run->client_version);
    replace_text(&transcript->header.client_command, LABEL);
    report_folder_write_transcript(folder, run->scenarios[0].transcript, transcript);
}

/* Why rules that the scenario names stand as skipped in the report. */
static void tell_unseen(const struct serving *serving)
{
    struct buffer names;
    buffer_init(&names, BUFFER_NO_LIMIT);
    const struct judgement *judgement = serving->run->scenarios[0].judgement;
    for (int rule = 0; rule < RULE_COUNT; rule++)
        if (serving->scenario->rules[rule] && judgement->rules[rule] == RULE_STATUS_SKIP)
            buffer_printf(&names, "%s%s", names.size_bytes ? ", " : "",
                          rule_info((enum rule)rule)->id);
    if (names.size_bytes > 0)
        printf("not judged: %s, which takes the application's side; a client that posts driver "
               "lines shows it\n", buffer_text(&names));
    buffer_free(&names);
}

static int report(const struct serving *serving, struct serve_result *result,
                  const struct places *places)
{
    struct run *run = serving->run;
    struct report_folder folder;
    char *parent = places_reports(places);
    report_folder_open(&folder, serving->options->out, parent, LABEL, run->started_ms);
    if (!run->client_name) {
        run->client_name = copy("no client");
        run->client_version = copy("");
    }
    run->is_interrupted = result->is_interrupted;
    run->duration_ms = clock_wall_ms() - run->started_ms;
    if (result->transcript)
        write_transcript(run, result->transcript, &folder);
    run_reports_write(run, &folder);
    int status = run_reports_print(run, serving->options, &folder);
    if (serving->is_wire_only && result->transcript)
        tell_unseen(serving);
    report_folder_close(&folder);
    free(parent);
    return status;
}

/* ---- the command ---- */

static char *reproduce_command(const struct places *places, const struct scenario *scenario)
{
    struct buffer command;
    buffer_init(&command, BUFFER_NO_LIMIT);
    buffer_printf(&command, "%s serve ", places_program(places));
    driver_json_append_quoted(scenario->path, &command);
    if (strchr(scenario->name, '[')) {
        buffer_append_text(&command, " --filter ");
        driver_json_append_quoted(scenario->name, &command);
    }
    return buffer_take_text(&command);
}

static bool make_key(char key[SERVE_KEY_BYTES + 1])
{
    unsigned char bytes[SERVE_KEY_BYTES / 2];
    if (RAND_bytes(bytes, sizeof bytes) != 1)
        return false;
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(key + 2 * i, 3, "%02x", bytes[i]);
    return true;
}

static int serve_scenario(const struct options *options, const struct places *places,
                          const struct scenario *scenario)
{
    char host[ADDRESS_TEXT_BYTES];
    struct buffer page;
    buffer_init(&page, BUFFER_NO_LIMIT);
    report_html_serve(&page);
    address_find_host(options->listen, host);
    struct run run = {.client_command = copy(LABEL),
                      .seed = options->seed,
                      .started_ms = clock_wall_ms(),
                      .is_strict = options->is_strict};
    struct serving serving = {.options = options,
                              .scenario = scenario,
                              .config = {.scenario = scenario,
                                         .listen = options->listen,
                                         .port = (uint16_t)options->port,
                                         .host = host,
                                         .seed = options->seed,
                                         .timeout_scale = options->timeout_scale,
                                         .page = buffer_text(&page)},
                              .run = &run,
                              .reproduce = reproduce_command(places, scenario)};
    struct serve_callbacks callbacks = {&serving, on_listening, on_client, on_entry, on_done};
    struct serve_result result = {0};
    int status = RUN_EXIT_INCONCLUSIVE;
    struct error error;
    if (!make_key(serving.config.key)) {
        error_set(&error, NULL, "there are no random numbers to be had for a key");
        command_print_error(&error);
    } else {
        serve_run(&serving.config, &callbacks, &result);
        if (result.error && !run.scenario_count) {
            error_set(&error, NULL, "%s", result.error); /* it never began */
            command_print_error(&error);
        } else {
            status = report(&serving, &result, places);
        }
    }
    serve_result_free(&result);
    free(serving.reproduce);
    buffer_free(&page);
    run_free(&run);
    return status;
}

static void set_not_one(const struct scenario_set *set, struct error *error)
{
    struct buffer names;
    buffer_init(&names, BUFFER_NO_LIMIT);
    for (size_t i = 0; i < set->count && i < SHOWN_COUNT; i++)
        buffer_printf(&names, "%s%s", i ? ", " : "", set->items[i]->name);
    if (set->count > SHOWN_COUNT)
        buffer_append_text(&names, ", …");
    error_set(error, "say which with --filter NAME",
              "`gapcheck serve` plays one scenario, not %zu: %s", set->count, buffer_text(&names));
    buffer_free(&names);
}

int command_serve(const struct options *options)
{
    struct places places;
    struct scenario_set set = {0};
    struct error error;
    places_find(&places);
    int status = library_select(options, &places, &set);
    if (status == RUN_EXIT_EXPECTED && set.count == 1) {
        status = serve_scenario(options, &places, set.items[0]);
    } else if (status == RUN_EXIT_EXPECTED) {
        set_not_one(&set, &error);
        command_print_error(&error);
        status = RUN_EXIT_USAGE;
    }
    scenario_set_free(&set);
    places_free(&places);
    return status;
}

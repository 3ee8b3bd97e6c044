#include "core/judge.h"

#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/places.h"
#include "cmd/play.h"
#include "cmd/style.h"
#include "core/memory.h"
#include "core/transcript_file.h"
#include "io/files.h"
#include "report/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct transcript *read_transcript(const char *path)
{
    struct buffer text;
    struct error error;
    struct transcript *transcript = NULL;
    buffer_init(&text, TRANSCRIPT_FILE_BYTES_MAX);
    bool is_read = files_read(path, &text, &error);
    if (is_read)
        transcript = transcript_read(buffer_text(&text), text.size_bytes, &error);
    if (!transcript) {
        struct buffer message;
        buffer_init(&message, BUFFER_NO_LIMIT);
        error_print(&error, is_read ? path : NULL, NULL, 0, &message);
        fputs(buffer_text(&message), stderr);
        buffer_free(&message);
    }
    buffer_free(&text);
    return transcript;
}

/* What a hand-made transcript may have left out. */
static const char *or_empty(const char *text)
{
    return text ? text : "";
}

static char *copy(const char *text)
{
    return memory_copy_text(or_empty(text), strlen(or_empty(text)));
}

/* The scenario that was played, from the text that the transcript carries. */
static const struct scenario *load_played(const struct transcript_header *header,
                                          struct scenario_set *set)
{
    struct error_list errors;
    struct buffer message;
    const struct scenario *played = NULL;
    error_list_init(&errors);
    buffer_init(&message, BUFFER_NO_LIMIT);
    const char *path = or_empty(header->scenario_path);
    size_t size_bytes = strlen(header->scenario_text);
    char *name = memory_copy_text(header->scenario_name, strcspn(header->scenario_name, "["));
    if (scenario_load(header->scenario_text, size_bytes, path, name, set, &errors)) {
        for (size_t i = 0; i < set->count; i++)
            if (strcmp(set->items[i]->name, header->scenario_name) == 0)
                played = set->items[i];
        if (!played)
            buffer_printf(&message, "error: its scenario does not make `%s`\n",
                          header->scenario_name);
    }
    for (size_t i = 0; !played && i < errors.count; i++)
        error_print(&errors.items[i], path, header->scenario_text, size_bytes, &message);
    fputs(buffer_text(&message), stderr);
    free(name);
    buffer_free(&message);
    error_list_free(&errors);
    return played;
}

/* A run of one scenario, so that it looks as it did in the run. */
static void fill_run(const struct transcript *transcript, const struct scenario *scenario,
                     const struct options *options, const char *program, struct run *run)
{
    const struct transcript_header *header = &transcript->header;
    struct run_origin origin = {
        .name = header->scenario_name,
        .path = or_empty(header->scenario_path),
        .client = or_empty(header->client_command),
        .seed = header->seed,
        .timeout_scale = header->timeout_scale,
        .program = program,
    };
    *run = (struct run){
        .client_name = copy(header->client_name),
        .client_version = copy(header->client_version),
        .client_command = copy(header->client_command),
        .capabilities = header->capabilities,
        .seed = header->seed,
        .started_ms = header->started_ms,
        .is_strict = options->is_strict,
        .scenarios = memory_alloc(1, sizeof *run->scenarios),
        .scenario_count = 1,
    };
    play_fill_scenario(&origin, scenario, true, judge_transcript(transcript, scenario),
                       &run->scenarios[0]);
    run->duration_ms = run->scenarios[0].judgement->duration_us / 1000;
    run->exit = run_exit_code(run);
}

static void print_run(const struct run *run, const struct options *options)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    struct report_style style = style_of(options, stdout);
    if (options->is_json) {
        report_json_scenario(&run->scenarios[0], "", &text);
        buffer_append_text(&text, "\n");
    } else {
        report_terminal(run, &style, &text);
    }
    fwrite(text.data, 1, text.size_bytes, stdout);
    buffer_free(&text);
}

static int judge_file(const char *path, const struct options *options)
{
    struct scenario_set set = {0};
    struct transcript *transcript = read_transcript(path);
    if (!transcript)
        return RUN_EXIT_USAGE;
    int status = RUN_EXIT_USAGE;
    const struct scenario *scenario = load_played(&transcript->header, &set);
    if (scenario) {
        struct run run;
        struct places places;
        places_find(&places);
        fill_run(transcript, scenario, options, places_program(&places), &run);
        print_run(&run, options);
        status = run.exit;
        run_free(&run);
        places_free(&places);
    }
    scenario_set_free(&set);
    transcript_free(transcript);
    return status;
}

int command_judge(const struct options *options)
{
    return judge_file(options->paths[0], options);
}

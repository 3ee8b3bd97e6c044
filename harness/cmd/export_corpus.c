#include "cmd/command.h"
#include "cmd/library.h"
#include "cmd/options.h"
#include "cmd/places.h"
#include "core/driver_line.h"
#include "core/event.h"
#include "core/transcript_file.h"
#include "io/files.h"
#include "report/run.h"
#include "sim/choices.h"
#include "sim/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Not for people: seeds for the fuzz targets, made from the tables and the scenario library. What
 * is worth keeping of them is chosen by merge (fuzz/README.md). */

#define INPUT_BYTES_MAX      65536 /* what a target takes */
#define TRANSCRIPT_BYTES_MAX 7000  /* longer ones show nothing that shorter ones do not */
#define BYTE_SEEDS_COUNT     400   /* of a target whose inputs are choices */
#define BYTE_SEED_BYTES      500

struct export
{
    const char *folder;
    size_t count;
    bool has_failed;
};

static void write_seed(struct export *export, const char *target, const char *name,
                       const char *data, size_t size_bytes)
{
    struct error error;
    char *folder = places_join(export->folder, target);
    char *file = memcpy(calloc(1, strlen(name) + 1), name, strlen(name));
    for (char *at = file; *at; at++)
        if (strchr("/[],*", *at))
            *at = '-';
    char *path = places_join(folder, file);
    bool is_good =
        size_bytes > INPUT_BYTES_MAX || export->has_failed ||
        (files_make_folder(folder, &error) && files_write(path, data, size_bytes, &error));
    if (!is_good) {
        export->has_failed = true;
        command_print_error(&error);
    }
    export->count += size_bytes <= INPUT_BYTES_MAX;
    free(path);
    free(file);
    free(folder);
}

/* ---- frames ---- */

static void export_event(struct export *export, const struct event_type *type, bool as_row)
{
    struct event event = {.marker = 7,
                          .id_marker = type->has_id ? 7 : 0,
                          .is_numbered = true,
                          .seq = 5,
                          .size_bytes = 40,
                          .type = type->name};
    char name[100];
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    event_print(&event, as_row, &text);
    snprintf(name, sizeof name, "%s%s", type->name, as_row ? "-row" : "");
    write_seed(export, "frame", name, text.data, text.size_bytes);
    buffer_free(&text);
}

static void export_frames(struct export *export)
{
    static const char *const frames[][2] = {
        {"subscribe", "{\"type\":\"subscribe\",\"channels\":[\"general\",\"dev\"]}"},
        {"unsubscribe", "{\"type\":\"unsubscribe\",\"channels\":[]}"},
        {"ping", " {\t\"type\" : \"ping\" }\r\n"},
        {"pong", "{\"type\":\"pong\"}"},
        {"resync",
         "{\"type\":\"resync\",\"last_seen_seq\":5,\"since\":\"2026-06-01T10:00:00.412Z\"}"},
        {"resync-ack", "{\"type\":\"resync_ack\",\"last_seen_seq\":5,\"current_seq\":707,"
                       "\"replayed\":500,\"gap_detected\":true}"},
        {"escapes", "{\"\\u0074ype\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\uDE00\xC3\xA9"
                    "\xE2\x82\xAC\xF0\x9F\x98\x80\",\"id\":\"a\"}"},
        {"numbers", "{\"type\":\"x\",\"agent_seq\":-12.5e-1,\"last_seen_seq\":12345678901234567890,"
                    "\"current_seq\":0.1E+5,\"replayed\":1e999}"},
        {"kinds", "{\"type\":null,\"id\":[1,[],{\"a\":{}}],\"agent_seq\":false,\"since\":true}"},
        {"array", "[1,\"a\",{\"b\":null}]"},
    };
    const struct event_type *type;
    for (size_t i = 0; (type = event_type_at(i)) != NULL; i++) {
        export_event(export, type, false);
        export_event(export, type, true);
    }
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++)
        write_seed(export, "frame", frames[i][0], frames[i][1], strlen(frames[i][1]));
}

/* ---- lines ---- */

/* One of each kind, with the fields of all: what does not belong is ignored. */
static void export_lines(struct export *export)
{
    for (int event = 0; event < DRIVER_EVENT_COUNT; event++) {
        const char *name = driver_event_name((enum driver_event)event);
        struct buffer text;
        buffer_init(&text, BUFFER_NO_LIMIT);
        buffer_printf(
            &text,
            "{\"ev\":\"%s\",\"client\":\"c1\",\"message\":\"m\",\"attempt\":1,"
            "\"replayed\":2,\"gap_detected\":true,\"handler\":2,\"type\":\"dm.received\","
            "\"data\":{\"text\":\"gc-7\",\"list\":[1,null]},\"protocol\":1,\"name\":\"n\","
            "\"version\":\"1.0\",\"capabilities\":[\"multi\",\"throw\",\"new\"]}",
            name);
        write_seed(export, "driver_line", name, text.data, text.size_bytes);
        buffer_free(&text);
    }
}

/* ---- choices ---- */

static void export_bytes(struct export *export, const char *target)
{
    for (unsigned seed = 1; seed <= BYTE_SEEDS_COUNT; seed++) {
        struct choices choices;
        char bytes[BYTE_SEED_BYTES], name[32];
        choices_init_seed(&choices, seed);
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = (char)choices_below(&choices, 256);
        snprintf(name, sizeof name, "seed-%u", seed);
        /* Short ones too: what is cheap to play is played more often. */
        write_seed(export, target, name, bytes, sizeof bytes / (1 + seed % 4));
    }
}

/* ---- scenarios and their transcripts ---- */

static void export_transcript(struct export *export, const struct scenario *scenario,
                              const struct client_policy_info *policy)
{
    struct transcript *transcript = sim_play(scenario, &policy->policy, 1);
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    for (size_t index = 0; text.size_bytes <= TRANSCRIPT_BYTES_MAX; index++)
        if (!transcript_write_line(transcript, index, &text))
            break;
    char name[300];
    snprintf(name, sizeof name, "%s-%s", scenario->name, policy->name);
    if (text.size_bytes <= TRANSCRIPT_BYTES_MAX)
        write_seed(export, "transcript", name, text.data, text.size_bytes);
    buffer_free(&text);
    transcript_free(transcript);
}

static bool is_large(const struct scenario *scenario)
{
    int64_t count = 0;
    for (size_t i = 0; i < scenario->step_count; i++)
        if (scenario->steps[i].verb == VERB_PUBLISH)
            count += scenario->steps[i].publish.count;
    return count > 300;
}

static void export_scenarios(struct export *export, const struct scenario_set *set)
{
    const char *previous = "";
    for (size_t i = 0; i < set->count; i++) {
        const struct scenario *scenario = set->items[i];
        if (strcmp(scenario->path, previous) != 0)
            write_seed(export, "scenario", scenario->name, scenario->text, scenario->text_bytes);
        previous = scenario->path;
        if (is_large(scenario) || scenario->dialect == DIALECT_NODE)
            continue;
        /* The reference, and every mutant in its turn: that is what a judge sees. */
        size_t mutant = 1 + i % (client_policy_count() - 1);
        export_transcript(export, scenario, client_policy_at(0));
        export_transcript(export, scenario, client_policy_at(mutant));
    }
}

static int export_all(const struct options *options, const char *folder)
{
    struct places places;
    struct scenario_set set;
    struct export export = {.folder = folder};
    places_find(&places);
    int status = library_select(options, &places, &set);
    if (status == RUN_EXIT_EXPECTED) {
        export_frames(&export);
        export_lines(&export);
        export_bytes(&export, "dedupe");
        export_bytes(&export, "ring");
        export_bytes(&export, "session");
        export_bytes(&export, "hostile_client");
        export_scenarios(&export, &set);
        printf("%zu seeds in %s\n", export.count, folder);
    }
    scenario_set_free(&set);
    places_free(&places);
    return export.has_failed ? RUN_EXIT_INCONCLUSIVE : status;
}

int command_export_corpus(const struct options *options)
{
    struct options all = *options;
    all.path_count = 0; /* what is left selects scenarios: all of them */
    return export_all(&all, options->paths[0]);
}

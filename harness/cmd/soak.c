/* The same scenarios against the same client for hours, each round with another seed: what changes
 * its verdict is told and kept, and so is what gapcheck itself lets grow. */
#include "cmd/client.h"
#include "cmd/command.h"
#include "cmd/library.h"
#include "cmd/options.h"
#include "cmd/places.h"
#include "cmd/play.h"
#include "cmd/report_folder.h"
#include "cmd/run_reports.h"
#include "core/memory.h"
#include "io/clock.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TIME_DEFAULT_MS INT64_C(3600000)

/* Memory that stays taken after the first two rounds may vary by so much. */
#define MEMORY_FACTOR    1.25
#define MEMORY_ROOM_KIB  (16 << 10)
#define WARM_ROUND_COUNT 2

struct use {
    long memory_kib;
    size_t descriptor_count;
};

struct soak {
    const struct options *options; /* borrowed, as is all here */
    const struct client_choice *client;
    const struct scenario_set *set;
    struct report_folder *folder;
    struct run run; /* of all rounds: the worst of each scenario */
    size_t round_count;
    struct use warm, last;
};

/* ---- what gapcheck itself uses ---- */

static long memory_kib(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file && fscanf(file, "%*s %ld", &pages) != 1)
        pages = 0;
    if (file)
        fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static size_t descriptor_count(void)
{
    size_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    while (folder && readdir(folder))
        count++;
    if (folder)
        closedir(folder);
    return count > 3 ? count - 3 : 0; /* `.`, `..` and the folder itself */
}

static bool has_grown(const struct soak *soak)
{
    return soak->round_count > WARM_ROUND_COUNT &&
           ((double)soak->last.memory_kib >
                (double)soak->warm.memory_kib * MEMORY_FACTOR + MEMORY_ROOM_KIB ||
            soak->last.descriptor_count > soak->warm.descriptor_count);
}

/* ---- one round into the whole ---- */

static struct run_scenario *find_scenario(struct run *run, const char *name)
{
    for (size_t i = 0; i < run->scenario_count; i++)
        if (strcmp(run->scenarios[i].name, name) == 0)
            return &run->scenarios[i];
    return NULL;
}

static void remove_transcript(const struct report_folder *folder,
                              const struct run_scenario *scenario)
{
    if (!folder->path || !scenario->transcript)
        return;
    char *path = places_join(folder->path, scenario->transcript);
    unlink(path);
    free(path);
}

/* Where it lies below the folder of the whole. */
static void move_transcript(struct run_scenario *scenario, size_t round)
{
    if (!scenario->transcript)
        return;
    struct buffer path;
    buffer_init(&path, BUFFER_NO_LIMIT);
    buffer_printf(&path, "round-%zu/%s", round, scenario->transcript);
    free(scenario->transcript);
    scenario->transcript = buffer_take_text(&path);
}

static void tell_change(const struct run_scenario *kept, const struct run_scenario *played,
                        size_t round)
{
    printf("  %s: %s in round %zu, %s before\n", played->name,
           verdict_name(played->judgement->verdict), round, verdict_name(kept->judgement->verdict));
}

/* The worse of both stays, with the counts of both. */
static void merge(struct run_scenario *kept, struct run_scenario *played)
{
    if (played->judgement->verdict < kept->judgement->verdict) {
        struct run_scenario better = *kept;
        *kept = *played;
        *played = better;
    }
    for (size_t i = 0; i < VERDICT_COUNT; i++)
        kept->play_counts[i] += played->play_counts[i];
}

/* Returns how many scenarios had another verdict than ever before. */
static size_t take_round(struct soak *soak, struct run *round, const struct report_folder *folder)
{
    size_t changed_count = 0;
    for (size_t i = 0; i < round->scenario_count; i++) {
        struct run_scenario *played = &round->scenarios[i];
        struct run_scenario *kept = find_scenario(&soak->run, played->name);
        bool is_new = !kept || kept->play_counts[played->judgement->verdict] == 0;
        if (!kept)
            continue; /* the first round was interrupted, and was the last */
        if (is_new) {
            changed_count++;
            tell_change(kept, played, soak->round_count);
            move_transcript(played, soak->round_count);
        } else {
            remove_transcript(folder, played);
        }
        merge(kept, played);
    }
    soak->run.is_interrupted |= round->is_interrupted;
    soak->run.is_inconclusive |= round->is_inconclusive;
    soak->run.duration_ms += round->duration_ms;
    return changed_count;
}

/* Takes away what nothing was kept in: rmdir leaves a folder that is not empty. */
static void remove_round(const char *path, bool is_worthless)
{
    char *log = places_join(path, "client.log"), *transcripts = places_join(path, "transcripts");
    if (is_worthless) {
        DIR *folder = opendir(transcripts);
        const struct dirent *entry;
        while (folder && (entry = readdir(folder)) != NULL) {
            char *inner = places_join(transcripts, entry->d_name);
            if (entry->d_name[0] != '.')
                rmdir(inner);
            free(inner);
        }
        if (folder)
            closedir(folder);
        unlink(log);
        rmdir(transcripts);
        rmdir(path);
    }
    free(log);
    free(transcripts);
}

/* ---- rounds ---- */

static void tell_round(const struct soak *soak, const struct run *round,
                       const struct run_summary *summary, size_t changed_count)
{
    printf("round %zu: seed %" PRIu64 ", %.1f s", soak->round_count, round->seed,
           (double)round->duration_ms / 1000);
    for (size_t i = 0; i < VERDICT_COUNT; i++)
        if (summary->verdict_counts[i])
            printf(", %zu %s", summary->verdict_counts[i], verdict_name((enum verdict)i));
    printf("; %zu changed; %.1f MiB, %zu descriptors\n", changed_count,
           (double)soak->last.memory_kib / 1024, soak->last.descriptor_count);
    fflush(stdout);
}

static void measure(struct soak *soak)
{
    soak->last = (struct use){memory_kib(), descriptor_count()};
    if (soak->round_count <= WARM_ROUND_COUNT)
        soak->warm = soak->last;
}

static const struct play_baselines no_baseline; /* a soak looks for what changes, known or not */

/* The first round fills the whole, and its folder. */
static void play_first(struct soak *soak, const struct options *options)
{
    play_scenarios(options, soak->client, soak->set, &no_baseline, soak->folder, &soak->run);
    measure(soak);
    struct run_summary summary = run_summarize(&soak->run);
    tell_round(soak, &soak->run, &summary, 0);
}

static void play_another(struct soak *soak, const struct options *options)
{
    struct report_folder folder;
    struct run round;
    struct buffer path;
    buffer_init(&path, BUFFER_NO_LIMIT);
    buffer_printf(&path, "%s/round-%zu", soak->folder->path ? soak->folder->path : ".",
                  soak->round_count);
    report_folder_open(&folder, buffer_text(&path), NULL, soak->client->label, clock_wall_ms());
    play_scenarios(options, soak->client, soak->set, &no_baseline, &folder, &round);
    struct run_summary summary = run_summarize(&round); /* before the worse ones change places */
    size_t changed_count = take_round(soak, &round, &folder);
    soak->folder->is_broken |= folder.is_broken;
    report_folder_close(&folder);
    measure(soak);
    tell_round(soak, &round, &summary, changed_count);
    remove_round(buffer_text(&path), changed_count == 0);
    run_free(&round);
    buffer_free(&path);
}

static void play_rounds(struct soak *soak)
{
    int64_t time_ms = soak->options->time_ms ? soak->options->time_ms : TIME_DEFAULT_MS;
    int64_t end_us = clock_monotonic_us() + time_ms * 1000;
    size_t round_count = soak->options->round_count;
    do {
        struct options options = *soak->options;
        options.seed += soak->round_count++;
        if (soak->round_count == 1)
            play_first(soak, &options);
        else
            play_another(soak, &options);
    } while (!soak->run.is_interrupted && !soak->run.is_inconclusive &&
             (round_count ? soak->round_count < round_count : clock_monotonic_us() < end_us));
}

static int soak_and_report(const struct options *options, const struct places *places,
                           const struct client_choice *client, const struct scenario_set *set)
{
    struct report_folder folder;
    char *parent = places->root ? places_join(places->root, "reports/out")
                                : memory_copy_text("reports/out", strlen("reports/out"));
    report_folder_open(&folder, options->out, parent, client->label, clock_wall_ms());
    struct soak soak = {.options = options, .client = client, .set = set, .folder = &folder};
    play_rounds(&soak);
    if (has_grown(&soak)) {
        struct error error;
        error_set(&error, "that is a fault of gapcheck: please report it",
                  "it holds %ld KiB and %zu descriptors; after round %d it held %ld KiB and %zu",
                  soak.last.memory_kib, soak.last.descriptor_count, WARM_ROUND_COUNT,
                  soak.warm.memory_kib, soak.warm.descriptor_count);
        command_print_error(&error);
        soak.run.is_inconclusive = true;
    }
    run_reports_write(&soak.run, &folder);
    int status = run_reports_print(&soak.run, options, &folder);
    report_folder_close(&folder);
    run_free(&soak.run);
    free(parent);
    return status;
}

int command_soak(const struct options *options)
{
    struct places places;
    struct scenario_set set = {0};
    struct client_choice client = {0};
    places_find(&places);
    int status = library_select(options, &places, &set);
    if (status != RUN_EXIT_USAGE)
        status = (int)run_exit_worst((enum run_exit)status,
                                     client_open(&places, options->client, &client));
    if (status == RUN_EXIT_EXPECTED)
        status = soak_and_report(options, &places, &client, &set);
    client_choice_free(&client);
    scenario_set_free(&set);
    places_free(&places);
    return status;
}

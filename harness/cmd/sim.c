#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/sim_report.h"
#include "core/text.h"
#include "core/transcript_file.h"
#include "io/files.h"
#include "report/run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ALL_POLICIES   "all"
#define RUNS_REFERENCE 10000  /* unless --runs or --time says otherwise */
#define RUNS_HUNT      200000 /* a mutant that hides longer is not found */

static bool is_reference(const struct client_policy_info *client)
{
    return client->rule[0] == '\0';
}

/* ---- which clients ---- */

static bool check_name(const char *name)
{
    struct client_policy policy;
    struct error error;
    if (strcmp(name, ALL_POLICIES) == 0 || client_policy_find(name, &policy))
        return true;
    char hint[sizeof error.hint];
    int nearest = text_nearest(span_of(name), client_policy_names(), client_policy_count());
    snprintf(hint, sizeof hint, "did you mean `%s`?",
             nearest >= 0 ? client_policy_names()[nearest] : "");
    error_set(&error,
              nearest >= 0 ? hint : "`gapcheck sim --policy all` plays and names every mutant",
              "there is no policy `%s`", name);
    command_print_error(&error);
    return false;
}

/* `all` means every mutant; the reference is meant where nothing is named. */
static bool is_chosen(const struct option_texts *names, const struct client_policy_info *client)
{
    if (names->count == 0)
        return is_reference(client);
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->items[i], client->name) == 0 ||
            (strcmp(names->items[i], ALL_POLICIES) == 0 && !is_reference(client)))
            return true;
    return false;
}

/* ---- one client ---- */

static void show_progress(void *user, uint64_t done_count)
{
    const struct sim_order *order = user;
    fprintf(stderr, "\r\033[K%s: %" PRIu64 " sessions", order->client->name, done_count);
    fflush(stderr);
}

static struct sim_order make_order(const struct options *options,
                                   const struct client_policy_info *client)
{
    bool is_hunt = !is_reference(client);
    uint64_t run_count = is_hunt ? RUNS_HUNT : RUNS_REFERENCE;
    if (options->run_count)
        run_count = options->run_count;
    else if (options->time_ms)
        run_count = UINT64_MAX;
    return (struct sim_order){
        .client = client,
        .length = GENERATOR_MIXED,
        .first_seed = options->seed,
        .run_count = run_count,
        .time_ms = options->time_ms ? options->time_ms : INT64_MAX,
        .job_count = options->job_count ? options->job_count : 1,
        .is_hunt = is_hunt,
    };
}

static enum run_exit status_of(const struct sim_order *order, const struct sim_result *result)
{
    if (result->is_interrupted || result->tally.unbalanced.count ||
        result->tally.inconclusive.count || result->tally.session_count == 0)
        return RUN_EXIT_INCONCLUSIVE;
    bool is_bad = order->is_hunt ? !result->is_found
                                 : campaign_broken_count(&result->tally, CAMPAIGN_MUST) > 0;
    return is_bad ? RUN_EXIT_BROKEN : RUN_EXIT_EXPECTED;
}

/* ---- what is kept ---- */

static bool keep_text(const char *folder, uint64_t seed, const char *suffix,
                      const struct buffer *text)
{
    struct buffer path;
    struct error error;
    buffer_init(&path, BUFFER_NO_LIMIT);
    buffer_printf(&path, "%s/generated-%" PRIu64 "%s", folder, seed, suffix);
    bool is_kept = files_write(buffer_text(&path), text->data, text->size_bytes, &error);
    if (!is_kept)
        command_print_error(&error);
    buffer_free(&path);
    return is_kept;
}

/* Plays the session once more and writes its scenario and its transcript. */
static bool keep_session(const struct sim_order *order, const char *folder, uint64_t seed)
{
    struct campaign_session session;
    struct buffer transcript;
    campaign_play(&order->client->policy, order->length, seed, &session);
    buffer_init(&transcript, BUFFER_NO_LIMIT);
    for (size_t i = 0; transcript_write_line(session.transcript, i, &transcript); i++)
        ;
    bool is_kept = keep_text(folder, seed, ".jsonc", &session.text) &&
                   keep_text(folder, seed, ".ndjson", &transcript);
    buffer_free(&transcript);
    campaign_session_free(&session);
    return is_kept;
}

static bool keep_told(const struct sim_order *order, const struct sim_result *result,
                      const char *folder)
{
    struct error error;
    if (!files_make_folder(folder, &error)) {
        command_print_error(&error);
        return false;
    }
    if (order->is_hunt && result->is_found)
        return keep_session(order, folder, result->found_seed);
    if (order->run_count == 1)
        return keep_session(order, folder, order->first_seed);
    bool is_kept = true;
    for (int rule = 0; rule < RULE_COUNT; rule++)
        for (int level = 0; level < CAMPAIGN_LEVEL_COUNT; level++)
            if (result->tally.broken[rule][level].count)
                is_kept &= keep_session(order, folder, result->tally.broken[rule][level].seed);
    if (result->tally.unbalanced.count)
        is_kept &= keep_session(order, folder, result->tally.unbalanced.seed);
    if (result->tally.inconclusive.count)
        is_kept &= keep_session(order, folder, result->tally.inconclusive.seed);
    return is_kept;
}

/* ---- all of them ---- */

static void append_result(const struct sim_order *order, const struct sim_result *result,
                          bool is_table, struct buffer *out)
{
    if (!order->is_hunt) {
        sim_report_campaign(order, result, out);
    } else if (is_table) {
        sim_report_table_line(order, result, out);
    } else if (!result->is_found) {
        sim_report_hunt(order, result, NULL, out);
    } else {
        struct campaign_session session;
        campaign_play(&order->client->policy, order->length, result->found_seed, &session);
        sim_report_hunt(order, result, session.judgement, out);
        campaign_session_free(&session);
    }
}

static void print(struct buffer *text)
{
    fputs(buffer_text(text), stdout);
    fflush(stdout);
    buffer_clear(text);
}

struct sim {
    const struct options *options;
    struct buffer text;
    cJSON *json; /* array; NULL: text is wanted */
    size_t chosen_count;
    size_t hunted_count, found_count; /* mutants */
    bool is_interrupted;
    enum run_exit status;
};

static void simulate(struct sim *sim, const struct client_policy_info *client)
{
    const struct options *options = sim->options;
    struct sim_order order = make_order(options, client);
    struct sim_result result;
    bool is_shown = !options->is_quiet && isatty(STDERR_FILENO) == 1;
    order.on_progress = is_shown ? show_progress : NULL;
    order.user = &order;
    sim_run(&order, &result);
    if (is_shown)
        fputs("\r\033[K", stderr);
    sim->status = run_exit_worst(sim->status, status_of(&order, &result));
    sim->is_interrupted = result.is_interrupted;
    sim->hunted_count += order.is_hunt;
    sim->found_count += result.is_found;
    if (sim->json)
        cJSON_AddItemToArray(sim->json, sim_report_json(&order, &result));
    else
        append_result(&order, &result, sim->chosen_count > 1, &sim->text);
    print(&sim->text);
    if (options->out && !keep_told(&order, &result, options->out))
        sim->status = RUN_EXIT_INCONCLUSIVE;
    campaign_tally_free(&result.tally);
}

static void print_json(struct sim *sim)
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddNumberToObject(root, "format", 1);
    cJSON_AddItemToObject(root, "campaigns", sim->json);
    cJSON_AddNumberToObject(root, "exit", sim->status);
    char *text = cJSON_Print(root);
    puts(text);
    cJSON_free(text);
    cJSON_Delete(root);
}

int command_sim(const struct options *options)
{
    for (size_t i = 0; i < options->policies.count; i++)
        if (!check_name(options->policies.items[i]))
            return RUN_EXIT_USAGE;
    struct sim sim = {.options = options, .status = RUN_EXIT_EXPECTED};
    const struct client_policy_info *client;
    for (size_t i = 0; (client = client_policy_at(i)) != NULL; i++)
        sim.chosen_count += is_chosen(&options->policies, client);
    buffer_init(&sim.text, BUFFER_NO_LIMIT);
    sim.json = options->is_json ? cJSON_CreateArray() : NULL;
    if (sim.chosen_count > 1 && !sim.json)
        sim_report_table_head(&sim.text);
    for (size_t i = 0; (client = client_policy_at(i)) != NULL && !sim.is_interrupted; i++)
        if (is_chosen(&options->policies, client))
            simulate(&sim, client);
    if (sim.json)
        print_json(&sim);
    else if (sim.chosen_count > 1)
        printf("%zu of %zu found\n", sim.found_count, sim.hunted_count);
    buffer_free(&sim.text);
    return fflush(stdout) == 0 ? (int)sim.status : RUN_EXIT_INCONCLUSIVE;
}

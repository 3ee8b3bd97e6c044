/* A whole scripted session of the simulated world out of the input's bytes: publishes, drops,
 * restarts, clock moves, cut replays, live events before them. The reference client keeps every
 * rule, so no MUST may be found broken, and the judge's books must balance. */
#include "support/target.h"

#include "core/judge.h"
#include "core/transcript_file.h"
#include "sim/generator.h"
#include "sim/world.h"

#include <stdlib.h>
#include <string.h>

static void check_verdict(const struct judgement *judgement, struct buffer *text)
{
    const struct finding *finding = judgement->finding_count ? judgement->findings : NULL;
    TARGET_CHECK(judgement->verdict == VERDICT_PASS || judgement->verdict == VERDICT_WARN,
                 "%s %s %s: %s\n%s", verdict_name(judgement->verdict),
                 judgement->reason ? judgement->reason : "",
                 finding ? rule_info(finding->rule)->id : "", finding ? finding->message : "",
                 buffer_text(text));
    target_check_books(judgement);
}

static void print_transcript(const struct transcript *transcript, struct buffer *out)
{
    for (size_t index = 0; transcript_write_line(transcript, index, out); index++)
        continue;
}

/* A scenario played twice is the same to the byte. */
static void check_again(const struct scenario *scenario, const struct client_policy *policy,
                        const struct transcript *transcript)
{
    struct buffer first, second;
    buffer_init(&first, BUFFER_NO_LIMIT);
    buffer_init(&second, BUFFER_NO_LIMIT);
    struct transcript *again = sim_play(scenario, policy, 1);
    print_transcript(transcript, &first);
    print_transcript(again, &second);
    TARGET_CHECK(first.size_bytes == second.size_bytes &&
                     memcmp(first.data, second.data, first.size_bytes) == 0,
                 "%zu and %zu bytes of transcript", first.size_bytes, second.size_bytes);
    transcript_free(again);
    buffer_free(&first);
    buffer_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    static const struct client_policy reference;
    struct generator_config config = {
        .length = GENERATOR_SHORT, .capabilities = sim_capabilities(), .seed = 1};
    struct choices choices;
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    choices_init_bytes(&choices, data, size_bytes);
    struct scenario *scenario = generator_load(&choices, &config, &text);
    struct transcript *transcript = sim_play(scenario, &reference, 1);
    struct judgement *judgement = judge_transcript(transcript, scenario);
    check_verdict(judgement, &text);
    if (size_bytes % 8 == 0) /* it doubles the work */
        check_again(scenario, &reference, transcript);
    judgement_free(judgement);
    transcript_free(transcript);
    scenario_free(scenario);
    buffer_free(&text);
    return 0;
}

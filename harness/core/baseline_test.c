#include "core/baseline.h"

#include "core/memory.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "{ \"format\": 1, \"client\": \"sdk\", \"version\": \"1.0\", \"entries\": [ "
#define TAIL " ] }"
#define ENTRY(scenario, rule)                                                                      \
    "{ \"scenario\": \"" scenario "\", \"rule\": \"" rule                                          \
    "\", \"reason\": \"Why.\", \"issue\": \"https://example.org/1\" }"
#define UNTIL(scenario, rule, until)                                                               \
    "{ \"scenario\": \"" scenario "\", \"rule\": \"" rule                                          \
    "\", \"reason\": \"Why.\", \"issue\": \"\", \"until\": \"" until "\" }"
#define TODAY "2026-11-23"

static const char *const names[] = {"gap/one[1]", "gap/one[2]", "gap/two", "reset/one"};
#define NAME_COUNT (sizeof names / sizeof names[0])

/* ---- what a run came to ---- */

static struct judgement judgement_of(enum verdict verdict)
{
    return (struct judgement){.verdict = verdict};
}

static void add_finding(struct judgement *judgement, enum rule rule)
{
    judgement->findings =
        memory_grow(judgement->findings, &judgement->finding_capacity_count,
                    judgement->finding_count + 1, sizeof *judgement->findings);
    judgement->findings[judgement->finding_count++] = (struct finding){
        .rule = rule, .level = RULE_LEVEL_MUST, .message = (char *)"3 of 5 events lost"};
}

static struct judgement failed_by(enum rule rule)
{
    struct judgement judgement = judgement_of(VERDICT_FAIL);
    add_finding(&judgement, rule);
    return judgement;
}

/* ---- loading ---- */

static bool load(const char *text, struct baseline *baseline, struct error_list *errors)
{
    error_list_init(errors);
    return baseline_load(text, strlen(text), baseline, errors);
}

static struct baseline load_good(const char *text)
{
    struct baseline baseline;
    struct error_list errors;
    cr_assert(load(text, &baseline, &errors), "%s", errors.items[0].message);
    error_list_free(&errors);
    return baseline;
}

Test(baseline, a_file_is_read_with_its_places)
{
    struct baseline baseline = load_good("// why\n" HEAD "\n  " UNTIL("gap/*", "C-5", "2027-01-31")
                                         ",\n" ENTRY("x", "step") TAIL);
    cr_assert_eq(baseline.count, 2);
    cr_expect_str_eq(baseline.client, "sdk");
    cr_expect_str_eq(baseline.version, "1.0");
    cr_expect_str_eq(baseline.entries[0].scenario, "gap/*");
    cr_expect_eq(baseline.entries[0].rule, RULE_C5);
    cr_expect_str_eq(baseline.entries[0].until, "2027-01-31");
    cr_expect_str_eq(baseline.entries[0].issue, "");
    cr_expect_eq(baseline.entries[0].line, 3);
    cr_expect_eq(baseline.entries[0].column, 3);
    cr_expect_eq(baseline.entries[1].rule, RULE_STEP);
    cr_expect_str_eq(baseline.entries[1].reason, "Why.");
    cr_expect_str_eq(baseline.entries[1].until, "");
    baseline_free(&baseline);
}

/* What stands at a place, to the end of the text. */
static const char *text_at(const char *text, size_t line, size_t column)
{
    for (; line > 1; line--)
        text = strchr(text, '\n') + 1;
    return text + column - 1;
}

Test(baseline, every_mistake_is_told_with_its_place)
{
    static const struct {
        const char *text;
        const char *at; /* what stands there */
        const char *message, *hint;
    } rows[] = {
        {"", "", "the file is empty", ""},
        {"[]", "[]", "a baseline must be an object", ""},
        {"{\n\"format\": 2, \"client\": \"a\", \"version\": \"1\", \"entries\": [] }", "2, ",
         "`format` must be 1, the only one that this gapcheck reads, found 2", ""},
        {"{ \"format\": 1, \"version\": \"1\", \"entries\": [] }", "{ ",
         "`client` is missing", ""},
        {"{ \"format\": 1, \"client\": \"\", \"version\": \"1\", \"entries\": [] }", "\"\", ",
         "`client` must be a text that is not empty, found the text \"\"", ""},
        {"{ \"format\": 1, \"client\": \"a\", \"version\": \"1\", \"entry\": [], "
         "\"entries\": [] }",
         "\"entry\": ",
         "unknown key `entry`; allowed are `format`, `client`, `version` and `entries`", ""},
        {"{ \"format\": 1, \"client\": \"a\", \"version\": \"1\", \"entries\": {} }", "{} ",
         "`entries` must be an array, found an object", ""},
        {HEAD "7" TAIL, "7", "`entries` must be an array of objects, found 7", ""},
        {HEAD "{ \"scenario\": \"x\", \"rule\": \"C-5\", \"reson\": \"a\", \"reason\": \"a\", "
              "\"issue\": \"\" }" TAIL,
         "\"reson\": ",
         "unknown key `reson`; allowed are `scenario`, `rule`, `reason`, `issue` and `until`",
         "did you mean `reason`?"},
        {HEAD "{ \"scenario\": \"x\", \"rule\": \"C-5\", \"issue\": \"\" }" TAIL,
         "{ \"scenario\"", "`reason` is missing", ""},
        {HEAD ENTRY("x", "C5") TAIL, "\"C5\"",
         "`C5` is no rule that a client can break: C-1 to C-28, or step", "did you mean `C-5`?"},
        {HEAD ENTRY("x", "S-3") TAIL, "\"S-3\"",
         "`S-3` is no rule that a client can break: C-1 to C-28, or step", NULL},
        {HEAD UNTIL("x", "C-5", "2026-02-30") TAIL, "\"2026-",
         "`until` must be a date, as in \"2027-01-31\", found the text \"2026-02-30\"", ""},
        {HEAD UNTIL("x", "C-5", "soon") TAIL, "\"soon",
         "`until` must be a date, as in \"2027-01-31\", found the text \"soon\"", ""},
        {HEAD "{ \"scenario\": \"x\", \"rule\": \"C-5\", \"reason\": \"a\", "
              "\"issue\": \"#12\" }" TAIL,
         "\"#12", "`issue` must be a URL, or empty, found the text \"#12\"", ""},
        {HEAD ENTRY("x", "C-5") ",\n" ENTRY("x", "C-5") TAIL, "{ \"scenario\": \"x\"",
         "line 1 lists the same scenario and rule", "keep one of them"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct baseline baseline;
        struct error_list errors;
        cr_assert_not(load(rows[i].text, &baseline, &errors), "%s", rows[i].text);
        cr_assert_eq(errors.count, 1, "%s: %zu errors", rows[i].text, errors.count);
        const struct error *error = &errors.items[0];
        const char *found = text_at(rows[i].text, error->line, error->column);
        cr_expect_str_eq(error->message, rows[i].message);
        cr_expect_eq(strncmp(found, rows[i].at, strlen(rows[i].at)), 0, "%s: at %zu:%zu",
                     rows[i].text, error->line, error->column);
        if (rows[i].hint)
            cr_expect_str_eq(error->hint, rows[i].hint);
        error_list_free(&errors);
    }
}

Test(baseline, all_mistakes_of_a_file_are_told_at_once)
{
    struct baseline baseline;
    struct error_list errors;
    static const char text[] = "{ \"format\": 3, \"client\": 1, \"entries\": [ { \"rule\": 5 } ] }";
    cr_assert_not(load(text, &baseline, &errors));
    cr_expect_eq(errors.count, 7); /* format, client, version; scenario, rule, reason, issue */
    error_list_free(&errors);
}

Test(baseline, every_beginning_of_a_file_is_an_error_and_no_crash)
{
    static const char text[] = HEAD UNTIL("gap/*", "C-5", "2027-01-31") "," ENTRY("x", "C-1") TAIL;
    for (size_t size_bytes = 0; size_bytes + 1 < sizeof text; size_bytes++) {
        struct baseline baseline;
        struct error_list errors;
        error_list_init(&errors);
        char *part = memory_copy_text(text, size_bytes);
        cr_expect_not(baseline_load(part, size_bytes, &baseline, &errors), "%zu", size_bytes);
        cr_expect_gt(errors.count, 0);
        error_list_free(&errors);
        free(part);
    }
}

/* ---- matching ---- */

Test(baseline, an_entry_counts_until_the_end_of_its_last_day)
{
    static const struct {
        const char *text;
        bool is_known;
    } rows[] = {
        {HEAD ENTRY("gap/two", "C-5") TAIL, true},
        {HEAD UNTIL("gap/two", "C-5", TODAY) TAIL, true},
        {HEAD UNTIL("gap/two", "C-5", "2026-11-22") TAIL, false},
        {HEAD UNTIL("gap/two", "C-5", "2027-01-01") TAIL, true},
        {HEAD ENTRY("gap/*", "C-5") TAIL, true},
        {HEAD ENTRY("gap/t?o", "C-5") TAIL, true},
        {HEAD ENTRY("gap/one*", "C-5") TAIL, false},
        {HEAD ENTRY("gap/two", "C-4") TAIL, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct baseline baseline = load_good(rows[i].text);
        struct error_list errors;
        error_list_init(&errors);
        cr_assert(baseline_match(&baseline, names, NAME_COUNT, TODAY, &errors));
        cr_expect_eq(baseline_find(&baseline, "gap/two", RULE_C5) != NULL, rows[i].is_known, "%s",
                     rows[i].text);
        error_list_free(&errors);
        baseline_free(&baseline);
    }
}

Test(baseline, brackets_of_a_name_are_themselves)
{
    struct baseline baseline = load_good(HEAD ENTRY("gap/one[1]", "C-5") TAIL);
    cr_expect_not_null(baseline_find(&baseline, "gap/one[1]", RULE_C5));
    cr_expect_null(baseline_find(&baseline, "gap/one1", RULE_C5));
    baseline_free(&baseline);
}

Test(baseline, the_exact_name_wins_over_a_glob)
{
    struct baseline baseline =
        load_good(HEAD ENTRY("gap/*", "C-5") ", " ENTRY("gap/two", "C-5") TAIL);
    cr_expect_eq(baseline_find(&baseline, "gap/two", RULE_C5), &baseline.entries[1]);
    cr_expect_eq(baseline_find(&baseline, "gap/one[1]", RULE_C5), &baseline.entries[0]);
    baseline_free(&baseline);
}

Test(baseline, an_entry_may_stand_for_20_scenarios_and_no_more)
{
    char room[BASELINE_MATCHES_MAX + 1][8];
    const char *many[BASELINE_MATCHES_MAX + 1];
    for (size_t i = 0; i < BASELINE_MATCHES_MAX + 1; i++) {
        snprintf(room[i], sizeof room[i], "a/%zu", i);
        many[i] = room[i];
    }
    struct baseline baseline = load_good(HEAD ENTRY("a/*", "C-5") TAIL);
    struct error_list errors;
    error_list_init(&errors);
    cr_expect(baseline_match(&baseline, many, BASELINE_MATCHES_MAX, TODAY, &errors));
    cr_expect_not(baseline_match(&baseline, many, BASELINE_MATCHES_MAX + 1, TODAY, &errors));
    cr_assert_eq(errors.count, 1);
    cr_expect_str_eq(errors.items[0].message,
                     "`a/*` stands for 21 scenarios; at most 20 are allowed");
    cr_expect_eq(errors.items[0].line, 1);
    error_list_free(&errors);
    baseline_free(&baseline);
}

/* ---- what is no longer so ---- */

struct play {
    const char *scenario;
    enum verdict verdict;
    enum rule broken; /* RULE_COUNT: none */
    bool was_busy;
};

/* The sentence about the first entry, or "" where there is nothing to say. */
static char *sentence_after(const char *text, const struct play *plays, size_t count)
{
    struct baseline baseline = load_good(text);
    struct error_list errors;
    struct buffer sentence;
    error_list_init(&errors);
    buffer_init(&sentence, BUFFER_NO_LIMIT);
    cr_assert(baseline_match(&baseline, names, NAME_COUNT, TODAY, &errors));
    for (size_t i = 0; i < count; i++) {
        struct judgement judgement = judgement_of(plays[i].verdict);
        judgement.was_busy = plays[i].was_busy;
        if (plays[i].broken < RULE_COUNT)
            add_finding(&judgement, plays[i].broken);
        baseline_note(&baseline, plays[i].scenario, &judgement);
        free(judgement.findings);
    }
    baseline_entry_is_stale(&baseline.entries[0], names, NAME_COUNT, &sentence);
    error_list_free(&errors);
    baseline_free(&baseline);
    return buffer_take_text(&sentence);
}

Test(baseline, what_no_longer_happens_is_told_and_nothing_else)
{
    static const struct {
        const char *text;
        struct play plays[2];
        const char *sentence;
    } rows[] = {
        {HEAD ENTRY("gap/two", "C-5") TAIL, {{"gap/two", VERDICT_FAIL, RULE_C5}}, ""},
        {HEAD ENTRY("gap/two", "C-5") TAIL,
         {{"gap/two", VERDICT_PASS, RULE_COUNT}},
         "gap/two no longer breaks C-5"},
        {HEAD ENTRY("gap/two", "C-5") TAIL,
         {{"gap/two", VERDICT_FAIL, RULE_C4}},
         "gap/two no longer breaks C-5"},
        /* Nothing was learned: not played, or not to a verdict, or ended early by a step, or on a busy
         * machine. */
        {HEAD ENTRY("gap/two", "C-5") TAIL, {{"gap/two", VERDICT_PASS, RULE_COUNT, true}}, ""},
        {HEAD ENTRY("gap/two", "C-5") TAIL, {{"reset/one", VERDICT_PASS, RULE_COUNT}}, ""},
        {HEAD ENTRY("gap/two", "C-5") TAIL, {{"gap/two", VERDICT_SKIP, RULE_COUNT}}, ""},
        {HEAD ENTRY("gap/two", "C-5") TAIL, {{"gap/two", VERDICT_ERROR, RULE_COUNT}}, ""},
        {HEAD ENTRY("gap/two", "C-5") TAIL, {{"gap/two", VERDICT_CLIENT_ERROR, RULE_COUNT}}, ""},
        {HEAD ENTRY("gap/two", "C-5") TAIL, {{"gap/two", VERDICT_FAIL, RULE_STEP}}, ""},
        {HEAD ENTRY("gap/two", "step") TAIL,
         {{"gap/two", VERDICT_FAIL, RULE_C5}},
         "gap/two no longer breaks step"},
        {HEAD ENTRY("gap/one*", "C-5") TAIL,
         {{"gap/one[1]", VERDICT_PASS, RULE_COUNT}, {"gap/one[2]", VERDICT_FAIL, RULE_C5}},
         "gap/one[1] no longer breaks C-5 (listed as `gap/one*`)"},
        {HEAD ENTRY("gap/one*", "C-5") TAIL,
         {{"gap/one[1]", VERDICT_PASS, RULE_COUNT}, {"gap/one[2]", VERDICT_WARN, RULE_C20}},
         "gap/one[1] no longer breaks C-5, and so do 1 others (listed as `gap/one*`)"},
        {HEAD ENTRY("gap/tow", "C-5") TAIL,
         {{"gap/two", VERDICT_FAIL, RULE_C5}},
         "`gap/tow` (C-5) matches no scenario; did you mean `gap/two`?"},
        {HEAD UNTIL("gap/two", "C-5", "2026-01-01") TAIL,
         {{"gap/two", VERDICT_FAIL, RULE_C5}},
         "`gap/two` (C-5) has expired: it counted until 2026-01-01"},
        {HEAD UNTIL("gap/two", "C-5", "2026-01-01") TAIL,
         {{"reset/one", VERDICT_PASS, RULE_COUNT}},
         ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t count = rows[i].plays[1].scenario ? 2 : 1;
        char *sentence = sentence_after(rows[i].text, rows[i].plays, count);
        cr_expect_str_eq(sentence, rows[i].sentence);
        free(sentence);
    }
}

/* ---- updating ---- */

struct told {
    size_t added, dropped, narrowed;
};

static void count_change(void *user, const struct baseline_change *change)
{
    struct told *told = user;
    switch (change->kind) {
    case BASELINE_CHANGE_ADDED:
        told->added++;
        break;
    case BASELINE_CHANGE_DROPPED:
        told->dropped++;
        break;
    case BASELINE_CHANGE_NARROWED:
        told->narrowed++;
        break;
    }
}

static struct baseline update(const char *text, const struct baseline_play *plays, size_t count,
                              struct told *told)
{
    struct baseline old = load_good(text), updated;
    struct error_list errors;
    error_list_init(&errors);
    cr_assert(baseline_match(&old, names, NAME_COUNT, TODAY, &errors));
    for (size_t i = 0; i < count; i++)
        baseline_note(&old, plays[i].scenario, plays[i].judgement);
    *told = (struct told){0};
    baseline_update(&old, names, NAME_COUNT, plays, count, &updated, count_change, told);
    error_list_free(&errors);
    baseline_free(&old);
    return updated;
}

Test(baseline, an_update_adds_what_no_entry_lists_with_the_findings_own_sentence)
{
    struct judgement broken = failed_by(RULE_C5), fine = judgement_of(VERDICT_PASS);
    add_finding(&broken, RULE_C5); /* twice the same rule is one entry */
    struct baseline_play plays[] = {{"gap/two", &broken}, {"reset/one", &fine}};
    struct told told;
    struct baseline updated = update(HEAD TAIL, plays, 2, &told);
    cr_assert_eq(updated.count, 1);
    cr_expect_eq(told.added, 1);
    cr_expect_str_eq(updated.entries[0].scenario, "gap/two");
    cr_expect_str_eq(updated.entries[0].reason, "3 of 5 events lost");
    cr_expect_str_eq(updated.client, "sdk");
    free(broken.findings);
    baseline_free(&updated);
}

Test(baseline, an_update_keeps_what_people_wrote_and_drops_what_is_gone)
{
    struct judgement broken = failed_by(RULE_C5), fine = judgement_of(VERDICT_PASS);
    struct baseline_play plays[] = {{"gap/two", &broken}, {"reset/one", &fine}};
    struct told told;
    struct baseline updated =
        update(HEAD UNTIL("gap/tw*", "C-5", "2027-01-31") "," ENTRY("reset/one", "C-9") ","
                   ENTRY("gone/away", "C-1") TAIL, plays, 2, &told);
    cr_assert_eq(updated.count, 1);
    cr_expect_eq(told.dropped, 2);
    cr_expect_eq(told.added, 0);
    cr_expect_str_eq(updated.entries[0].scenario, "gap/tw*");
    cr_expect_str_eq(updated.entries[0].reason, "Why.");
    cr_expect_str_eq(updated.entries[0].until, "2027-01-31");
    free(broken.findings);
    baseline_free(&updated);
}

Test(baseline, an_update_leaves_alone_what_was_not_played_to_a_verdict)
{
    struct judgement trouble = judgement_of(VERDICT_CLIENT_ERROR);
    add_finding(&trouble, RULE_C7);
    struct baseline_play plays[] = {{"gap/two", &trouble}};
    struct told told;
    struct baseline updated =
        update(HEAD ENTRY("gap/two", "C-5") "," ENTRY("gap/one*", "C-5") TAIL, plays, 1, &told);
    cr_expect_eq(updated.count, 2);
    cr_expect_eq(told.added + told.dropped + told.narrowed, 0);
    free(trouble.findings);
    baseline_free(&updated);
}

Test(baseline, an_update_narrows_a_glob_to_what_still_happens)
{
    struct judgement broken = failed_by(RULE_C5), fine = judgement_of(VERDICT_PASS);
    struct baseline_play plays[] = {{"gap/one[1]", &fine}, {"gap/two", &broken}};
    struct told told;
    struct baseline updated = update(HEAD ENTRY("gap/*", "C-5") TAIL, plays, 2, &told);
    cr_assert_eq(updated.count, 2);
    cr_expect_eq(told.narrowed, 1);
    cr_expect_str_eq(updated.entries[0].scenario, "gap/one[2]"); /* nobody knows */
    cr_expect_str_eq(updated.entries[1].scenario, "gap/two");
    cr_expect_str_eq(updated.entries[1].issue, "https://example.org/1");
    free(broken.findings);
    baseline_free(&updated);
}

Test(baseline, what_is_written_is_read_again)
{
    struct baseline first = load_good(HEAD UNTIL("gap/\\\"*", "C-28", "2027-01-31") ","
                                          ENTRY("x", "step") TAIL);
    struct buffer text, again;
    buffer_init(&text, BUFFER_NO_LIMIT);
    buffer_init(&again, BUFFER_NO_LIMIT);
    baseline_append_json(&first, &text);
    struct baseline second = load_good(buffer_text(&text));
    baseline_append_json(&second, &again);
    cr_expect_str_eq(buffer_text(&again), buffer_text(&text));
    cr_expect_eq(second.count, 2);
    struct baseline empty = {.client = (char *)"a", .version = (char *)"1"};
    buffer_clear(&text);
    baseline_append_json(&empty, &text);
    struct baseline third = load_good(buffer_text(&text));
    cr_expect_eq(third.count, 0);
    buffer_free(&text);
    buffer_free(&again);
    baseline_free(&first);
    baseline_free(&second);
    baseline_free(&third);
}

#include "core/failure.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- the pattern of a sentence ---- */

static bool is_number_letter(char letter)
{
    return isdigit((unsigned char)letter) || letter == '.';
}

/* Whether a date stands there: 2026-06-01T10:00:00.412Z */
static size_t measure_date(const char *text)
{
    static const char pattern[] = "dddd-dd-ddTdd:dd:dd";
    for (size_t i = 0; pattern[i]; i++) {
        bool fits = pattern[i] == 'd' ? isdigit((unsigned char)text[i]) != 0
                                      : text[i] == pattern[i];
        if (!fits)
            return 0;
    }
    size_t size_bytes = sizeof pattern - 1;
    size_bytes += strspn(text + size_bytes, ".0123456789");
    return size_bytes + (text[size_bytes] == 'Z');
}

static size_t take_number(const char *text, struct buffer *out)
{
    size_t size_bytes = measure_date(text);
    buffer_append_text(out, "#");
    if (size_bytes > 0)
        return size_bytes;
    while (is_number_letter(text[size_bytes]))
        size_bytes++;
    if (text[size_bytes - 1] == '.') /* the end of a sentence */
        buffer_append_text(out, ".");
    return size_bytes;
}

/* `gc-7 … gc-206, gc-210, …` */
static size_t measure_markers(const char *text)
{
    static const char *const parts[] = {"gc-", " … ", ", gc-", ", …"};
    size_t size_bytes = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts;) {
        size_t part_bytes = strlen(parts[i]);
        if (strncmp(text + size_bytes, parts[i], part_bytes) != 0) {
            i++;
            continue;
        }
        size_bytes += part_bytes;
        size_bytes += strspn(text + size_bytes, "0123456789");
        i = 0;
    }
    return size_bytes;
}

/* What the client or the scenario said, up to the closing letter. */
static size_t take_quoted(const char *text, char closing, struct buffer *out)
{
    const char *end = strchr(text + 1, closing);
    buffer_append(out, text, 1);
    buffer_append(out, &closing, 1);
    return end ? (size_t)(end - text) + 1 : strlen(text);
}

/* `events were` and `event was` are one. */
static size_t take_word(const char *text, struct buffer *out)
{
    size_t size_bytes = 0;
    while (isalpha((unsigned char)text[size_bytes]))
        size_bytes++;
    size_t kept_bytes = size_bytes;
    if (size_bytes == 4 && memcmp(text, "were", 4) == 0) {
        buffer_append_text(out, "was");
        return size_bytes;
    }
    if (kept_bytes > 3 && text[kept_bytes - 1] == 's')
        kept_bytes--;
    if (kept_bytes > 4 && memcmp(text + kept_bytes - 3, "che", 3) == 0)
        kept_bytes--; /* dispatches */
    buffer_append(out, text, kept_bytes);
    return size_bytes;
}

void failure_append_kind(const char *sentence, struct buffer *out)
{
    while (*sentence) {
        size_t marker_bytes = measure_markers(sentence);
        if (marker_bytes > 0) {
            buffer_append_text(out, "gc-#");
            sentence += marker_bytes;
        } else if (isdigit((unsigned char)*sentence)) {
            sentence += take_number(sentence, out);
        } else if (*sentence == '`' || *sentence == '{') {
            sentence += take_quoted(sentence, *sentence == '`' ? '`' : '}', out);
        } else if (isalpha((unsigned char)*sentence)) {
            sentence += take_word(sentence, out);
        } else {
            buffer_append(out, sentence++, 1);
        }
    }
}

/* ---- failures ---- */

void failure_of(const struct finding *finding, struct failure *failure)
{
    struct buffer kind;
    buffer_init(&kind, BUFFER_NO_LIMIT);
    failure_append_kind(finding->cause ? finding->cause : finding->message, &kind);
    *failure = (struct failure){finding->rule, finding->level, buffer_take_text(&kind)};
}

void failure_free(struct failure *failure)
{
    free(failure->kind);
    failure->kind = NULL;
}

bool failure_is_same(const struct failure *left, const struct failure *right)
{
    return left->rule == right->rule && left->level == right->level &&
           strcmp(left->kind, right->kind) == 0;
}

const struct finding *failure_find(const struct failure *failure,
                                   const struct judgement *judgement)
{
    for (size_t i = 0; i < judgement->finding_count; i++) {
        struct failure other;
        failure_of(&judgement->findings[i], &other);
        bool is_same = failure_is_same(failure, &other);
        failure_free(&other);
        if (is_same)
            return &judgement->findings[i];
    }
    return NULL;
}

enum failure_grade failure_grade(const struct failure *failure,
                                 const struct judgement *judgement)
{
    if (!failure_find(failure, judgement))
        return FAILURE_GRADE_NONE;
    enum verdict own = failure->level == RULE_LEVEL_SHOULD ? VERDICT_WARN : VERDICT_FAIL;
    if (judgement->verdict != own)
        return FAILURE_GRADE_HIDDEN;
    for (size_t i = 0; i < judgement->finding_count; i++) {
        if (judgement->findings[i].rule != failure->rule)
            return FAILURE_GRADE_MIXED;
    }
    return FAILURE_GRADE_ALONE;
}

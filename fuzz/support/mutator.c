#include "mutator.h"

#include "mutator_json.h"
#include "mutator_scenario.h"

#include <stdlib.h>
#include <string.h>

#define RAW_ONE_IN 8 /* so often bytes are changed and not values */
#define KNOWN_IN_4 3 /* so often a scenario is changed by the table of its fields */
#define ODD_ONE_IN 8 /* so often what is nearly JSON is put in */

/* libFuzzer's own changes, its dictionary among them; NULL where another engine is linked. */
__attribute__((weak)) size_t LLVMFuzzerMutate(uint8_t *data, size_t size_bytes, size_t max_bytes);

/* ---- chance ---- */

/* splitmix64 */
static uint64_t next_random(uint64_t *state)
{
    uint64_t mixed = *state += UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

size_t mutator_below(uint64_t *state, size_t limit)
{
    return limit ? (size_t)(next_random(state) % limit) : 0;
}

/* ---- bytes ---- */

size_t mutator_change_bytes(uint8_t *data, size_t size_bytes, size_t max_bytes, uint64_t *state)
{
    if (LLVMFuzzerMutate)
        return LLVMFuzzerMutate(data, size_bytes, max_bytes);
    size_t at = mutator_below(state, size_bytes);
    switch (mutator_below(state, 4)) {
    case 0: /* insert a byte */
        if (size_bytes == max_bytes)
            break;
        memmove(data + at + 1, data + at, size_bytes - at);
        data[at] = (uint8_t)mutator_below(state, 256);
        return size_bytes + 1;
    case 1: /* take some away */
        if (size_bytes > 1) {
            size_t gone = 1 + mutator_below(state, size_bytes - at < 8 ? size_bytes - at : 8);
            gone = gone > size_bytes - at ? size_bytes - at : gone;
            memmove(data + at, data + at + gone, size_bytes - at - gone);
            return size_bytes - gone;
        }
        break;
    case 2:
        if (size_bytes)
            data[at] ^= (uint8_t)(1u << mutator_below(state, 8));
        break;
    default:
        if (size_bytes)
            data[at] = (uint8_t)mutator_below(state, 256);
    }
    return size_bytes;
}

/* ---- one JSON text ---- */

/* Changes the tree that the text is; 0 if it is none, or too large then. */
static size_t change_document(uint8_t *data, size_t size_bytes, size_t max_bytes, uint64_t *state)
{
    static struct mutator_document document;
    if (!mutator_document_read(data, size_bytes, &document))
        return 0;
    if (mutator_is_scenario(document.root) && mutator_below(state, 4) < KNOWN_IN_4) {
        for (size_t left = 1 + mutator_below(state, MUTATOR_CHANGES_MAX); left > 0; left--)
            mutator_change_scenario(document.root, state);
    } else {
        mutator_document_change(&document, state);
    }
    return mutator_document_write(&document, data, max_bytes);
}

/* ---- NDJSON ---- */

static size_t line_end(const uint8_t *data, size_t size_bytes, size_t at)
{
    const uint8_t *newline = memchr(data + at, '\n', size_bytes - at);
    return newline ? (size_t)(newline - data) : size_bytes;
}

/* Puts `text` where the bytes from `start` to `end` were; 0 if that is too much. */
static size_t splice(uint8_t *data, size_t size_bytes, size_t max_bytes, size_t start, size_t end,
                     const uint8_t *text, size_t text_bytes)
{
    size_t new_bytes = size_bytes - (end - start) + text_bytes;
    if (new_bytes > max_bytes)
        return 0;
    memmove(data + start + text_bytes, data + end, size_bytes - end);
    memcpy(data + start, text, text_bytes);
    return new_bytes;
}

/* Changes, doubles or takes away one line; 0 if there are no lines or nothing came of it. */
static size_t change_line(uint8_t *data, size_t size_bytes, size_t max_bytes, uint64_t *state)
{
    size_t at = mutator_below(state, size_bytes), end = line_end(data, size_bytes, at);
    while (at > 0 && data[at - 1] != '\n')
        at--;
    if (size_bytes == 0 || (at == 0 && end == size_bytes))
        return 0;
    size_t line_bytes = end - at, changed_bytes = 0;
    uint8_t *line = malloc(max_bytes + line_bytes + 1);
    if (!line)
        abort();
    memcpy(line, data + at, line_bytes);
    switch (mutator_below(state, 6)) {
    case 0: /* away, with its end */
        end += end < size_bytes;
        size_bytes = splice(data, size_bytes, max_bytes, at, end, line, 0);
        break;
    case 1: /* twice */
        line[line_bytes] = '\n';
        size_bytes = splice(data, size_bytes, max_bytes, at, at, line, line_bytes + 1);
        break;
    default:
        changed_bytes = change_document(line, line_bytes, max_bytes, state);
        size_bytes =
            changed_bytes ? splice(data, size_bytes, max_bytes, at, end, line, changed_bytes) : 0;
    }
    free(line);
    return size_bytes;
}

/* ---- what is nearly JSON ---- */

static const char *const odd_texts[] = {
    "\\x",     "\\u12",
    "\\u0000", "\\uD800",
    "\\uDC00", "\\",
    "\"",      "\x01",
    "\x7f",    "\xff",
    "\xC3",    "\xED\xA0\x80",
    "01",      "1.",
    "-",       "+1",
    ".5",      "1e",
    "1E+",     "1e999",
    "tru",     "nul",
    "NaN",     ",",
    ":",       "[",
    "]",       "{",
    "}",       "[]",
    "//",      "/*",
    "*/",      "\xEF\xBB\xBF",
    "\v",      "\n",
    "${n}",    "0x1",
    "'",       "1234567890123456789012345678901234567890",
};
#define ODD_COUNT (sizeof odd_texts / sizeof *odd_texts)

/* Puts one in, or over as many bytes; 0 if there is no room. */
static size_t put_odd_text(uint8_t *data, size_t size_bytes, size_t max_bytes, uint64_t *state)
{
    const char *text = odd_texts[mutator_below(state, ODD_COUNT)];
    size_t at = mutator_below(state, size_bytes + 1), text_bytes = strlen(text), end = at;
    if (mutator_below(state, 2))
        end = size_bytes - at < text_bytes ? size_bytes : at + text_bytes;
    return splice(data, size_bytes, max_bytes, at, end, (const uint8_t *)text, text_bytes);
}

/* ---- what the engines call ---- */

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size_bytes, size_t max_bytes, unsigned seed)
{
    uint64_t state = seed;
    size_t new_bytes = 0;
    if (mutator_below(&state, ODD_ONE_IN) == 0) {
        new_bytes = put_odd_text(data, size_bytes, max_bytes, &state);
    } else if (mutator_below(&state, RAW_ONE_IN) > 0) {
        new_bytes = change_document(data, size_bytes, max_bytes, &state);
        if (!new_bytes)
            new_bytes = change_line(data, size_bytes, max_bytes, &state);
    }
    return new_bytes ? new_bytes : mutator_change_bytes(data, size_bytes, max_bytes, &state);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *left, size_t left_bytes, const uint8_t *right,
                                 size_t right_bytes, uint8_t *out, size_t max_bytes, unsigned seed)
{
    static struct mutator_document taker, donor;
    uint64_t state = seed;
    size_t new_bytes = 0;
    if (mutator_document_read(left, left_bytes, &taker)) {
        if (mutator_document_read(right, right_bytes, &donor)) {
            if (mutator_is_scenario(taker.root) && mutator_is_scenario(donor.root))
                mutator_splice_scenario(taker.root, donor.root, &state);
            else
                mutator_document_mix(&taker, &donor, &state);
            cJSON_Delete(donor.root);
        }
        new_bytes = mutator_document_write(&taker, out, max_bytes);
    }
    if (new_bytes)
        return new_bytes;
    /* The front of one and the end of the other. */
    size_t front = mutator_below(&state, left_bytes + 1);
    size_t back = mutator_below(&state, right_bytes + 1);
    front = front < max_bytes ? front : max_bytes;
    back = back < max_bytes - front ? back : max_bytes - front;
    memcpy(out, left, front);
    memcpy(out + front, right + right_bytes - back, back);
    return front + back;
}

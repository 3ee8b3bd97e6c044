#include "mutator.h"

#include "mutator_scenario.h"

#include "core/driver_line.h"
#include "core/frame.h"
#include "core/scenario.h"
#include "core/transcript.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define NODES_MAX    4096
#define CHANGES_MAX  4 /* of one input */
#define RAW_ONE_IN   8 /* so often bytes are changed and not values */
#define WILD_ONE_IN  4 /* so often values become anything, and are not changed gently */
#define KNOWN_IN_4   3 /* so often a scenario is changed by the table of its fields */
#define ODD_ONE_IN   8 /* so often what is nearly JSON is put in */
#define STRING_BYTES 256

/* libFuzzer's own changes, its dictionary among them; NULL where another engine is linked. */
__attribute__((weak)) size_t LLVMFuzzerMutate(uint8_t *data, size_t size_bytes, size_t max_bytes);

/* ---- words: every name that the formats know, from the tables that know them ---- */

static const char *const words[] = {
#define X(symbol, name) name,
    FRAME_FIELDS(X) SCENARIO_VERBS(X) DRIVER_EVENTS(X) DRIVER_CAPABILITIES(X) TRANSCRIPT_KINDS(X)
#undef X
        "ev",
    "client",
    "attempt",
    "message",
    "data",
    "handler",
    "protocol",
    "kind",
    "us",
    "marker",
    "count",
    "number",
    "created_s",
    "id_marker",
    "row_count",
    "ring_count",
    "server_clock_ms",
    "from",
    "live",
    "row",
    "ring",
    "fence",
    "again",
    "${n}",
    "title",
    "rules",
    "tags",
    "steps",
    "each",
    "judge",
    "server",
    "dialect",
    "node",
    "agent",
    "resync_ack",
    "message.created",
    "message.reacted",
    "dm.received",
    "gc-1",
    "gc-2",
    "C-5",
    "2026-06-01T10:00:00.250Z",
};
#define WORD_COUNT (sizeof words / sizeof *words)

static const double numbers[] = {
    0,
    1,
    -1,
    2,
    3,
    7,
    64,
    499,
    500,
    501,
    999,
    1000,
    1000000,
    1000001,
    3600000,
    16777216,
    0.5,
    -0.5,
    1e15,
    4294967295.0,
    4294967296.0,
    9007199254740991.0,
    9007199254740992.0,
    1e300,
    -1e300,
    5e-324,
};
#define NUMBER_COUNT (sizeof numbers / sizeof *numbers)

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

static size_t change_bytes(uint8_t *data, size_t size_bytes, size_t max_bytes, uint64_t *state)
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

/* ---- values ---- */

struct slot {
    cJSON *node, *parent; /* the root has no parent and is not among them */
};

struct document {
    cJSON *root;
    struct slot slots[NODES_MAX];
    size_t slot_count;
};

static void collect(struct document *document, cJSON *parent)
{
    for (cJSON *child = parent->child; child; child = child->next) {
        if (document->slot_count == NODES_MAX)
            return;
        document->slots[document->slot_count++] = (struct slot){child, parent};
        collect(document, child);
    }
}

static cJSON *make_value(uint64_t *state)
{
    switch (mutator_below(state, 8)) {
    case 0:
        return cJSON_CreateNull();
    case 1:
        return cJSON_CreateBool(mutator_below(state, 2) != 0);
    case 2:
        return cJSON_CreateArray();
    case 3:
        return cJSON_CreateObject();
    case 4:
    case 5:
        return cJSON_CreateString(words[mutator_below(state, WORD_COUNT)]);
    default:
        return cJSON_CreateNumber(numbers[mutator_below(state, NUMBER_COUNT)]);
    }
}

static const char *choose_name(const struct document *document, uint64_t *state)
{
    const struct slot *slot = &document->slots[mutator_below(state, document->slot_count)];
    if (document->slot_count && slot->node->string && mutator_below(state, 2))
        return slot->node->string;
    return words[mutator_below(state, WORD_COUNT)];
}

static void put_in(const struct document *document, cJSON *container, cJSON *value, uint64_t *state)
{
    bool is_in = false;
    if (cJSON_IsObject(container))
        is_in = cJSON_AddItemToObject(container, choose_name(document, state), value);
    else if (cJSON_IsArray(container)) /* cJSON 1.7.15 refuses some good places */
        is_in = cJSON_InsertItemInArray(container, (int)mutator_below(state, 4), value);
    if (!is_in)
        cJSON_Delete(value);
}

static void replace(struct slot slot, cJSON *value)
{
    /* Not by name: of equal names that would be the first. */
    if (value && slot.node->string) {
        free(value->string);
        value->string = strdup(slot.node->string);
    }
    cJSON_ReplaceItemViaPointer(slot.parent, slot.node, value);
}

static void change_string(struct slot slot, uint64_t *state)
{
    uint8_t text[STRING_BYTES + 1];
    size_t size = strlen(slot.node->valuestring);
    size = size > STRING_BYTES / 2 ? STRING_BYTES / 2 : size;
    memcpy(text, slot.node->valuestring, size);
    size = change_bytes(text, size, STRING_BYTES, state);
    text[size] = '\0';
    replace(slot, cJSON_CreateString((const char *)text));
}

static void change_number(struct slot slot, uint64_t *state)
{
    static const double steps[] = {1, -1, 10, -10, 500, 0.5};
    double number = slot.node->valuedouble;
    number = mutator_below(state, 4) ? number + steps[mutator_below(state, 6)] : number * 2;
    replace(slot, cJSON_CreateNumber(number));
}

/* Another name for the same value. */
static void rename_member(const struct document *document, struct slot slot, uint64_t *state)
{
    if (!slot.node->string)
        return;
    char *name = strdup(choose_name(document, state));
    free(slot.node->string);
    slot.node->string = name;
}

static void change_scalar(struct slot slot, uint64_t *state)
{
    if (cJSON_IsString(slot.node))
        change_string(slot, state);
    else if (cJSON_IsNumber(slot.node))
        change_number(slot, state);
    else
        replace(slot, make_value(state));
}

/* A value of the same kind: a reader that is strict takes most of these. */
static void change_gently(const struct document *document, struct slot slot, uint64_t *state)
{
    const cJSON *node = slot.node;
    const struct slot *other = &document->slots[mutator_below(state, document->slot_count)];
    if (node->string && other->node != node && (other->node->type & 0xff) == (node->type & 0xff) &&
        mutator_below(state, 2)) {
        replace(slot, cJSON_Duplicate(other->node, true));
    } else if (cJSON_IsBool(node)) {
        replace(slot, cJSON_CreateBool(!cJSON_IsTrue(node)));
    } else if (cJSON_IsNumber(node)) {
        if (mutator_below(state, 2))
            change_number(slot, state);
        else
            replace(slot, cJSON_CreateNumber(numbers[mutator_below(state, NUMBER_COUNT)]));
    } else if (cJSON_IsString(node)) {
        replace(slot, cJSON_CreateString(words[mutator_below(state, WORD_COUNT)]));
    } else if (cJSON_IsArray(node) && node->child) { /* the steps of a scenario */
        int count = cJSON_GetArraySize(node), from = (int)mutator_below(state, (size_t)count);
        cJSON *item = cJSON_Duplicate(cJSON_GetArrayItem(node, from), true);
        if (mutator_below(state, 3) == 0)
            cJSON_DeleteItemFromArray(slot.node, from);
        if (!cJSON_AddItemToArray(slot.node, item))
            cJSON_Delete(item);
    } else if (cJSON_IsArray(slot.parent) && slot.node->next) {
        cJSON_Delete(cJSON_DetachItemViaPointer(slot.parent, slot.node));
    }
}

/* One change somewhere in the tree. `donor` gives values: the tree itself, or another. */
static void change_tree(struct document *document, const struct document *donor, uint64_t *state)
{
    if (document->slot_count == 0) {
        put_in(document, document->root, make_value(state), state);
        return;
    }
    struct slot slot = document->slots[mutator_below(state, document->slot_count)];
    const cJSON *given =
        donor->slot_count ? donor->slots[mutator_below(state, donor->slot_count)].node : slot.node;
    switch (mutator_below(state, 10)) {
    case 0:
        replace(slot, make_value(state));
        break;
    case 1:
        cJSON_Delete(cJSON_DetachItemViaPointer(slot.parent, slot.node));
        break;
    case 2:
        put_in(document, slot.parent, cJSON_Duplicate(slot.node, true), state);
        break;
    case 3:
        replace(slot, cJSON_Duplicate(given, true));
        break;
    case 4:
        put_in(document, slot.node, cJSON_Duplicate(given, true), state);
        break;
    case 5:
        rename_member(document, slot, state);
        break;
    case 6:
        put_in(document, slot.node, make_value(state), state);
        break;
    default:
        change_scalar(slot, state);
    }
}

/* ---- texts ---- */

/* A copy with its comments made blanks. */
static char *strip_comments(const uint8_t *data, size_t size_bytes)
{
    char *text = malloc(size_bytes + 1);
    if (!text)
        abort();
    memcpy(text, data, size_bytes);
    text[size_bytes] = '\0';
    bool in_string = false;
    for (size_t at = 0; at + 1 < size_bytes; at++) {
        if (in_string && text[at] == '\\') {
            at++;
        } else if (text[at] == '"') {
            in_string = !in_string;
        } else if (!in_string && text[at] == '/' && (text[at + 1] == '/' || text[at + 1] == '*')) {
            char *end = strstr(text + at + 2, text[at + 1] == '/' ? "\n" : "*/");
            size_t gone =
                end ? (size_t)(end - text) - at + (text[at + 1] == '*' ? 2 : 0) : size_bytes - at;
            memset(text + at, ' ', gone);
        }
    }
    return text;
}

static bool read_document(const uint8_t *data, size_t size_bytes, struct document *document)
{
    char *text = strip_comments(data, size_bytes);
    const char *end;
    document->slot_count = 0;
    document->root = cJSON_ParseWithLengthOpts(text, size_bytes, &end, false);
    while (document->root && end < text + size_bytes && (unsigned char)*end <= ' ')
        end++;
    bool is_whole = document->root && end == text + size_bytes && document->root->child;
    free(text);
    if (is_whole) {
        collect(document, document->root);
    } else {
        cJSON_Delete(document->root);
        document->root = NULL;
    }
    return is_whole;
}

/* Writes the tree over `data`; 0 if it does not fit. */
static size_t write_document(struct document *document, uint8_t *data, size_t max_bytes)
{
    char *text = cJSON_PrintUnformatted(document->root);
    size_t size_bytes = text ? strlen(text) : 0;
    if (size_bytes > max_bytes)
        size_bytes = 0;
    if (text)
        memcpy(data, text, size_bytes);
    free(text);
    cJSON_Delete(document->root);
    document->root = NULL;
    return size_bytes;
}

/* Changes the tree that the text is; 0 if it is none, or too large then. */
static size_t change_document(uint8_t *data, size_t size_bytes, size_t max_bytes, uint64_t *state)
{
    static struct document document;
    if (!read_document(data, size_bytes, &document))
        return 0;
    if (mutator_is_scenario(document.root) && mutator_below(state, 4) < KNOWN_IN_4) {
        for (size_t left = 1 + mutator_below(state, CHANGES_MAX); left > 0; left--)
            mutator_change_scenario(document.root, state);
        return write_document(&document, data, max_bytes);
    }
    bool is_gentle = mutator_below(state, WILD_ONE_IN) > 0 && document.slot_count > 0;
    size_t change_count = is_gentle ? 1 : 1 + mutator_below(state, CHANGES_MAX);
    for (; change_count > 0; change_count--) {
        if (is_gentle)
            change_gently(&document, document.slots[mutator_below(state, document.slot_count)],
                          state);
        else
            change_tree(&document, &document, state);
        document.slot_count = 0; /* what was collected may be gone */
        collect(&document, document.root);
    }
    return write_document(&document, data, max_bytes);
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
    return new_bytes ? new_bytes : change_bytes(data, size_bytes, max_bytes, &state);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *left, size_t left_bytes, const uint8_t *right,
                                 size_t right_bytes, uint8_t *out, size_t max_bytes, unsigned seed)
{
    static struct document taker, donor;
    uint64_t state = seed;
    size_t new_bytes = 0;
    if (read_document(left, left_bytes, &taker)) {
        if (read_document(right, right_bytes, &donor)) {
            if (mutator_is_scenario(taker.root) && mutator_is_scenario(donor.root))
                mutator_splice_scenario(taker.root, donor.root, &state);
            else
                change_tree(&taker, &donor, &state);
            cJSON_Delete(donor.root);
        }
        new_bytes = write_document(&taker, out, max_bytes);
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

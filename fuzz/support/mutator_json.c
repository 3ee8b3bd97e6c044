#include "mutator_json.h"

#include "mutator.h"

#include "core/driver_line.h"
#include "core/frame.h"
#include "core/scenario.h"
#include "core/transcript.h"

#include <stdlib.h>
#include <string.h>

#define WILD_ONE_IN  4 /* so often values become anything, and are not changed gently */
#define STRING_BYTES 256

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

/* ---- values ---- */

static void collect(struct mutator_document *document, cJSON *parent)
{
    for (cJSON *child = parent->child; child; child = child->next) {
        if (document->slot_count == MUTATOR_NODES_MAX)
            return;
        document->slots[document->slot_count++] = (struct mutator_slot){child, parent};
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

static const char *choose_name(const struct mutator_document *document, uint64_t *state)
{
    const struct mutator_slot *slot = &document->slots[mutator_below(state, document->slot_count)];
    if (document->slot_count && slot->node->string && mutator_below(state, 2))
        return slot->node->string;
    return words[mutator_below(state, WORD_COUNT)];
}

static void put_in(const struct mutator_document *document, cJSON *container, cJSON *value,
                   uint64_t *state)
{
    bool is_in = false;
    if (cJSON_IsObject(container))
        is_in = cJSON_AddItemToObject(container, choose_name(document, state), value);
    else if (cJSON_IsArray(container)) /* cJSON 1.7.15 refuses some good places */
        is_in = cJSON_InsertItemInArray(container, (int)mutator_below(state, 4), value);
    if (!is_in)
        cJSON_Delete(value);
}

static void replace(struct mutator_slot slot, cJSON *value)
{
    /* Not by name: of equal names that would be the first. */
    if (value && slot.node->string) {
        free(value->string);
        value->string = strdup(slot.node->string);
    }
    cJSON_ReplaceItemViaPointer(slot.parent, slot.node, value);
}

static void change_string(struct mutator_slot slot, uint64_t *state)
{
    uint8_t text[STRING_BYTES + 1];
    size_t size = strlen(slot.node->valuestring);
    size = size > STRING_BYTES / 2 ? STRING_BYTES / 2 : size;
    memcpy(text, slot.node->valuestring, size);
    size = mutator_change_bytes(text, size, STRING_BYTES, state);
    text[size] = '\0';
    replace(slot, cJSON_CreateString((const char *)text));
}

static void change_number(struct mutator_slot slot, uint64_t *state)
{
    static const double steps[] = {1, -1, 10, -10, 500, 0.5};
    double number = slot.node->valuedouble;
    number = mutator_below(state, 4) ? number + steps[mutator_below(state, 6)] : number * 2;
    replace(slot, cJSON_CreateNumber(number));
}

/* Another name for the same value. */
static void rename_member(const struct mutator_document *document, struct mutator_slot slot,
                          uint64_t *state)
{
    if (!slot.node->string)
        return;
    char *name = strdup(choose_name(document, state));
    free(slot.node->string);
    slot.node->string = name;
}

static void change_scalar(struct mutator_slot slot, uint64_t *state)
{
    if (cJSON_IsString(slot.node))
        change_string(slot, state);
    else if (cJSON_IsNumber(slot.node))
        change_number(slot, state);
    else
        replace(slot, make_value(state));
}

/* A value of the same kind: a reader that is strict takes most of these. */
static void change_gently(const struct mutator_document *document, struct mutator_slot slot,
                          uint64_t *state)
{
    const cJSON *node = slot.node;
    const struct mutator_slot *other = &document->slots[mutator_below(state, document->slot_count)];
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
static void change_tree(struct mutator_document *document, const struct mutator_document *donor,
                        uint64_t *state)
{
    if (document->slot_count == 0) {
        put_in(document, document->root, make_value(state), state);
        return;
    }
    struct mutator_slot slot = document->slots[mutator_below(state, document->slot_count)];
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

bool mutator_document_read(const uint8_t *data, size_t size_bytes,
                           struct mutator_document *document)
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

size_t mutator_document_write(struct mutator_document *document, uint8_t *data, size_t max_bytes)
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

/* ---- changes ---- */

void mutator_document_change(struct mutator_document *document, uint64_t *state)
{
    bool is_gentle = mutator_below(state, WILD_ONE_IN) > 0 && document->slot_count > 0;
    size_t change_count = is_gentle ? 1 : 1 + mutator_below(state, MUTATOR_CHANGES_MAX);
    for (; change_count > 0; change_count--) {
        if (is_gentle)
            change_gently(document, document->slots[mutator_below(state, document->slot_count)],
                          state);
        else
            change_tree(document, document, state);
        document->slot_count = 0; /* what was collected may be gone */
        collect(document, document->root);
    }
}

void mutator_document_mix(struct mutator_document *document, const struct mutator_document *donor,
                          uint64_t *state)
{
    change_tree(document, donor, state);
}

#include "core/dedupe.h"

#include "core/memory.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NO_NODE UINT32_MAX

/* A UUID with the name of an event type before it fits; a longer key has a block of its own. */
#define INLINE_KEY_BYTES 64

struct node {
    uint32_t hash;
    uint32_t older,
        newer; /* in the list by age; NO_NODE at its ends. `newer` also links free ones */
    size_t key_bytes;
    char *long_key; /* owned; NULL where inline_key serves */
    char inline_key[INLINE_KEY_BYTES];
};

/* Open addressing, linear probing. The hash beside the index saves the way to nodes that differ. */
struct slot {
    uint32_t hash;
    uint32_t node_plus_one; /* 0: empty */
};

struct dedupe {
    size_t capacity_count;
    size_t count;
    struct node *nodes; /* owned; grows up to the capacity */
    size_t node_count;  /* nodes that were ever in use */
    size_t node_capacity_count;
    struct slot *slots; /* owned; a power of two, at most half full; NULL before the first */
    size_t slot_count;
    size_t long_key_bytes;
    uint32_t oldest, newest, free_node;
};

struct dedupe *dedupe_new(size_t capacity_count)
{
    assert(capacity_count < NO_NODE / 4);
    struct dedupe *dedupe = memory_alloc(1, sizeof *dedupe);
    dedupe->capacity_count = capacity_count;
    dedupe->oldest = dedupe->newest = dedupe->free_node = NO_NODE;
    return dedupe;
}

void dedupe_free(struct dedupe *dedupe)
{
    if (!dedupe)
        return;
    dedupe_clear(dedupe);
    free(dedupe->nodes);
    free(dedupe->slots);
    free(dedupe);
}

void dedupe_clear(struct dedupe *dedupe)
{
    for (size_t i = 0; i < dedupe->node_count; i++)
        free(dedupe->nodes[i].long_key);
    if (dedupe->slots)
        memset(dedupe->slots, 0, dedupe->slot_count * sizeof *dedupe->slots);
    dedupe->count = dedupe->node_count = dedupe->long_key_bytes = 0;
    dedupe->oldest = dedupe->newest = dedupe->free_node = NO_NODE;
}

/* Eight bytes at a step: ids are some 50 bytes long and hashing them bytewise would cost more than
 * the rest. */
static uint32_t hash_key(struct span key)
{
    const uint64_t multiplier = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t hash = key.size_bytes * multiplier;
    size_t at = 0;
    for (; key.size_bytes - at >= 8; at += 8) {
        uint64_t word;
        memcpy(&word, key.data + at, 8);
        hash = (hash ^ word) * multiplier;
        hash ^= hash >> 32;
    }
    uint64_t rest = 0;
    if (at < key.size_bytes)
        memcpy(&rest, key.data + at, key.size_bytes - at);
    hash = (hash ^ rest) * multiplier;
    hash ^= hash >> 29;
    hash *= multiplier;
    return (uint32_t)(hash >> 32);
}

static bool node_holds(const struct node *node, struct span key)
{
    const char *held = node->long_key ? node->long_key : node->inline_key;
    return node->key_bytes == key.size_bytes &&
           (key.size_bytes == 0 || memcmp(held, key.data, key.size_bytes) == 0);
}

/* The slot that holds `key`, or the empty one where it belongs. */
static size_t find_slot(const struct dedupe *dedupe, struct span key, uint32_t hash)
{
    size_t mask = dedupe->slot_count - 1, at = hash & mask;
    for (; dedupe->slots[at].node_plus_one; at = (at + 1) & mask) {
        struct slot slot = dedupe->slots[at];
        if (slot.hash == hash && node_holds(&dedupe->nodes[slot.node_plus_one - 1], key))
            break;
    }
    return at;
}

bool dedupe_contains(const struct dedupe *dedupe, struct span key)
{
    if (dedupe->count == 0)
        return false;
    return dedupe->slots[find_slot(dedupe, key, hash_key(key))].node_plus_one != 0;
}

/* The slot that points to the node. */
static size_t slot_of_node(const struct dedupe *dedupe, uint32_t index)
{
    size_t mask = dedupe->slot_count - 1, at = dedupe->nodes[index].hash & mask;
    while (dedupe->slots[at].node_plus_one != index + 1)
        at = (at + 1) & mask;
    return at;
}

/* Empties a slot and moves back those behind it that had been pushed past it, so that no search
 * stops short and no tombstones gather. */
static void remove_slot(struct dedupe *dedupe, size_t hole)
{
    size_t mask = dedupe->slot_count - 1;
    for (size_t at = (hole + 1) & mask; dedupe->slots[at].node_plus_one; at = (at + 1) & mask) {
        size_t home = dedupe->slots[at].hash & mask;
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            dedupe->slots[hole] = dedupe->slots[at];
            hole = at;
        }
    }
    dedupe->slots[hole] = (struct slot){0};
}

static void forget(struct dedupe *dedupe, uint32_t index)
{
    remove_slot(dedupe, slot_of_node(dedupe, index));
    struct node *node = &dedupe->nodes[index];
    if (node->older == NO_NODE)
        dedupe->oldest = node->newer;
    else
        dedupe->nodes[node->older].newer = node->newer;
    if (node->newer == NO_NODE)
        dedupe->newest = node->older;
    else
        dedupe->nodes[node->newer].older = node->older;
    if (node->long_key) {
        dedupe->long_key_bytes -= node->key_bytes;
        free(node->long_key);
        node->long_key = NULL;
    }
    node->newer = dedupe->free_node;
    dedupe->free_node = index;
    dedupe->count--;
}

void dedupe_forget_newest(struct dedupe *dedupe)
{
    if (dedupe->count > 0)
        forget(dedupe, dedupe->newest);
}

/* Keeps the table at most half full with one key more. */
static void reserve_slot(struct dedupe *dedupe)
{
    if ((dedupe->count + 1) * 2 <= dedupe->slot_count)
        return;
    free(dedupe->slots);
    dedupe->slot_count = dedupe->slot_count ? dedupe->slot_count * 2 : 16;
    dedupe->slots = memory_alloc(dedupe->slot_count, sizeof *dedupe->slots);
    size_t mask = dedupe->slot_count - 1;
    for (uint32_t i = dedupe->oldest; i != NO_NODE; i = dedupe->nodes[i].newer) {
        size_t at = dedupe->nodes[i].hash & mask;
        while (dedupe->slots[at].node_plus_one)
            at = (at + 1) & mask;
        dedupe->slots[at] = (struct slot){.hash = dedupe->nodes[i].hash, .node_plus_one = i + 1};
    }
}

static uint32_t take_node(struct dedupe *dedupe)
{
    uint32_t index = dedupe->free_node;
    if (index != NO_NODE) {
        dedupe->free_node = dedupe->nodes[index].newer;
        return index;
    }
    dedupe->nodes = memory_grow(dedupe->nodes, &dedupe->node_capacity_count, dedupe->node_count + 1,
                                sizeof *dedupe->nodes);
    return (uint32_t)dedupe->node_count++;
}

static void fill_node(struct dedupe *dedupe, struct node *node, struct span key, uint32_t hash)
{
    *node = (struct node){
        .hash = hash, .older = dedupe->newest, .newer = NO_NODE, .key_bytes = key.size_bytes};
    if (key.size_bytes > INLINE_KEY_BYTES) {
        node->long_key = memory_copy_text(key.data, key.size_bytes);
        dedupe->long_key_bytes += key.size_bytes;
    } else if (key.size_bytes > 0) {
        memcpy(node->inline_key, key.data, key.size_bytes);
    }
}

bool dedupe_insert(struct dedupe *dedupe, struct span key)
{
    uint32_t hash = hash_key(key);
    if (dedupe->count > 0 && dedupe->slots[find_slot(dedupe, key, hash)].node_plus_one)
        return false;
    if (dedupe->capacity_count == 0)
        return true;
    if (dedupe->count == dedupe->capacity_count)
        forget(dedupe, dedupe->oldest);
    reserve_slot(dedupe);
    uint32_t index = take_node(dedupe);
    fill_node(dedupe, &dedupe->nodes[index], key, hash);
    if (dedupe->newest == NO_NODE)
        dedupe->oldest = index;
    else
        dedupe->nodes[dedupe->newest].newer = index;
    dedupe->newest = index;
    dedupe->slots[find_slot(dedupe, key, hash)] =
        (struct slot){.hash = hash, .node_plus_one = index + 1};
    dedupe->count++;
    return true;
}

size_t dedupe_count(const struct dedupe *dedupe)
{
    return dedupe->count;
}

size_t dedupe_capacity(const struct dedupe *dedupe)
{
    return dedupe->capacity_count;
}

size_t dedupe_memory_bytes(const struct dedupe *dedupe)
{
    return sizeof *dedupe + dedupe->node_capacity_count * sizeof *dedupe->nodes +
           dedupe->slot_count * sizeof *dedupe->slots + dedupe->long_key_bytes;
}

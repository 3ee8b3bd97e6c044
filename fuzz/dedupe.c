/* The memory of ids against a naive model: what is known, what is forgotten first, how much memory
 * it takes (C-13, C-14). Capacities lie around 1, 2 and 2,500. */
#include "support/target.h"

#include "core/dedupe.h"
#include "sim/choices.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define KEY_COUNT   8192
#define INSERTS_MAX 6000 /* of one input: time is bounded, too */

/* The last of the keys are only for the end, to drive out the oldest. */
#define FRESH_COUNT     64
#define ALL_KEYS_COUNT  (KEY_COUNT + FRESH_COUNT)
#define QUEUE_COUNT_MAX (INSERTS_MAX + FRESH_COUNT)

/* Keys are numbers here. The newest stands last in the queue; what is forgotten leaves a hole. */
struct naive {
    size_t capacity_count;
    size_t count;
    unsigned queue[QUEUE_COUNT_MAX];
    size_t queue_first, queue_count;
    size_t place[ALL_KEYS_COUNT]; /* in the queue, plus one; 0: not known */
    size_t key_bytes;             /* of all that is known */
};

struct play {
    struct choices choices;
    struct dedupe *dedupe;
    struct naive naive;
    unsigned insert_count, insert_max;
    unsigned touched[INSERTS_MAX]; /* keys that were inserted at some time */
    size_t touched_count;
};

static struct key {
    char text[120];
    size_t size_bytes;
} keys[ALL_KEYS_COUNT];

/* Every length matters: none at all, what fits a node, and what does not. */
static void make_keys(void)
{
    static const char padding[] = "message.created/00000000-0000-4000-8000-000000000000"
                                  "/00000000-0000-4000-8000-000000000000-and-more-of-it";
    if (keys[1].size_bytes)
        return;
    for (unsigned number = 1; number < ALL_KEYS_COUNT; number++) {
        int padding_bytes = (int)(number * 7 % (sizeof padding - 1));
        int size = snprintf(keys[number].text, sizeof keys[number].text, "%.*s%u", padding_bytes,
                            padding, number);
        keys[number].size_bytes = (size_t)size;
    }
}

/* ---- the naive model ---- */

static void naive_forget(struct naive *naive, unsigned number)
{
    naive->place[number] = 0;
    naive->count--;
    naive->key_bytes -= keys[number].size_bytes;
}

static bool naive_insert(struct naive *naive, unsigned number)
{
    if (naive->place[number])
        return false;
    if (naive->capacity_count == 0)
        return true;
    while (naive->count == naive->capacity_count) {
        size_t at = naive->queue_first++;
        if (naive->place[naive->queue[at]] == at + 1)
            naive_forget(naive, naive->queue[at]);
    }
    naive->queue[naive->queue_count++] = number;
    naive->place[number] = naive->queue_count;
    naive->count++;
    naive->key_bytes += keys[number].size_bytes;
    return true;
}

static void naive_forget_newest(struct naive *naive)
{
    while (naive->queue_count > naive->queue_first) {
        size_t at = --naive->queue_count;
        if (naive->place[naive->queue[at]] == at + 1) {
            naive_forget(naive, naive->queue[at]);
            return;
        }
    }
}

static void naive_clear(struct naive *naive)
{
    size_t capacity_count = naive->capacity_count;
    memset(naive, 0, sizeof *naive);
    naive->capacity_count = capacity_count;
}

/* ---- both side by side ---- */

static void check_known(const struct play *play, unsigned number)
{
    struct span key = {keys[number].text, keys[number].size_bytes};
    bool is_known = dedupe_contains(play->dedupe, key);
    TARGET_CHECK(is_known == (play->naive.place[number] != 0), "key %u of capacity %zu", number,
                 play->naive.capacity_count);
}

static void check_all(const struct play *play)
{
    for (size_t i = 0; i < play->touched_count; i++)
        check_known(play, play->touched[i]);
}

static void check_size(const struct play *play)
{
    const struct naive *naive = &play->naive;
    TARGET_CHECK(dedupe_count(play->dedupe) == naive->count, "%zu instead of %zu",
                 dedupe_count(play->dedupe), naive->count);
    TARGET_CHECK(dedupe_capacity(play->dedupe) == naive->capacity_count, "%zu instead of %zu",
                 dedupe_capacity(play->dedupe), naive->capacity_count);
    TARGET_CHECK(naive->count <= naive->capacity_count, "%zu keys", naive->count);
    size_t memory_bytes = dedupe_memory_bytes(play->dedupe);
    TARGET_CHECK(memory_bytes <= 4096 + naive->capacity_count * 300 + naive->key_bytes,
                 "%zu bytes for a capacity of %zu", memory_bytes, naive->capacity_count);
}

static void insert_key(struct play *play, unsigned number)
{
    char copy[sizeof keys->text];
    memcpy(copy, keys[number].text, sizeof copy); /* gone afterwards: it must be copied again */
    bool was_new = dedupe_insert(play->dedupe, (struct span){copy, keys[number].size_bytes});
    memset(copy, 0, sizeof copy);
    TARGET_CHECK(was_new == naive_insert(&play->naive, number), "key %u", number);
    check_size(play);
}

static void insert(struct play *play, unsigned number)
{
    if (play->insert_count == play->insert_max)
        return;
    play->touched[play->touched_count++] = number;
    play->insert_count++;
    insert_key(play, number);
}

static void insert_run(struct play *play)
{
    unsigned first = choices_below(&play->choices, KEY_COUNT);
    unsigned limit = (unsigned)play->naive.capacity_count + 100;
    for (unsigned left = choices_below(&play->choices, limit); left > 0; left--)
        insert(play, first++ % KEY_COUNT);
}

static void begin(struct play *play, size_t capacity_count)
{
    dedupe_free(play->dedupe);
    play->dedupe = dedupe_new(capacity_count);
    play->naive.capacity_count = capacity_count;
    naive_clear(&play->naive);
    size_t insert_max = play->insert_count + capacity_count * 2 + 100;
    play->insert_max = insert_max < INSERTS_MAX ? (unsigned)insert_max : INSERTS_MAX;
}

static void choose_capacity(struct play *play)
{
    static const size_t capacities[] = {0, 1, 2, 3, 15, 16, 17, 2499, 2500, 2501};
    unsigned count = sizeof capacities / sizeof *capacities;
    begin(play, capacities[choices_below(&play->choices, count)]);
}

static void operate(struct play *play)
{
    switch (choices_below(&play->choices, 8)) {
    case 0:
    case 1:
        insert(play, choices_below(&play->choices, KEY_COUNT));
        break;
    case 2:
        insert(play, choices_below(&play->choices, 16)); /* soon met again */
        break;
    case 3:
        insert_run(play);
        break;
    case 4:
        if (play->naive.count < 40) /* it need not be full */
            check_all(play);
        break;
    case 5:
        dedupe_forget_newest(play->dedupe);
        naive_forget_newest(&play->naive);
        break;
    case 6:
        check_all(play);
        choose_capacity(play);
        break;
    case 7:
        dedupe_clear(play->dedupe);
        naive_clear(&play->naive);
        break;
    }
    check_size(play);
}

/* Each new key must drive out the oldest, and only that. */
static void check_order(struct play *play)
{
    struct naive *naive = &play->naive;
    unsigned number = KEY_COUNT;
    if (naive->count < naive->capacity_count)
        return;
    for (size_t left = naive->count < 65 ? naive->count : 65; left > 1; left--) {
        while (naive->place[naive->queue[naive->queue_first]] != naive->queue_first + 1)
            naive->queue_first++;
        unsigned oldest = naive->queue[naive->queue_first];
        size_t next = naive->queue_first + 1;
        while (naive->place[naive->queue[next]] != next + 1)
            next++;
        insert_key(play, number++);
        TARGET_CHECK(!naive->place[oldest], "key %u stayed", oldest);
        check_known(play, oldest);
        check_known(play, naive->queue[next]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    static struct play play; /* the naive model is too large for a stack */
    memset(&play, 0, sizeof play);
    make_keys();
    choices_init_bytes(&play.choices, data, size_bytes);
    choose_capacity(&play);
    while (play.choices.used_count < size_bytes && play.insert_count < play.insert_max)
        operate(&play);
    check_all(&play);
    check_order(&play);
    dedupe_free(play.dedupe);
    return 0;
}

/* The application's handlers: in order, slow ones included, and none of them in another's way
 * (C-12, C-22, C-25). */
#include "core/client_internal.h"

#include "core/memory.h"

#include <stdlib.h>
#include <string.h>

/* ---- events that wait ---- */

static void free_items(struct client_pending_queue *queue)
{
    for (size_t i = queue->first; i < queue->count; i++)
        free(queue->items[i].text);
    queue->first = queue->count = 0;
}

void client_pending_free(struct client_pending_queue *queue)
{
    free_items(queue);
    free(queue->items);
    *queue = (struct client_pending_queue){0};
}

static bool is_empty(const struct client_pending_queue *queue)
{
    return queue->first == queue->count;
}

static void enqueue(struct client_pending_queue *queue, const struct client_event *event)
{
    queue->items = memory_grow(queue->items, &queue->capacity_count, queue->count + 1,
                               sizeof *queue->items);
    char *text = memory_copy_text(event->text.data, event->text.size_bytes);
    /* The type stands in the text, except where a mutant makes an event of something else. */
    bool is_inside = event->type.data >= event->text.data &&
                     event->type.data < event->text.data + event->text.size_bytes;
    queue->items[queue->count++] = (struct client_pending_event){
        .text = text,
        .size_bytes = event->text.size_bytes,
        .type_offset = is_inside ? (size_t)(event->type.data - event->text.data) : 0,
        .type_bytes = is_inside ? event->type.size_bytes : 0,
        .delivery = event->delivery,
    };
}

void client_drop_pending(struct client *client)
{
    free_items(&client->slow);
    free_items(&client->mutant.held);
}

/* ---- handlers ---- */

/* One line a frame: outside of strings a line break is as good as a blank, inside there is none. */
static void append_one_line(struct buffer *out, struct span json)
{
    size_t start = out->size_bytes;
    buffer_append(out, json.data, json.size_bytes);
    for (char *at = out->data + start, *end = out->data + out->size_bytes;
         (at = memchr(at, '\n', (size_t)(end - at))) != NULL;)
        *at = ' ';
}

static void report_event(struct client *client, struct span type, struct span data, int handler)
{
    struct buffer *text = client_begin_effect(client);
    buffer_append_text(text, "{\"ev\":\"event\",\"type\":\"");
    buffer_append(text, type.data, type.size_bytes);
    buffer_append_text(text, handler == 2 ? "\",\"handler\":2,\"data\":" : "\",\"data\":");
    append_one_line(text, data);
    buffer_append_text(text, "}");
    client_end_effect(client, CLIENT_EFFECT_REPORT);
}

/* Calls the handlers. The first may throw; the second is called all the same. */
static void call_handlers(struct client *client, struct span type, struct span data)
{
    if (client->mutant.is_deaf)
        return;
    bool throws = client->throws_on_next;
    client->throws_on_next = false;
    report_event(client, type, data, 1);
    bool reaches_second =
        !throws || client->policy.throwing != CLIENT_THROW_ENDS_LATER_HANDLERS;
    if (client->has_second_handler && reaches_second)
        report_event(client, type, data, 2);
    if (throws && client->policy.throwing == CLIENT_THROW_ENDS_CONNECTION_EVENTS)
        client->mutant.is_deaf = true;
}

/* ---- slow handlers ---- */

static void call_handlers_in_turn(struct client *client, const struct client_event *event)
{
    bool is_free = client->now.monotonic_us >= client->handler_free_us;
    if (!is_free || !is_empty(&client->slow)) {
        if (client->policy.slow_handler_drops)
            return;
        enqueue(&client->slow, event);
        return;
    }
    if (client->handler_ms > 0)
        client->handler_free_us = client->now.monotonic_us + client->handler_ms * 1000;
    call_handlers(client, event->type, event->text);
    if (event->delivery > 0)
        client_node_dispatched(client, event->delivery);
}

void client_dispatch_nothing(struct client *client, int64_t delivery)
{
    struct client_event nothing = {.text = {"", 0}, .type = {"", 0}, .delivery = delivery};
    if (is_empty(&client->slow))
        client_node_dispatched(client, delivery);
    else
        enqueue(&client->slow, &nothing);
}

/* What holds nothing takes no handler's time. */
static bool is_next_due(const struct client *client)
{
    const struct client_pending_queue *queue = &client->slow;
    return !is_empty(queue) && (queue->items[queue->first].size_bytes == 0 ||
                                client->now.monotonic_us >= client->handler_free_us);
}

static void handle_pending(struct client *client, const struct client_pending_event *item)
{
    if (client->handler_ms > 0)
        client->handler_free_us = client->now.monotonic_us + client->handler_ms * 1000;
    call_handlers(client, (struct span){item->text + item->type_offset, item->type_bytes},
                  (struct span){item->text, item->size_bytes});
}

void client_tick_dispatch(struct client *client)
{
    struct client_pending_queue *queue = &client->slow;
    while (is_next_due(client)) {
        struct client_pending_event *item = &queue->items[queue->first++];
        if (item->size_bytes > 0)
            handle_pending(client, item);
        if (item->delivery > 0)
            client_node_dispatched(client, item->delivery);
        free(item->text);
    }
    if (is_empty(queue))
        queue->first = queue->count = 0;
}

int64_t client_dispatch_deadline_us(const struct client *client)
{
    return is_empty(&client->slow) ? CLIENT_NEVER : client->handler_free_us;
}

/* ---- what mutants hold back ---- */

/* Whether the event waits for the end of the replay. The reference dispatches as events come. */
static bool is_held(const struct client *client, const struct client_event *event)
{
    if (!client->connection.is_awaiting_ack)
        return false;
    return client->policy.ack == CLIENT_ACK_GATES_EVENTS ||
           client->policy.ack == CLIENT_ACK_GATES_REPLAY ||
           client->policy.order == CLIENT_ORDER_REPLAY_REVERSED ||
           (client->policy.order == CLIENT_ORDER_ROWS_LAST && event->is_row);
}

void client_dispatch(struct client *client, const struct client_event *event)
{
    if (is_held(client, event))
        enqueue(&client->mutant.held, event);
    else
        call_handlers_in_turn(client, event);
}

void client_release_held(struct client *client, bool was_acknowledged)
{
    struct client_pending_queue *held = &client->mutant.held;
    bool is_gated = client->policy.ack == CLIENT_ACK_GATES_EVENTS ||
                    client->policy.ack == CLIENT_ACK_GATES_REPLAY;
    bool is_lost = is_gated && !was_acknowledged;
    for (size_t i = 0; i < held->count && !is_lost; i++) {
        bool reversed = client->policy.order == CLIENT_ORDER_REPLAY_REVERSED;
        const struct client_pending_event *item = &held->items[reversed ? held->count - 1 - i : i];
        struct client_event event = {
            .text = {item->text, item->size_bytes},
            .type = {item->text + item->type_offset, item->type_bytes},
        };
        call_handlers_in_turn(client, &event);
    }
    free_items(held);
}

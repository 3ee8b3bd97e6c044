#include "core/judge_node_fixture.h"

#include <math.h>
#include <stdio.h>

int64_t node_acknowledged;

void node_begin(void)
{
    node_acknowledged = 0;
    story_begin("'dialect':'node','rules':['C-7'],", "");
}

void node_begin_with(const char *rules, const char *members)
{
    char text[200];
    node_acknowledged = 0;
    snprintf(text, sizeof text, "'dialect':'node','rules':[%s],%s", rules, members);
    story_begin(text, "");
}

void node_open_unregistered(void)
{
    story_connect();
    story_upgrade();
    story.is_open = false; /* nothing is delivered yet */
}

static void send_from_queue(int64_t seq)
{
    struct transcript_entry entry = story_entry(TRANSCRIPT_SENT);
    entry.connection = story.connection;
    entry.name = "queue";
    entry.seq = (double)seq;
    entry.count = 1;
    for (uint64_t marker = 1; marker <= story.model.event_count; marker++)
        if (model_event(&story.model, marker)->is_numbered &&
            model_event(&story.model, marker)->seq == seq)
            entry.marker = marker;
    story_add(&entry);
}

void node_redeliver(int64_t cut_after)
{
    int64_t count = story.model.current_seq - node_acknowledged;
    bool is_cut = cut_after >= 0;
    struct transcript_entry entry = story_entry(TRANSCRIPT_REPLAY);
    entry.connection = story.connection;
    entry.seq = (double)node_acknowledged;
    entry.number = (double)story.model.current_seq;
    entry.count = (uint64_t)count;
    entry.flags = is_cut ? TRANSCRIPT_FLAG_CUT : 0;
    story_add(&entry);
    for (int64_t index = 1; index <= (is_cut ? cut_after : count); index++)
        send_from_queue(node_acknowledged + index);
    if (!is_cut)
        return;
    entry = story_entry(TRANSCRIPT_DROP);
    entry.connection = story.connection;
    entry.name = "reset";
    entry.flags = TRANSCRIPT_FLAG_CUT;
    story_add(&entry);
    entry.kind = TRANSCRIPT_END;
    entry.name = "server";
    entry.flags = 0;
    story_add(&entry);
    story.is_open = false;
}

void node_reply(void)
{
    struct transcript_entry entry = story_entry(TRANSCRIPT_FRAME_OUT);
    entry.connection = story.connection;
    entry.detail = "reply";
    entry.flags = TRANSCRIPT_FLAG_CONTROL;
    story_add(&entry);
}

void node_open(void)
{
    node_open_unregistered();
    story_frame("node.register", NODE_REGISTER);
    node_reply();
    node_redeliver(-1);
    story.is_open = true;
}

void node_acknowledge(double up_to_seq)
{
    struct transcript_entry entry = story_entry(TRANSCRIPT_FRAME_IN);
    char text[120];
    snprintf(text, sizeof text,
             "{\"v\":1,\"type\":\"delivery.ack\",\"agent\":\"gapcheck-agent\",\"up_to_seq\":%.17g}",
             up_to_seq);
    entry.connection = story.connection;
    entry.detail = "delivery.ack";
    entry.text = text;
    entry.number2 = up_to_seq;
    story_add(&entry);
    if (up_to_seq > (double)node_acknowledged)
        node_acknowledged = (int64_t)fmin(up_to_seq, (double)story.model.current_seq);
}

void node_acknowledge_in_vain(double up_to_seq)
{
    int64_t before = node_acknowledged;
    node_acknowledge(up_to_seq);
    node_acknowledged = before;
}

void node_settle(int64_t waited_ms)
{
    story_note(TRANSCRIPT_STEP, "settle");
    story_fence();
    story_wait(waited_ms);
    story_note(TRANSCRIPT_STEP_END, "done");
}

void node_have_three(void)
{
    node_open();
    story_publish(3);
    story_dispatch_sent();
    node_acknowledge(3);
    node_settle(0);
}

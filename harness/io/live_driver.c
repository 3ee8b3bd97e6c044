#include "io/live_internal.h"

#include "core/memory.h"

#include <stdlib.h>
#include <string.h>

static bool serves(const struct play *play, const struct live_driver *driver)
{
    return play->driver == driver;
}

/* What stands behind a slash is the session's own: it asks for a client that does not exist, and
 * the answer shows that the op before was read. */
static struct play *find_play(struct live_driver *driver, const char *client)
{
    size_t size_bytes = strcspn(client, "/");
    for (struct play *play = driver->live->plays; play; play = play->next)
        if (serves(play, driver) && strlen(play->client) == size_bytes &&
            strncmp(play->client, client, size_bytes) == 0)
            return play;
    return NULL;
}

static bool has_plays(const struct live_driver *driver)
{
    for (const struct play *play = driver->live->plays; play; play = play->next)
        if (serves(play, driver))
            return true;
    return false;
}

static bool has_plays_in_progress(const struct live_driver *driver)
{
    for (const struct play *play = driver->live->plays; play; play = play->next)
        if (serves(play, driver) && !live_play_is_over(play))
            return true;
    return false;
}

static void on_hello(void *user, const struct driver_hello *hello)
{
    struct live_driver *driver = user;
    struct live *live = driver->live;
    driver->is_ready = true;
    driver->capabilities = hello->capabilities;
    if (!live->has_hello) {
        live->has_hello = true;
        live->capabilities = hello->capabilities;
        driver->is_shared = driver_capabilities_have(hello->capabilities, DRIVER_CAPABILITY_MULTI);
        live->callbacks->on_hello(live->callbacks->user, hello);
    }
    live_schedule_soon(live);
}

static void on_line(void *user, const struct driver_line *line)
{
    struct live_driver *driver = user;
    struct play *play = line->client ? find_play(driver, line->client) : NULL;
    if (play) {
        live_play_driver_line(play, line);
    } else if (line->event != DRIVER_EVENT_LOG) {
        char text[160];
        snprintf(text, sizeof text, "ignored: `%s` of %s%.40s", driver_event_name(line->event),
                 line->client ? "the unknown client " : "no client",
                 line->client ? line->client : "");
        driver_note(driver->driver, text);
    }
}

/* The link from its plays is cut; those in progress are told why. */
static void abandon_plays(struct live_driver *driver, const char *why)
{
    struct live_death *death = NULL;
    if (has_plays_in_progress(driver))
        death = memory_alloc(1, sizeof *death);
    for (struct play *play = driver->live->plays; play; play = play->next)
        if (serves(play, driver))
            live_play_driver_gone(play, play->is_again ? NULL : death, why);
    if (death && death->open_count == 0)
        free(death);
}

static void on_gone(void *user, const char *why)
{
    struct live_driver *driver = user;
    struct live *live = driver->live;
    bool said_hello = driver->is_ready;
    driver->is_ready = false;
    driver->is_over = true;
    if (driver->job_index != LIVE_NO_JOB) {
        if (!has_plays(driver))
            live_job_without_driver(live, driver->job_index, why);
    } else if (!said_hello) {
        /* The first one, or the next one to be shared: another would fare no better. */
        free(live->no_driver);
        live->no_driver = memory_copy_text(why, strlen(why));
    }
    abandon_plays(driver, why);
    live_schedule_soon(live);
}

static void on_ended(void *user)
{
    struct live_driver *driver = user;
    struct live *live = driver->live;
    abandon_plays(driver, "the driver ended");
    live_driver_free(driver);
    live_schedule_soon(live);
}

struct live_driver *live_driver_new(struct live *live, size_t job_index)
{
    struct live_driver *driver = memory_alloc(1, sizeof *driver);
    driver->live = live;
    driver->job_index = job_index;
    driver->is_shared = live->has_hello && job_index == LIVE_NO_JOB;
    driver->next = live->drivers;
    live->drivers = driver;
    struct driver_config config = {
        .command = live->config->command,
        .timeout_scale = live->config->timeout_scale,
        .log = live->config->client_log,
        .number = ++live->driver_count,
        .user = driver,
        .on_hello = on_hello,
        .on_line = on_line,
        .on_gone = on_gone,
        .on_ended = on_ended,
    };
    driver->driver = driver_new(live->loop, &config);
    return driver;
}

void live_driver_write(struct live_driver *driver, const char *line, size_t size_bytes)
{
    driver_write(driver->driver, line, size_bytes);
}

void live_driver_end(struct live_driver *driver)
{
    driver->is_ready = false;
    driver->is_over = true;
    driver_end(driver->driver);
}

void live_driver_free(struct live_driver *driver)
{
    struct live_driver **link = &driver->live->drivers;
    while (*link != driver)
        link = &(*link)->next;
    *link = driver->next;
    driver_free(driver->driver);
    free(driver);
}

size_t live_driver_own_count(const struct live *live)
{
    size_t count = 0;
    for (const struct live_driver *driver = live->drivers; driver; driver = driver->next)
        count += !driver->is_shared;
    return count;
}

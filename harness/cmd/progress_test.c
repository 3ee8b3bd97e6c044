#define _XOPEN_SOURCE 700 /* posix_openpt */

#include "cmd/progress.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Where progress goes, and what came there. */
struct screen {
    FILE *file;
    int master; /* of the terminal; -1: it is a file */
    char text[8192];
};

static void open_file(struct screen *screen)
{
    *screen = (struct screen){.file = tmpfile(), .master = -1};
    cr_assert_not_null(screen->file);
}

static void open_terminal(struct screen *screen, unsigned short columns)
{
    struct winsize size = {.ws_row = 24, .ws_col = columns};
    *screen = (struct screen){.master = posix_openpt(O_RDWR | O_NOCTTY)};
    cr_assert_geq(screen->master, 0);
    cr_assert_eq(grantpt(screen->master), 0);
    cr_assert_eq(unlockpt(screen->master), 0);
    screen->file = fopen(ptsname(screen->master), "w");
    cr_assert_not_null(screen->file);
    cr_assert_eq(ioctl(screen->master, TIOCSWINSZ, &size), 0);
}

/* All that was written so far; then the screen is closed. */
static const char *read_screen(struct screen *screen)
{
    size_t size_bytes = 0;
    ssize_t read_bytes;
    if (screen->master < 0) {
        rewind(screen->file);
        size_bytes = fread(screen->text, 1, sizeof screen->text - 1, screen->file);
        fclose(screen->file);
    } else {
        fclose(screen->file); /* then the terminal ends behind what was written */
        while ((read_bytes = read(screen->master, screen->text + size_bytes,
                                  sizeof screen->text - 1 - size_bytes)) > 0)
            size_bytes += (size_t)read_bytes;
        close(screen->master);
    }
    screen->text[size_bytes] = '\0';
    return screen->text;
}

static void pass(struct progress *progress, size_t count)
{
    struct judgement judgement = {.verdict = VERDICT_PASS};
    for (size_t i = 0; i < count; i++)
        progress_done(progress, "good", &judgement, false);
}

static void fail(struct progress *progress, bool is_known)
{
    struct finding finding = {.rule = RULE_C5, .level = RULE_LEVEL_MUST, .message = "2 lost"};
    struct judgement judgement = {
        .verdict = VERDICT_FAIL, .findings = &finding, .finding_count = 1};
    progress_done(progress, "bad", &judgement, is_known);
}

static void expect_state(const struct progress *progress, const char *text)
{
    struct buffer out;
    buffer_init(&out, BUFFER_NO_LIMIT);
    progress_append(progress, &out);
    cr_expect_str_eq(buffer_text(&out), text);
    buffer_free(&out);
}

Test(progress, tells_done_running_failed_and_the_time_left)
{
    struct screen screen;
    struct progress progress;
    open_file(&screen);
    progress_init(&progress, screen.file, true, 300, 5000);
    expect_state(&progress, "0 of 300 played, 0 running");
    progress_running(&progress, 64, 6000);
    pass(&progress, 99);
    expect_state(&progress, "99 of 300 played, 64 running"); /* too early to tell */
    progress_running(&progress, 64, 15000);
    fail(&progress, false);
    expect_state(&progress, "100 of 300 played, 64 running, 1 failed, about 20 s left");
    progress_running(&progress, 64, 5000 + 600000);
    expect_state(&progress, "100 of 300 played, 64 running, 1 failed, about 20 min left");
    progress_running(&progress, 64, 5000 + 36000000);
    expect_state(&progress, "100 of 300 played, 64 running, 1 failed, about 20 h left");
    pass(&progress, 200);
    expect_state(&progress, "300 of 300 played, 64 running, 1 failed");
    progress.label = "relaycast@6.0.2";
    expect_state(&progress, "relaycast@6.0.2: 300 of 300 played, 64 running, 1 failed");
    cr_expect_str_eq(read_screen(&screen), ""); /* quiet */
}

Test(progress, nothing_done_leaves_the_time_untold)
{
    struct progress progress;
    struct screen screen;
    open_file(&screen);
    progress_init(&progress, screen.file, true, 3, 0);
    progress_running(&progress, 3, 60000);
    expect_state(&progress, "0 of 3 played, 3 running");
    read_screen(&screen);
}

Test(progress, without_a_terminal_one_line_each_ten_seconds)
{
    struct screen screen;
    struct progress progress;
    open_file(&screen);
    progress_init(&progress, screen.file, false, 100, 0);
    for (int64_t now_ms = 0; now_ms <= 35000; now_ms += 100) {
        if (now_ms % 1000 == 500)
            pass(&progress, 1);
        progress_running(&progress, 8, now_ms);
    }
    cr_expect_str_eq(read_screen(&screen),
                     "10 of 100 played, 8 running, about 90 s left\n"
                     "20 of 100 played, 8 running, about 80 s left\n"
                     "30 of 100 played, 8 running, about 70 s left\n");
}

Test(progress, without_a_terminal_a_failure_is_told_at_once_and_a_known_one_is_not)
{
    struct screen screen;
    struct progress progress;
    open_file(&screen);
    progress_init(&progress, screen.file, false, 3, 0);
    fail(&progress, false);
    fail(&progress, true);
    expect_state(&progress, "2 of 3 played, 0 running, 1 failed");
    progress_clear(&progress);
    cr_expect_str_eq(read_screen(&screen), "fail bad: C-5 2 lost\n");
}

Test(progress, on_a_terminal_one_line_is_written_over)
{
    struct screen screen;
    struct progress progress;
    open_terminal(&screen, 80);
    progress_init(&progress, screen.file, false, 3, 0);
    progress_running(&progress, 2, 100);
    progress_running(&progress, 2, 200); /* nothing new */
    fail(&progress, false);
    progress_running(&progress, 1, 4000);
    progress_clear(&progress);
    progress_clear(&progress);
    cr_expect_str_eq(read_screen(&screen),
                     "\r\033[K0 of 3 played, 2 running"
                     "\r\033[K1 of 3 played, 2 running, 1 failed"
                     "\r\033[K1 of 3 played, 1 running, 1 failed, about 8 s left"
                     "\r\033[K");
}

/* Else it would wrap, and only its last row be written over. */
Test(progress, the_line_is_no_longer_than_the_terminal_is_wide)
{
    struct screen screen;
    struct progress progress;
    open_terminal(&screen, 20);
    progress_init(&progress, screen.file, false, 300, 0);
    progress.label = "ää";
    progress_running(&progress, 64, 100);
    cr_expect_str_eq(read_screen(&screen), "\r\033[Kää: 0 of 300 played");
}

Test(progress, quiet_is_quiet_on_a_terminal_too)
{
    struct screen screen;
    struct progress progress;
    open_terminal(&screen, 80);
    progress_init(&progress, screen.file, true, 3, 0);
    progress_running(&progress, 2, 20000);
    fail(&progress, false);
    progress_clear(&progress);
    fputs(".", screen.file);
    cr_expect_str_eq(read_screen(&screen), ".");
}

/* Else the total grows, and nobody knows why. */
Test(progress, what_is_played_again_is_told)
{
    struct screen screen;
    struct progress progress;
    open_file(&screen);
    progress_init(&progress, screen.file, true, 2, 0);
    pass(&progress, 2);
    progress_again(&progress, 1);
    progress_running(&progress, 1, 100);
    expect_state(&progress, "2 of 3 played, 1 of them again, 1 running");
    read_screen(&screen);
}

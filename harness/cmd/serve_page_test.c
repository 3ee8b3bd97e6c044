/* `gapcheck serve` with a real browser: a page that looks on, and a page that is the client under
 * test, with the browser's own WebSocket. */
#define _GNU_SOURCE /* wait4 and setgroups */
#include "cmd/sample_browser.h"
#include "cmd/sample_program.h"

#define CHECKER  GAPCHECK_SOURCE_DIR "/harness/cmd/serve_check.mjs"
#define SCENARIO GAPCHECK_SOURCE_DIR "/scenarios/overflow/same-second.jsonc"

static const char *folder;

static void set_up(void)
{
    folder = sample_folder_enter();
}

static void tear_down(void)
{
    sample_folder_leave(folder);
}

TestSuite(serve_page, .init = set_up, .fini = tear_down, .timeout = 200);

/* The addresses are those that it prints. */
static void play(const char *scenario, const char *kind, int status, const char *text)
{
    char command[4 * PATH_MAX], arguments[PATH_MAX];
    sample_browser_skip_without();
    snprintf(arguments, sizeof arguments, "serve '%s' --out r --timeout-scale 4", scenario);
    double begin_seconds = sample_seconds();
    pid_t serving = sample_program_start("", arguments);
    snprintf(command, sizeof command,
             "for i in $(seq 1000); do grep -q waiting out && break; sleep 0.02; done 2>/dev/null;"
             "address() { sed -n \"s/^  $1 *//p\" out; };"
             "node '" CHECKER "' '%s/playwright' '%s/shots' %s "
             "\"$(address 'look on')\" \"$(address stream)\" \"$(address events)\" >&2",
             sample_browser_folder, sample_browser_folder, kind);
    bool is_right = sample_shell(command);
    if (!is_right)
        kill(serving, SIGINT);
    struct sample_result result = sample_program_wait(serving, begin_seconds);
    cr_expect(is_right, "%s", kind);
    sample_expect(&result, arguments, status, text);
}

Test(serve_page, a_browser_client_that_posts_its_lines_passes)
{
    play(SCENARIO, "good", 0, "a page 1.0  --client serve");
}

Test(serve_page, a_browser_client_without_since_fails)
{
    play(SCENARIO, "bad", 1, "C-5");
}

Test(serve_page, a_browser_client_that_posts_nothing_is_judged_by_the_wire)
{
    play(SCENARIO, "silent", 0, "not judged: C-8");
}

/* The page comes over https and its transcript over wss; the client connects by wss, too. */
Test(serve_page, over_tls_all_is_the_same)
{
    sample_browser_skip_without();
    cr_assert(sample_shell("sed 's/\"server\": {/& \"tls\": true,/' '" SCENARIO
                           "' >tls-same-second.jsonc && grep -q tls tls-same-second.jsonc"));
    play("tls-same-second.jsonc", "good", 0, "wss://127.0.0.1:");
}

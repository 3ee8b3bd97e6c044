/* The shell of the reference client, from outside: a server that nobody could talk to. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define CLIENT_COUNT 20

/* Accepts and resets at once, for ever, in a process of its own. */
static pid_t serve_resets(int *port)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t name_bytes = sizeof name;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(listener, (struct sockaddr *)&name, sizeof name), 0);
    cr_assert_eq(listen(listener, 100), 0);
    cr_assert_eq(getsockname(listener, (struct sockaddr *)&name, &name_bytes), 0);
    *port = ntohs(name.sin_port);
    pid_t server = fork();
    cr_assert_geq(server, 0);
    if (server > 0) {
        close(listener);
        return server;
    }
    for (;;) {
        struct linger at_once = {.l_onoff = 1};
        int file = accept(listener, NULL, NULL);
        setsockopt(file, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close(file);
    }
}

/* A reset may come at any moment: also when libwebsockets has not written the request yet, where it
 * tells of it in another way. A connection whose end is missed times out. */
static void expect_every_reset_to_be_heard(const char *path, const char *dialect)
{
    char out[] = "/tmp/gapcheck-refclient-XXXXXX";
    char command[1000];
    int port;
    close(mkstemp(out));
    pid_t server = serve_resets(&port);
    snprintf(command, sizeof command,
             "{ i=0; while [ $i -lt %d ]; do i=$((i+1)); echo \"{\\\"op\\\":\\\"start\\\","
             "\\\"client\\\":\\\"c$i\\\",\\\"url\\\":\\\"ws://127.0.0.1:%d%s\\\","
             "\\\"options\\\":{\\\"dialect\\\":\\\"%s\\\",\\\"reconnect_base_ms\\\":1,\\\"reconnect_max_ms\\\":2,"
             "\\\"connect_timeout_ms\\\":1500}}\"; done; sleep 4; } | "
             "'%s' reference-client >%s 2>&1",
             CLIENT_COUNT, port, path, dialect, GAPCHECK_BINARY, out);
    cr_expect_eq(system(command), 0);
    snprintf(command, sizeof command, "test $(grep -c reconnecting %s) -gt 1000", out);
    cr_expect_eq(system(command), 0);
    snprintf(command, sizeof command, "! grep -m1 -E 'took too long|Sanitizer' %s >&2", out);
    cr_expect_eq(system(command), 0);
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    unlink(out);
}

Test(refclient, hears_of_every_connection_that_is_reset_at_once, .timeout = 60)
{
    expect_every_reset_to_be_heard("/v1/ws", "agent");
}

Test(refclient, hears_of_every_request_for_a_token_that_is_reset_at_once, .timeout = 60)
{
    expect_every_reset_to_be_heard("/v1/node/ws", "node");
}

/* Tokens over HTTP and HTTPS, refused, broken off and never answered; then the stream itself. */
Test(refclient, speaks_the_node_stream, .timeout = 120)
{
    char command[1000];
    snprintf(command, sizeof command,
             "cd '" GAPCHECK_SOURCE_DIR "/scenarios/node' && '%s' run missed-while-away.jsonc "
             "tls.jsonc token-refused.jsonc token-request-broken.jsonc token-request-stalled.jsonc "
             "token-changes.jsonc --quiet --out \"$(mktemp -d)\" >&2",
             GAPCHECK_BINARY);
    cr_expect_eq(system(command), 0);
}

#define HELD_SCENARIO                                                                              \
    "{ \"title\": \"The ack comes while the client is held up\", \"rules\": [\"C-3\"], \"steps\": ["     \
    "{ \"accept\": {} }, { \"publish\": {} }, { \"settle\": {} }, { \"drop\": {} },"                \
    "{ \"publish\": {} }, { \"set\": { \"resync\": \"hold\" } }, { \"accept\": {} },"                 \
    "{ \"expect\": { \"frame\": \"resync\" } }, { \"publish\": { \"type\": \"file.uploaded\" } },"   \
    "{ \"wait\": { \"ms\": 300 } }, { \"publish\": { \"size\": 300000 } }, { \"release\": {} },"      \
    "{ \"wait\": { \"ms\": 2500 } }, { \"settle\": {} } ] }"

/* Nobody reads what it reports of a long event, so it stands still until after its time for a second
 * resync. The ack has come meanwhile: when it goes on, that is read first (C-3). */
Test(refclient, reads_what_has_come_before_it_looks_at_the_clock, .timeout = 60)
{
    char folder[] = "/tmp/gapcheck-refclient-XXXXXX", command[3000];
    cr_assert(mkdtemp(folder));
    snprintf(command, sizeof command,
             "cd %s && printf '%%s' '%s' >held.jsonc && "
             "printf '%%s\\n' '#!/bin/sh' 'echo $$ >pid' 'exec tee lines' >reader && "
             "chmod +x reader && { '%s' run held.jsonc --out r --client "
             "\"sh -c '%s reference-client | ./reader'\" >out 2>&1; echo $? >status; } & cd %s; "
             "until grep -q file.uploaded lines 2>/dev/null; do sleep 0.02; done; "
             "kill -STOP $(cat pid); sleep 2.2; kill -CONT $(cat pid); wait; "
             "cat out; test \"$(cat status)\" = 0",
             folder, HELD_SCENARIO, GAPCHECK_BINARY, GAPCHECK_BINARY, folder);
    cr_expect_eq(system(command), 0);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_expect_eq(system(command), 0);
}

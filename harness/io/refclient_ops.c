/* What the harness asks of the reference client, on its way to the client that it is for. */
#include "core/client_ops.h"
#include "io/refclient_internal.h"

#include <string.h>

/* The string of that name, or NULL. */
static const char *find_string(const cJSON *line, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(line, name));
}

/* A stopped one is found only where there is no other of its name. */
static struct refclient_session *find_session(const struct refclient *shell, const char *name)
{
    struct refclient_session *stopped = NULL;
    for (struct refclient_session *at = shell->sessions; at; at = at->next) {
        if (strcmp(at->name, name) != 0)
            continue;
        if (!at->is_stopped)
            return at;
        stopped = at;
    }
    return stopped;
}

/* The process's own, unless the client is to have another: so one process serves many mutants. */
static bool choose_policy(const struct refclient *shell, const cJSON *options,
                          struct client_policy *policy)
{
    const char *name = find_string(options, "policy");
    *policy = *shell->policy;
    return !name || client_policy_find(name, policy);
}

/* NULL, or what is wrong. */
static const char *start(struct refclient *shell, const cJSON *line)
{
    struct client_policy policy;
    const cJSON *options = cJSON_GetObjectItemCaseSensitive(line, "options");
    struct refclient_session_setup setup = {
        .name = find_string(line, "client"),
        .url = find_string(line, "url"),
        .token = find_string(line, "token"),
        .ca_file = find_string(options, "ca_file"),
    };
    if (!setup.name)
        return "`start` without `client`";
    if (!setup.url)
        return "`start` without `url`";
    const struct refclient_session *session = find_session(shell, setup.name);
    if (session && !session->is_stopped)
        return "this client has been started already";
    if (!choose_policy(shell, options, &policy))
        return "unknown `policy`";
    setup.wire = policy.wire;
    setup.core = client_ops_start(line, &policy, shell->session_count++);
    return refclient_session_start(shell, &setup);
}

static const char *run_for_client(struct refclient *shell, const char *op, const cJSON *line)
{
    const char *name = find_string(line, "client");
    struct refclient_session *session = name ? find_session(shell, name) : NULL;
    if (!session)
        return "unknown `client`";
    if (!client_ops_run(session->core, op, line, refclient_now()))
        return "unknown `op`";
    refclient_session_drain(session);
    if (strcmp(op, "stop") == 0)
        refclient_session_expire(session);
    return NULL;
}

static const char *run(struct refclient *shell, const cJSON *line)
{
    const char *op = find_string(line, "op");
    if (!cJSON_IsObject(line))
        return "a line that is no JSON object";
    if (!op)
        return "a line without `op`";
    if (strcmp(op, "exit") == 0) {
        shell->is_done = true;
        return NULL;
    }
    return strcmp(op, "start") == 0 ? start(shell, line) : run_for_client(shell, op, line);
}

void refclient_obey(struct refclient *shell, const char *text, size_t size_bytes)
{
    cJSON *line = cJSON_ParseWithLength(text, size_bytes);
    const char *problem = run(shell, line);
    if (problem)
        refclient_write_error(shell, find_string(line, "client"), problem);
    cJSON_Delete(line);
}

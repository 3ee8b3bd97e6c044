/* The JSON Schema as editors use it: an independent validator accepts the whole library and refuses
 * what the loader refuses. The validator comes from npm, into the build folder; where node, npm or
 * its registry is missing, that part is skipped. */
#include "cmd/sample_folder.h"
#include "core/scenario.h"

#include <libgen.h>
#include <limits.h>

#define AJV     "ajv@8.20.0"
#define CHECKER GAPCHECK_SOURCE_DIR "/harness/cmd/schema_check.mjs"
#define LIBRARY GAPCHECK_SOURCE_DIR "/scenarios"

static const char *folder;
static char ajv_folder[PATH_MAX];

/* Installed beside the binary once, complete or not at all. */
static bool has_validator(void)
{
    char binary[] = GAPCHECK_BINARY, command[4 * PATH_MAX];
    snprintf(ajv_folder, sizeof ajv_folder, "%s/ajv", dirname(binary));
    snprintf(command, sizeof command,
             "test -e '%s/package.json' && exit; command -v node npm >/dev/null || exit 1;"
             "new='%s.'$$; mkdir -p \"$new\" && echo '{}' >\"$new/package.json\" &&"
             "npm install --prefix \"$new\" --ignore-scripts --no-audit --no-fund --save-exact " AJV
             " >npm.log 2>&1 </dev/null && mv \"$new\" '%s' || { rm -rf \"$new\"; exit 1; }",
             ajv_folder, ajv_folder, ajv_folder);
    return sample_shell(command);
}

static void set_up(void)
{
    folder = sample_folder_enter();
}

static void tear_down(void)
{
    sample_folder_leave(folder);
}

TestSuite(schema, .init = set_up, .fini = tear_down, .timeout = 240);

static void validate(const char *kind, const char *files)
{
    char command[4 * PATH_MAX];
    snprintf(command, sizeof command,
             "node '" CHECKER "' '%s' '" LIBRARY "/schema.json' %s %s >out 2>&1", ajv_folder, kind,
             files);
    bool is_right = sample_shell(command);
    cr_expect(is_right, "%s", kind);
    if (!is_right)
        sample_shell("cat out >&2");
}

#define IN_STEPS(step)                                                                             \
    "{ \"title\": \"t\", \"rules\": [\"C-1\"], \"steps\": [ { \"accept\": {} }, " step " ] }"
#define AT_TOP(members)                                                                            \
    "{ \"title\": \"t\", \"rules\": [\"C-1\"], " members ", \"steps\": [ { \"accept\": {} } ] }"

static const char *const wrong[] = {
    "{}",
    "[]",
    "{ \"title\": \"\", \"rules\": [\"C-1\"], \"steps\": [ { \"accept\": {} } ] }",
    "{ \"title\": \"t\", \"rules\": [], \"steps\": [ { \"accept\": {} } ] }",
    "{ \"title\": \"t\", \"rules\": [\"C-29\"], \"steps\": [ { \"accept\": {} } ] }",
    "{ \"title\": \"t\", \"rules\": [\"step\"], \"steps\": [ { \"accept\": {} } ] }",
    "{ \"title\": \"t\", \"rules\": [\"C-1\", \"C-1\"], \"steps\": [ { \"accept\": {} } ] }",
    "{ \"title\": \"t\", \"rules\": [\"C-1\"], \"steps\": [] }",
    "{ \"title\": \"t\", \"rules\": [\"C-1\"], \"steps\": [ {} ] }",
    AT_TOP("\"titel\": 1"),
    AT_TOP("\"dialect\": \"bot\""),
    AT_TOP("\"judge\": { \"S-1\": \"off\" }"),
    AT_TOP("\"judge\": { \"C-20\": \"on\" }"),
    AT_TOP("\"timeout_ms\": 0"),
    AT_TOP("\"each\": {}"),
    AT_TOP("\"each\": { \"n\": [] }"),
    AT_TOP("\"each\": { \"n\": [\"a b\"] }"),
    AT_TOP("\"each\": { \"seq\": [1] }"),
    AT_TOP("\"each\": { \"1n\": [1] }"),
    AT_TOP("\"each\": { \"n\": [[1]] }"),
    AT_TOP("\"server\": { \"ring\": -1 }"),
    AT_TOP("\"server\": { \"ring\": 1.5 }"),
    AT_TOP("\"server\": { \"ring\": \"many\" }"),
    AT_TOP("\"server\": { \"clock\": { \"freeze\": 1 } }"),
    AT_TOP("\"client\": { \"channels\": [\"\"] }"),
    AT_TOP("\"client\": { \"ping\": 5 }"),
    IN_STEPS("{ \"publsh\": {} }"),
    IN_STEPS("{ \"sync\": {}, \"settle\": {} }"),
    IN_STEPS("{ \"sync\": { \"count\": 1 } }"),
    IN_STEPS("{ \"sync\": { \"timeout_ms\": 0 } }"),
    IN_STEPS("{ \"accept\": { \"path\": \"v1\" } }"),
    IN_STEPS("{ \"accept\": { \"with\": [ {} ] } }"),
    IN_STEPS("{ \"accept\": { \"with\": [ { \"text\": \"x\", \"timeout_ms\": 5 } ] } }"),
    IN_STEPS("{ \"refuse\": { \"status\": 199 } }"),
    IN_STEPS("{ \"refuse\": { \"headers\": { \"a b\": \"c\" } } }"),
    IN_STEPS("{ \"refuse\": { \"headers\": { \"a\": \"b\\r\\nc\" } } }"),
    IN_STEPS("{ \"publish\": { \"count\": 0 } }"),
    IN_STEPS("{ \"publish\": { \"id\": \"old\" } }"),
    IN_STEPS("{ \"publish\": { \"seq\": -1 } }"),
    IN_STEPS("{ \"publish\": { \"seq\": 9007199254740993 } }"),
    IN_STEPS("{ \"send\": {} }"),
    IN_STEPS("{ \"send\": { \"text\": \"x\", \"frame\": {} } }"),
    IN_STEPS("{ \"send\": { \"text\": \"x\", \"row\": true } }"),
    IN_STEPS("{ \"send\": { \"binary\": \"0\" } }"),
    IN_STEPS("{ \"send\": { \"binary\": \"0x\" } }"),
    IN_STEPS("{ \"send\": { \"raw\": \"\" } }"),
    IN_STEPS("{ \"send\": { \"text\": \"x\", \"between\": \"ping\" } }"),
    IN_STEPS("{ \"expect\": {} }"),
    IN_STEPS("{ \"expect\": { \"frame\": \"rsync\" } }"),
    IN_STEPS("{ \"expect\": { \"frame\": \"resync\", \"last_seq\": 5 } }"),
    IN_STEPS("{ \"expect\": { \"frame\": \"resync\", \"since\": { \"iso\": true } } }"),
    IN_STEPS("{ \"expect\": { \"frame\": \"resync\", \"since\": { \"kind\": \"text\" } } }"),
    IN_STEPS("{ \"expect\": { \"frame\": \"resync\", \"since\": {} } }"),
    IN_STEPS("{ \"expect\": { \"refused\": 1, \"last_seen_seq\": 5 } }"),
    IN_STEPS("{ \"expect\": { \"refused\": 1, \"for_ms\": 5 } }"),
    IN_STEPS("{ \"expect\": { \"refused\": \"one\" } }"),
    IN_STEPS("{ \"expect\": { \"resynced\": { \"gap\": true } } }"),
    IN_STEPS("{ \"expect\": { \"dispatched\": {} } }"),
    IN_STEPS("{ \"expect\": { \"gave_up\": false } }"),
    IN_STEPS("{ \"expect\": { \"nothing\": \"pong\" } }"),
    IN_STEPS("{ \"expect\": { \"nothing\": [] } }"),
    IN_STEPS("{ \"drop\": { \"how\": \"hard\" } }"),
    IN_STEPS("{ \"restart\": { \"counter\": \"reset\" } }"),
    IN_STEPS("{ \"set\": {} }"),
    IN_STEPS("{ \"set\": { \"cut_how\": \"fin\" } }"),
    IN_STEPS("{ \"set\": { \"timeout_ms\": 5 } }"),
    IN_STEPS("{ \"advance\": {} }"),
    IN_STEPS("{ \"advance\": { \"ms\": -1 } }"),
    IN_STEPS("{ \"client\": {} }"),
    IN_STEPS("{ \"client\": { \"do\": \"subscribe\" } }"),
    IN_STEPS("{ \"client\": { \"do\": \"stop\", \"ms\": 5 } }"),
    IN_STEPS("{ \"client\": { \"do\": \"slow\" } }"),
    IN_STEPS("{ \"repeat\": { \"times\": 2 } }"),
    IN_STEPS("{ \"repeat\": { \"times\": 2, \"steps\": [ { \"acept\": {} } ] } }"),
};

/* What the library may not have, and must be allowed. */
static const char *const right[] = {
    AT_TOP("\"each\": { \"n\": [1, true, null, \"a.b-c_d\"] }"),
    IN_STEPS("{ \"publish\": { \"count\": \"${n}\", \"live\": \"${n}\", \"seq\": \"${n}\", "
             "\"id\": \"${n}\" } }"),
    IN_STEPS("{ \"drop\": { \"how\": \"mid-${part}\" } }"),
    IN_STEPS("{ \"expect\": { \"refused\": { \"min\": \"${n}\" }, \"timeout_ms\": \"${n}\" } }"),
    IN_STEPS("{ \"expect\": { \"frame\": \"resync\", \"x\": { \"absent\": true }, "
             "\"since\": { \"iso8601\": true }, \"last_seen_seq\": { \"min\": 1, \"max\": 2 } } }"),
    IN_STEPS("{ \"expect\": { \"frame\": \"delivery.ack\", \"up_to_seq\": 5 } }"),
    IN_STEPS("{ \"send\": { \"binary\": \"\", \"fragments\": 2, \"between\": \"ping\" } }"),
    IN_STEPS("{ \"send\": { \"raw\": \" 81 05 68656c6c 6f\" } }"),
    IN_STEPS("{ \"send\": { \"frame\": null } }"),
    IN_STEPS("{ \"publish\": { \"seq\": 9007199254740991 } }"),
    IN_STEPS("{ \"set\": { \"ack\": { \"anything\": [] }, \"timeout_ms\": 5 } }"),
    IN_STEPS("{ \"close\": { \"reason\": \"${why}\" } }"),
    IN_STEPS("{ \"refuse\": { \"headers\": { \"Retry-After\": \"1\" } } }"),
};

static void write_all(const char *kind, const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char path[40];
        snprintf(path, sizeof path, "%s/%zu.jsonc", kind, i);
        sample_folder_write(path, texts[i]);
    }
}

/* So that the list of wrong ones stays one of wrong ones. */
Test(schema, the_loader_refuses_what_the_schema_must_refuse)
{
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct scenario_set set = {0};
        struct error_list errors;
        error_list_init(&errors);
        cr_expect_not(scenario_load(wrong[i], strlen(wrong[i]), "a", "a", &set, &errors), "%s",
                      wrong[i]);
        error_list_free(&errors);
        scenario_set_free(&set);
    }
}

Test(schema, an_independent_validator_agrees_with_the_loader)
{
    if (!has_validator())
        cr_skip_test("node, npm or its registry is missing: the schema is not validated");
    validate("good", "$(find '" LIBRARY "' -name '*.jsonc')");
    write_all("right", right, sizeof right / sizeof *right);
    validate("good", "right/*");
    write_all("wrong", wrong, sizeof wrong / sizeof *wrong);
    validate("bad", "wrong/*");
}

/* What the loader says of wrong files: the table of faults is also a look at how its errors read.
 */
#include "core/memory.h"
#include "core/scenario.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* `text` with double quotes for its single ones, which are easier to read in C; owned by the
 * caller. */
static char *quoted(const char *text)
{
    char *copy = memory_copy_text(text, strlen(text));
    for (char *at = copy; *at; at++) {
        if (*at == '\'')
            *at = '"';
    }
    return copy;
}

/* A fault in the second line of a file: where in that line, and how wide. */
struct fault {
    const char *text;
    size_t column, width;
    const char *message; /* its beginning */
    const char *hint;    /* NULL: whatever it is */
};

static const struct fault step_faults[] = {
    {"{'publsh': {}}", 2, 8, "unknown verb `publsh`", "did you mean `publish`?"},
    {"{'Publish': {}}", 2, 9, "unknown verb `Publish`", "did you mean `publish`?"},
    {"{}", 1, 1, "the step has no verb", NULL},
    {"{'settle': {}, 'sync': {}}", 16, 6, "a step has exactly one verb; `settle` is already there",
     NULL},
    {"'settle'", 1, 8,
     "`steps` must be an array of objects like {'settle': {}}, found the text 'settle'", NULL},
    {"{'settle': 1}", 12, 1, "`settle` must be an object, found 1", NULL},
    {"{'settle': {'timeot_ms': 1}}", 13, 11, "unknown key in `settle`: `timeot_ms`",
     "did you mean `timeout_ms`?"},
    {"{'settle': {'timeout_ms': 0}}", 27, 1,
     "`timeout_ms` must be a whole number from 1 to 3600000, found 0", NULL},
    {"{'settle': {'timeout_ms': 3600001}}", 27, 7,
     "`timeout_ms` must be a whole number from 1 to 3600000, found 3600001", NULL},
    {"{'settle': {'timeout_ms': 1.5}}", 27, 3,
     "`timeout_ms` must be a whole number from 1 to 3600000, found 1.5", NULL},
    {"{'publish': {'count': 0}}", 23, 1,
     "`count` must be a whole number from 1 to 1000000, found 0", NULL},
    {"{'publish': {'count': 1000001}}", 23, 7,
     "`count` must be a whole number from 1 to 1000000, found 1000001", NULL},
    {"{'publish': {'count': '5'}}", 23, 3,
     "`count` must be a whole number from 1 to 1000000, found the text '5'", NULL},
    {"{'publish': {'count': 1e999}}", 23, 5, "the number 1e999 is too large", NULL},
    {"{'publish': {'cuont': 5}}", 14, 7, "unknown key in `publish`: `cuont`",
     "did you mean `count`?"},
    {"{'publish': {'type': ''}}", 22, 2, "`type` must not be empty", NULL},
    {"{'publish': {'type': 7}}", 22, 1, "`type` must be a text, found 7", NULL},
    {"{'publish': {'size': 16777217}}", 22, 8,
     "`size` must be a whole number from 0 to 16777216, found 16777217", NULL},
    {"{'publish': {'id': 'frsh'}}", 20, 6, "unknown value of `id`: `frsh`",
     "did you mean `fresh`?"},
    {"{'publish': {'seq': 'nxt'}}", 21, 5, "unknown value of `seq`: `nxt`", "did you mean `next`?"},
    {"{'publish': {'seq': -1}}", 21, 2,
     "`seq` must be a whole number from 0 to 9007199254740991 or `next` or `none`, found -1", NULL},
    {"{'publish': {'seq': true}}", 21, 4,
     "`seq` must be a whole number from 0 to 9007199254740991 or `next` or `none`, found true",
     NULL},
    {"{'publish': {'seq': 9007199254740991, 'count': 2}}", 21, 16,
     "counting up from `seq` leads beyond 9007199254740991", NULL},
    {"{'publish': {'live': 1}}", 22, 1, "`live` must be true or false, found 1", NULL},
    {"{'publish': {'count': 1, 'count': 2}}", 26, 7,
     "the key `count` is given twice; first in line 2, column 14", NULL},
    {"{'accept': {'path': 'v1/ws'}}", 21, 7, "`path` must begin with `/`", NULL},
    {"{'accept': {'with': {'text': 'a'}}}", 21, 1,
     "`with` must be an array of `send` objects, found an object", NULL},
    {"{'accept': {'with': [{'text': 'a', 'timeout_ms': 5}]}}", 36, 12,
     "unknown key in `send`: `timeout_ms`", NULL},
    {"{'refuse': {'how': 'htttp'}}", 20, 7, "unknown value of `how`: `htttp`",
     "did you mean `http`?"},
    {"{'refuse': {'status': 99}}", 23, 2,
     "`status` must be a whole number from 200 to 599, found 99", NULL},
    {"{'refuse': {'headers': 'Retry-After: 1'}}", 24, 16,
     "`headers` must be an object like {'Retry-After': '1'}, found the text 'Retry-After: 1'",
     NULL},
    {"{'refuse': {'headers': {'Retry After': '1'}}}", 25, 13,
     "this is no name of a header: letters, digits and `-`", NULL},
    {"{'refuse': {'headers': {'Retry-After': '1\\r\\nX: 2'}}}", 40, 11,
     "a header must not contain line breaks or control characters", NULL},
    {"{'refuse': {'headers': {'Retry-After': 1}}}", 40, 1, "`Retry-After` must be a text, found 1",
     NULL},
    {"{'send': {}}", 10, 1, "`send` needs one of `frame`, `text`, `binary`, `raw` and `again`",
     NULL},
    {"{'send': {'text': 'a', 'frame': {}}}", 11, 6,
     "`send` takes either `frame` or `text`, not both", NULL},
    {"{'send': {'binary': 'abc'}}", 21, 5, "`binary` has an odd number of hex digits", NULL},
    {"{'send': {'binary': 'abzz'}}", 21, 6, "character 3 of `binary` is no hex digit", NULL},
    {"{'send': {'binary': 'a bc'}}", 21, 6, "character 2 of `binary` is no hex digit", NULL},
    {"{'send': {'raw': ''}}", 18, 2, "`raw` must not be empty", NULL},
    {"{'send': {'raw': 'ff', 'size': 5}}", 24, 6,
     "`size` stands only together with `frame` or `text`", NULL},
    {"{'send': {'text': 'a', 'row': true}}", 24, 5, "`row` stands only together with `again`",
     NULL},
    {"{'send': {'text': 'a', 'between': 'ping'}}", 24, 9,
     "`between` stands only together with `fragments`", NULL},
    {"{'send': {'text': 'a', 'fragments': 2, 'between': 'pong'}}", 51, 6,
     "unknown value of `between`: `pong`", "did you mean `ping`?"},
    {"{'send': {'text': 'a', 'split_bytes': 0}}", 39, 1,
     "`split_bytes` must be a whole number from 1 to 16777216, found 0", NULL},
    {"{'send': {'frame': {'a': ['${sqe}']}}}", 27, 8, "unknown template `sqe`",
     "did you mean `seq`?"},
    {"{'send': {'text': '${marker}'}}", 19, 11,
     "`${marker}` is filled in only in the `frame` of `send`", NULL},
    {"{'send': {'again': 'x'}}", 20, 3, "no earlier `publish` names an event `x`", NULL},
    {"{'publish': {'as': 'first'}}, {'send': {'again': 'frist'}}", 50, 7,
     "no earlier `publish` names an event `frist`", "did you mean `first`?"},
    {"{'send': {'again': 'late'}}, {'publish': {'as': 'late'}}", 20, 6,
     "no earlier `publish` names an event `late`", NULL},
    {"{'send': {'text': 'a\\u0000b'}}", 21, 6, "a string must not contain `\\u0000`", NULL},
    {"{'expect': {}}", 12, 1,
     "`expect` needs one of `frame`, `connection`, `refused`, `reconnecting`, `resynced`, "
     "`dispatched`, `gave_up` and `nothing`",
     NULL},
    {"{'expect': {'frame': 'resync', 'connection': 2}}", 32, 12,
     "`expect` takes either `frame` or `connection`, not both", NULL},
    {"{'expect': {'frame': 'resnyc'}}", 22, 8, "unknown frame of a client: `resnyc`",
     "did you mean `resync`?"},
    {"{'expect': {'frame': 'resync', 'last_sen_seq': 5}}", 32, 14,
     "unknown field of a `resync` frame: `last_sen_seq`", "did you mean `last_seen_seq`?"},
    {"{'expect': {'frame': 'resync', 'since': {'iso8601': false}}}", 53, 5,
     "`iso8601` must be true, found false", NULL},
    {"{'expect': {'frame': 'resync', 'since': {'iso': true}}}", 42, 5,
     "unknown key in a matcher: `iso`", NULL},
    {"{'expect': {'frame': 'resync', 'since': {}}}", 41, 1,
     "the matcher of `since` is empty; it takes `min`, `max`, `iso8601`, `kind` or `absent`", NULL},
    {"{'expect': {'frame': 'resync', 'last_seen_seq': {'min': 5, 'max': 4}}}", 49, 1,
     "no number is at least 5 and at most 4", NULL},
    {"{'expect': {'frame': 'resync', 'last_seen_seq': {'min': 5, 'kind': 'number'}}}", 60, 6,
     "a matcher is either a range, `iso8601`, `kind` or `absent`", NULL},
    {"{'expect': {'frame': 'resync', 'last_seen_seq': {'kind': 'numbr'}}}", 58, 7,
     "unknown value of `kind`: `numbr`", "did you mean `number`?"},
    {"{'expect': {'frame': 'resync', 'last_seen_seq': {'min': '5'}}}", 57, 3,
     "`min` must be a number, found the text '5'", NULL},
    {"{'expect': {'connection': '2'}}", 27, 3,
     "`connection` must be a number or {'min':…,'max':…}, found the text '2'", NULL},
    {"{'expect': {'connection': {'absent': true}}}", 27, 1,
     "`connection` is always a number: this matcher can never hold", NULL},
    {"{'expect': {'reconnecting': 1, 'after_ms': 5}}", 32, 10,
     "`after_ms` stands only together with `connection`", NULL},
    {"{'expect': {'resynced': {'gapDetected': true}}}", 26, 13,
     "unknown key in `resynced`: `gapDetected`", "did you mean `gap_detected`?"},
    {"{'expect': {'resynced': true}}", 25, 4, "`resynced` must be an object of fields, found true",
     NULL},
    {"{'expect': {'dispatched': -1}}", 27, 2,
     "`dispatched` must be a whole number from 0 to 1000000, found -1", NULL},
    {"{'expect': {'dispatched': {'x': 1}}}", 28, 3, "no earlier `publish` names an event `x`",
     NULL},
    {"{'expect': {'dispatched': {}}}", 27, 1, "`dispatched` names no event", NULL},
    {"{'expect': {'dispatched': 'many'}}", 27, 6,
     "`dispatched` must be a number or an object like {'NAME': 1}, found the text 'many'", NULL},
    {"{'expect': {'gave_up': false}}", 24, 5, "`gave_up` must be true, found false", NULL},
    {"{'expect': {'nothing': 'resink'}}", 24, 8, "unknown value of `nothing`: `resink`",
     "did you mean `resync`?"},
    {"{'expect': {'nothing': []}}", 24, 1, "`nothing` must name something", NULL},
    {"{'expect': {'nothing': ['resync', 5]}}", 35, 1,
     "`nothing` must be a text or an array of texts, found 5", NULL},
    {"{'expect': {'dispatched': 1, 'for_ms': 5}}", 30, 8,
     "`for_ms` stands only together with `nothing`", NULL},
    {"{'expect': {'dispatched': 1, 'level': 'may'}}", 39, 5, "unknown value of `level`: `may`",
     NULL},
    {"{'drop': {'how': 'rset'}}", 18, 6, "unknown value of `how`: `rset`", "did you mean `reset`?"},
    {"{'close': {'code': 65536}}", 20, 5,
     "`code` must be a whole number from 0 to 65535, found 65536", NULL},
    {"{'close': {'reason': "
     "'01234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901"
     "23456789012345678901234567890123'}}",
     22, 126, "`reason` has 124 bytes; at most 123 fit", NULL},
    {"{'restart': {'counter': 'kep'}}", 25, 5, "unknown value of `counter`: `kep`",
     "did you mean `keep`?"},
    {"{'restart': {'ring': 'full'}}", 22, 6, "unknown value of `ring`: `full`", NULL},
    {"{'set': {}}", 9, 1, "`set` changes nothing", NULL},
    {"{'set': {'ack': 'twise'}}", 17, 7, "unknown value of `ack`: `twise`",
     "did you mean `twice`?"},
    {"{'set': {'ack': 5}}", 17, 1,
     "`ack` must be `auto` or `omit` or `twice` or an object of fields, found 5", NULL},
    {"{'set': {'cut_how': 'fin'}}", 10, 9, "`cut_how` stands only together with `cut_replay_after`",
     NULL},
    {"{'set': {'token': ''}}", 19, 2, "`token` must not be empty", NULL},
    {"{'advance': {}}", 13, 1, "`advance` needs `ms`", NULL},
    {"{'advance': {'ms': -1}}", 20, 2, "`ms` must be a whole number from 0 to 3600000, found -1",
     NULL},
    {"{'client': {}}", 12, 1, "`client` needs `do`", NULL},
    {"{'client': {'do': 'subscribe'}}", 12, 1, "`subscribe` needs `channels`, at least one", NULL},
    {"{'client': {'do': 'subscribe', 'channels': []}}", 44, 1,
     "`subscribe` needs `channels`, at least one", NULL},
    {"{'client': {'do': 'subscribe', 'channels': 'general'}}", 44, 9,
     "`channels` must be an array of texts, found the text 'general'", NULL},
    {"{'client': {'do': 'subscribe', 'channels': ['']}}", 45, 2,
     "`channels` must be an array of texts that are not empty, found the text ''", NULL},
    {"{'client': {'do': 'throw', 'channels': ['a']}}", 28, 10, "`throw` takes no `channels`", NULL},
    {"{'client': {'do': 'slow'}}", 12, 1, "`slow` needs `ms`", NULL},
    {"{'client': {'do': 'stop', 'ms': 5}}", 27, 4, "`stop` takes no `ms`", NULL},
    {"{'repeat': {'times': 2}}", 12, 1, "`repeat` needs `steps`", NULL},
    {"{'repeat': {'times': 2, 'steps': []}}", 34, 1, "`steps` must not be empty", NULL},
    {"{'repeat': {'times': 0, 'steps': [{'settle': {}}]}}", 22, 1,
     "`times` must be a whole number from 1 to 1000000, found 0", NULL},
    {"{'repeat': {'times': 10001, 'steps': [{'settle': {}}]}}", 22, 5,
     "a scenario has at most 10000 steps, repeats unrolled", NULL},
    {"{'repeat': {'times': 200, 'steps': [{'repeat': {'times': 51, 'steps': [{'sync': {}}]}}]}}",
     22, 3, "a scenario has at most 10000 steps, repeats unrolled", NULL},
    {"{'repeat': {'times': 2, 'steps': [{'sink': {}}]}}", 36, 6, "unknown verb `sink`", NULL},
    {"/* größe */ {'publish': {'cöunt': 5}}", 26, 7, "unknown key in `publish`: `cöunt`",
     "did you mean `count`?"},
};

static const struct fault top_faults[] = {
    {"'titel': 'x'", 1, 7, "unknown key in the scenario: `titel`", "did you mean `title`?"},
    {"'why': 5", 8, 1, "`why` must be a text, found 5", NULL},
    {"'tags': 'db'", 9, 4, "`tags` must be an array of texts, found the text 'db'", NULL},
    {"'dialect': 'agnet'", 12, 7, "unknown value of `dialect`: `agnet`", "did you mean `agent`?"},
    {"'server': []", 11, 1, "`server` must be an object, found an array", NULL},
    {"'server': {'ring': 1000001}", 20, 7,
     "`ring` must be a whole number from 0 to 1000000, found 1000001", NULL},
    {"'server': {'tls': 1}", 19, 1, "`tls` must be true or false, found 1", NULL},
    {"'server': {'clock': {'skew': 5}}", 22, 6, "unknown key in `clock`: `skew`",
     "did you mean `skew_ms`?"},
    {"'server': {'clock': {'skew_ms': 3600000001}}", 33, 10,
     "`skew_ms` must be a whole number from -3600000000 to 3600000000, found 3600000001", NULL},
    {"'client': {'reconnect_base_ms': 0}", 33, 1,
     "`reconnect_base_ms` must be a whole number from 1 to 3600000, found 0", NULL},
    {"'client': {'clock_skew_ms': 3600000001}", 29, 10,
     "`clock_skew_ms` must be a whole number from -3600000000 to 3600000000, found 3600000001",
     NULL},
    {"'client': {'reconnect_jiter': true}", 12, 17, "unknown key in `client`: `reconnect_jiter`",
     "did you mean `reconnect_jitter`?"},
    {"'client': {'ca_file': 'x'}", 12, 9, "unknown key in `client`: `ca_file`", NULL},
    {"'judge': {'C-29': 'off'}", 11, 6, "unknown rule `C-29`", "did you mean `C-2`?"},
    {"'judge': {'S-1': 'off'}", 11, 5, "unknown rule `S-1`", NULL},
    {"'judge': {'C-2': 'on'}", 18, 4, "`C-2` must be 'off', found the text 'on'", NULL},
    {"'judge': {'C-1': 'off'}", 11, 5, "`C-1` stands in `rules` too, but is not judged", NULL},
    {"'timeout_ms': 'long'", 15, 6,
     "`timeout_ms` must be a whole number from 1 to 3600000, found the text 'long'", NULL},
    {"'each': {}", 9, 1, "`each` must have at least one key", NULL},
    {"'each': {'n': []}", 15, 1, "`n` must have at least one value", NULL},
    {"'each': {'n': 5}", 15, 1, "`n` must be an array of values, found 5", NULL},
    {"'each': {'n': [1, '1']}", 10, 3, "`n` has the value `1` twice", NULL},
    {"'each': {'n': [[1]]}", 16, 1,
     "a value of `each` must be a text, a number, true, false or null", NULL},
    {"'each': {'n': ['a b']}", 16, 5,
     "a text of `each` must consist of letters, digits, `.`, `_` and `-`: it becomes part of a "
     "name",
     NULL},
    {"'each': {'n': ['']}", 16, 2,
     "a text of `each` must consist of letters, digits, `.`, `_` and `-`: it becomes part of a "
     "name",
     NULL},
    {"'each': {'seq': [1]}", 10, 5, "`${seq}` has a meaning of its own; choose another key", NULL},
    {"'each': {'n-1': [1]}", 10, 5, "a key of `each` must consist of letters, digits and `_`",
     NULL},
    {"'each': {'n': [1]}, 'client': {'channels': ['${m}']}", 45, 6, "unknown template `m`",
     "in the instance `x[1]`"},
    {"'each': {'n': [1]}, 'tags': ['${n}']", 30, 6,
     "`${n}` is filled in only in `title`, `server`, `client` and `steps`",
     "in the instance `x[1]`"},
    {"'each': {'n': [0, 1]}, 'client': {'reconnect_base_ms': '${n}'}", 56, 6,
     "`reconnect_base_ms` must be a whole number from 1 to 3600000, found 0",
     "in the instance `x[0]`"},
    {"'tags': ['a', 'a',]", 18, 1, "nothing follows this `,` before the `]`", NULL},
};

static void check_faults(const struct fault *faults, size_t count, const char *before,
                         const char *after)
{
    for (size_t i = 0; i < count; i++) {
        const struct fault *fault = &faults[i];
        struct buffer file;
        buffer_init(&file, BUFFER_NO_LIMIT);
        buffer_printf(&file, "%s\n%s\n%s", before, fault->text, after);
        char *text = quoted(buffer_text(&file));
        char *message = quoted(fault->message);
        struct scenario_set set = {0};
        struct error_list errors;
        error_list_init(&errors);
        cr_assert_not(scenario_load(text, strlen(text), "x.jsonc", "x", &set, &errors), "%s", text);
        cr_assert_eq(set.count, 0);
        cr_assert_eq(errors.count, 1, "%s: %zu errors", fault->text, errors.count);
        const struct error *error = &errors.items[0];
        cr_expect(strncmp(error->message, message, strlen(message)) == 0, "%s: %s", fault->text,
                  error->message);
        cr_expect(error->line == 2 && error->column == fault->column, "%s: at %zu:%zu", fault->text,
                  error->line, error->column);
        cr_expect_eq(error->width, fault->width, "%s: width %zu", fault->text, error->width);
        if (fault->hint)
            cr_expect_str_eq(error->hint, fault->hint, "%s: %s", fault->text, error->hint);
        error_list_free(&errors);
        scenario_set_free(&set);
        buffer_free(&file);
        free(text);
        free(message);
    }
}

Test(scenario_errors, tells_every_fault_of_a_step_at_its_place)
{
    check_faults(step_faults, sizeof step_faults / sizeof *step_faults,
                 "{'title':'t','rules':['C-1'],'steps':[", "]}");
}

Test(scenario_errors, tells_every_fault_of_the_top_level_at_its_place)
{
    check_faults(top_faults, sizeof top_faults / sizeof *top_faults,
                 "{'title':'t','rules':['C-1'],'steps':[{'settle':{}}],", "}");
}

/* Loads what must not load; the errors are the caller's to free. */
static void load_wrong(const char *text, size_t size_bytes, struct error_list *errors)
{
    struct scenario_set set = {0};
    error_list_init(errors);
    cr_assert_not(scenario_load(text, size_bytes, "x.jsonc", "x", &set, errors));
    cr_assert(error_list_failed(errors));
    cr_assert_eq(set.count, 0);
    scenario_set_free(&set);
}

static void check_file(const char *text, size_t count, size_t line, size_t column,
                       const char *message)
{
    char *file = quoted(text);
    struct error_list errors;
    load_wrong(file, strlen(file), &errors);
    cr_assert_eq(errors.count, count, "%s: %zu errors", text, errors.count);
    cr_assert_str_eq(errors.items[0].message, message);
    cr_assert_eq(errors.items[0].line, line);
    cr_assert_eq(errors.items[0].column, column, "column %zu", errors.items[0].column);
    error_list_free(&errors);
    free(file);
}

Test(scenario_errors, refuses_what_is_no_scenario_at_all)
{
    check_file("", 1, 1, 1, "the file is empty");
    check_file("\xEF\xBB\xBF{}", 1, 1, 1, "the file starts with a byte order mark");
    check_file("[]", 1, 1, 1, "a scenario must be an object");
    check_file("// c\n 5", 1, 2, 2, "a scenario must be an object");
    check_file("null", 1, 1, 1, "a scenario must be an object");
    check_file("{'title': '\xFF'}", 1, 1, 12, "the byte 0xFF is not UTF-8");
    check_file("{}", 3, 1, 1, "the scenario needs `title`");
    check_file("{'title':'t','title':'u','rules':['C-1'],'steps':[{'settle':{}}]}", 1, 1, 14,
               "the key `title` is given twice; first in line 1, column 2");
    check_file("{'title':'t','rules':[],'steps':[{'settle':{}}]}", 1, 1, 22,
               "`rules` must name at least one rule");
    check_file("{'title':'t','rules':['C-1','C-1'],'steps':[{'settle':{}}]}", 1, 1, 29,
               "`C-1` is named twice");
    check_file("{'title':'t','rules':['C5'],'steps':[{'settle':{}}]}", 1, 1, 23,
               "unknown rule `C5`; allowed are `C-1` to `C-28` and `S-1` to `S-10`");
    check_file("{'title':'t','rules':['step'],'steps':[{'settle':{}}]}", 1, 1, 23,
               "unknown rule `step`; allowed are `C-1` to `C-28` and `S-1` to `S-10`");
    check_file("{'title':'t','rules':['C-1'],'steps':[]}", 1, 1, 38, "`steps` must not be empty");
    check_file("{'title':'t','rules':['C-1'],'steps':{}}", 1, 1, 38,
               "`steps` must be an array of steps, found an object");
}

Test(scenario_errors, refuses_a_file_of_100_mb_by_its_size)
{
    struct error_list errors;
    load_wrong("{", (size_t)100 << 20, &errors); /* ASan would find a second byte being read */
    cr_assert_str_eq(errors.items[0].message,
                     "the file has 104857600 bytes; at most 16777216 are allowed");
    error_list_free(&errors);
}

Test(scenario_errors, refuses_nesting_of_1000_levels)
{
    char text[2001] = "";
    memset(text, '[', 1000);
    memset(text + 1000, ']', 1000);
    struct error_list errors;
    load_wrong(text, 2000, &errors);
    cr_assert_str_eq(errors.items[0].message, "nested too deeply: at most 64 levels are allowed");
    error_list_free(&errors);
}

Test(scenario_errors, tells_all_errors_of_a_file_in_its_order)
{
    char *text = quoted("{\n'steps': [{'setle': {}},\n{'wait': {'ms': -1}},\n"
                        "{'expect': {'frame': 'node.register'}}],\n"
                        "'dialect': 'node', 'tags': 5,\n'rules': ['C-99'],\n'x': 1, 'x': 2}");
    static const size_t lines[] = {1, 2, 3, 5, 6, 7, 7, 7};
    struct error_list errors;
    load_wrong(text, strlen(text), &errors);
    cr_assert_eq(errors.count, sizeof lines / sizeof *lines, "%zu", errors.count);
    for (size_t i = 0; i < errors.count; i++)
        cr_assert_eq(errors.items[i].line, lines[i], "%s", errors.items[i].message);
    error_list_free(&errors);
    free(text);
}

Test(scenario_errors, tells_the_same_fault_of_many_instances_once)
{
    char *text = quoted("{'title':'t','rules':['C-1'],'each':{'n':[1,2,3,4]},"
                        "'steps':[{'wait':{'ms':'x'}},{'publish':{'count':'${n}','size':-1}}]}");
    struct error_list errors;
    load_wrong(text, strlen(text), &errors);
    cr_assert_eq(errors.count, 2, "%zu", errors.count);
    cr_assert_str_eq(errors.items[0].hint, "in the instance `x[1]`");
    error_list_free(&errors);
    free(text);
}

Test(scenario_errors, counts_what_is_too_much_to_tell)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    buffer_append_text(&text, "{\"title\":\"t\",\"rules\":[\"C-1\"],\"steps\":[");
    for (int i = 0; i < 150; i++)
        buffer_printf(&text, "%s{\"sttle\":{}}", i ? "," : "");
    buffer_append_text(&text, "]}");
    struct error_list errors;
    load_wrong(text.data, text.size_bytes, &errors);
    cr_assert_eq(errors.count, 100);
    cr_assert_eq(errors.dropped_count, 50);
    error_list_free(&errors);
    buffer_free(&text);
}

Test(scenario_errors, bounds_steps_and_instances)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    buffer_append_text(&text, "{\"title\":\"t\",\"rules\":[\"C-1\"],\"steps\":[{\"sync\":{}}");
    for (int i = 0; i < SCENARIO_STEPS_MAX; i++)
        buffer_append_text(&text, ",\n{\"sync\":{}}");
    buffer_append_text(&text, "]}");
    struct error_list errors;
    load_wrong(text.data, text.size_bytes, &errors);
    cr_assert_str_eq(errors.items[0].message,
                     "a scenario has at most 10000 steps, repeats unrolled");
    cr_assert_eq(errors.items[0].line, SCENARIO_STEPS_MAX + 1);
    error_list_free(&errors);
    buffer_free(&text);

    check_file("{'title':'t','rules':['C-1'],'steps':[{'settle':{}}],\n"
               "'each':{'a':[0,1,2,3,4,5,6,7,8,9,10],'b':[0,1,2,3,4,5,6,7,8,9],"
               "'c':[0,1,2,3,4,5,6,7,8,9],'d':[0,1,2,3,4,5,6,7,8,9]}}",
               1, 2, 1, "`each` makes more than 10000 scenarios");
    check_file("{'title':'t','rules':['C-1'],\n"
               "'each':{'a':[0,1,2,3,4,5,6,7,8,9],'b':[0,1,2,3,4,5,6,7,8,9],'c':[0,1]},\n"
               "'steps':[{'repeat':{'times':10000,'steps':[{'settle':{}}]}}]}",
               1, 1, 1, "the scenarios of `each` have more than 500000 steps together");
}

/* Any broken file must give an error or a scenario, and leak nothing. */
Test(scenario_errors, survives_any_changed_byte)
{
    char *text = quoted("{'title':'t','rules':['C-1'],'each':{'n':[1,2]},'steps':[{'publish':"
                        "{'count':'${n}','as':'e'}},{'send':{'binary':'a0'}},{'repeat':{'times':2,"
                        "'steps':[{'expect':{'dispatched':{'e':1}}}]}}]}");
    static const char bytes[] = "\"{}[]:,0-9e$\\ \n/*aX\x80";
    for (size_t at = 0; at < strlen(text); at++) {
        for (size_t i = 0; i < sizeof bytes; i++) {
            char *changed = memory_copy_text(text, strlen(text));
            changed[at] = bytes[i];
            struct scenario_set set = {0};
            struct error_list errors;
            error_list_init(&errors);
            bool is_good = scenario_load(changed, strlen(text), "x", "x", &set, &errors);
            cr_assert_eq(is_good, errors.count == 0, "%s", changed);
            cr_assert_eq(is_good, set.count > 0);
            error_list_free(&errors);
            scenario_set_free(&set);
            free(changed);
        }
    }
    free(text);
}

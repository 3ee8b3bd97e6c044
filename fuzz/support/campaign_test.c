/* The scripts around the targets, from outside: what they refuse, what bad input does to a
 * campaign, how far the corpora reach, and the build that other engines use. */
#include <criterion/criterion.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define GAPCHECK "'" GAPCHECK_SOURCE_DIR "/gapcheck' "

struct result {
    int status;
    char output[8192]; /* the end of it */
};

/* Runs a shell command; its standard error counts as output. */
static struct result run(const char *format, ...) __attribute__((format(printf, 1, 2)));

static struct result run(const char *format, ...)
{
    char command[4 * PATH_MAX], line[1024];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(command, sizeof command - 8, format, arguments);
    va_end(arguments);
    cr_assert(size > 0 && (size_t)size < sizeof command - 8);
    strcat(command, " 2>&1");
    struct result result = {.status = -1};
    FILE *pipe = popen(command, "r");
    cr_assert_not_null(pipe);
    while (fgets(line, sizeof line, pipe)) {
        size_t used = strlen(result.output), more = strlen(line);
        if (used + more >= sizeof result.output) {
            memmove(result.output, result.output + more, used - more + 1);
            used -= more;
        }
        memcpy(result.output + used, line, more + 1);
    }
    int status = pclose(pipe);
    result.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return result;
}

static void expect(const struct result *result, int status, const char *part)
{
    cr_expect_eq(result->status, status, "exit %d:\n%s", result->status, result->output);
    cr_expect(strstr(result->output, part), "no `%s` in:\n%s", part, result->output);
}

static const char *make_folder(void)
{
    static char folder[] = "/tmp/gapcheck-campaign-XXXXXX";
    cr_assert_not_null(mkdtemp(folder));
    return folder;
}

static void remove_folder(const char *folder)
{
    run("rm -rf '%s'", folder);
}

Test(campaign, what_cannot_be_asked_for_is_refused_with_what_can)
{
    static const struct {
        const char *arguments, *part;
    } cases[] = {
        {"", "which target? There are dedupe "},
        {"frames", "there is no target `frames`; there are dedupe "},
        {"frame ring", "one target at a time"},
        {"frame --engine honggfuzz", "there are libfuzzer and afl"},
        {"frame --time soon", "--time takes a time as in 90s, 10m or 2h, not `soon`"},
        {"frame --time 0", "--time takes a time"},
        {"frame --jobs=0", "--jobs takes a number from 1 to 999"},
        {"frame --jobs", "--jobs wants a value"},
        {"frame --corpus /nowhere", "there is no folder `/nowhere`"},
        {"frame --replay", "--replay wants a file"},
        {"frame --fast", "there is no option `--fast`"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct result result = run(GAPCHECK "fuzz-target %s", cases[i].arguments);
        expect(&result, 2, cases[i].part);
    }
    struct result help = run(GAPCHECK "fuzz-target --help");
    expect(&help, 0, "--sync DIR");
}

Test(campaign, an_empty_corpus_is_started_from_nothing, .timeout = 600)
{
    const char *folder = make_folder();
    struct result result =
        run(GAPCHECK "fuzz-target ring --time 4s --jobs 1 --corpus '%s'", folder);
    expect(&result, 0, "is empty: starting from");
    expect(&result, 0, "which reach code that none did");
    struct result count = run("test $(ls '%s' | wc -l) -gt 0", folder);
    cr_expect_eq(count.status, 0, "nothing was stored");
    remove_folder(folder);
}

Test(campaign, a_corpus_file_of_100_megabytes_is_left_out_and_told, .timeout = 600)
{
    const char *folder = make_folder();
    run("truncate -s 104857600 '%s/huge'", folder);
    struct result result =
        run(GAPCHECK "fuzz-target dedupe --time 3s --jobs 1 --corpus '%s'", folder);
    expect(&result, 0, "huge is longer than 65536 bytes: no target takes it, it is left out");
    struct result replay = run("'" GAPCHECK_REPLAY "' '%s/huge'", folder);
    expect(&replay, 2, "huge has 104857600 bytes; an input has at most 65536");
    remove_folder(folder);
}

/* With AFL++ the same loop watches the folder; the build for it would take minutes here. */
Test(campaign, a_sync_folder_that_vanishes_ends_it_and_loses_nothing, .timeout = 600)
{
    const char *folder = make_folder();
    /* It goes once the campaign has put something into it. */
    run("(for i in $(seq 200); do test -n \"$(ls '%s/sync/driver_line-libfuzzer' 2>/dev/null)\" "
        "&& sleep 2 && rm -rf '%s/sync' && exit; sleep 1; done) >/dev/null 2>&1 &",
        folder, folder);
    struct result result = run(GAPCHECK "fuzz-target driver_line --time 120s --jobs 1 "
                                        "--sync '%s/sync' --corpus '%s'",
                               folder, folder);
    expect(&result, 3, "is gone; what was found so far is in build/fuzz/driver_line");
    remove_folder(folder);
}

/* Breaks in two ways: at `a` anywhere, and behind a `b` that is the first byte. */
#define BREAKABLE                                                                                  \
    "#include <stddef.h>\n#include <stdint.h>\n#include <stdlib.h>\n#include <string.h>\n"         \
    "int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);\n"                        \
    "static void refuse_letter(void) { abort(); }\n"                                               \
    "static int read_beyond(const char *block, size_t size_bytes) { return block[size_bytes]; }\n" \
    "int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)\n{\n"                      \
    "    if (size_bytes > 0 && memchr(data, 'a', size_bytes)) refuse_letter();\n"                  \
    "    char *block = malloc(4);\n"                                                              \
    "    volatile int read = size_bytes > 0 && data[0] == 'b' ? read_beyond(block, 4) : 0;\n"      \
    "    (void)read;\n    free(block);\n    return 0;\n}\n"

/* As at the end of a campaign: four of what an engine put aside break it, in two ways. */
Test(campaign, crashes_are_told_apart_made_small_and_played_again, .timeout = 600)
{
    const char *folder = make_folder();
    struct result built =
        run("mkdir -p '%s/work/raw' '%s/work/found' '%s/work/log' '%s/work/tmp' && cd '%s/work' && "
            "cat >breakable.c <<'END'\n" BREAKABLE "END\n"
            "clang-14 -g -O1 -fsanitize=fuzzer,address -fno-sanitize-recover=all breakable.c "
            "-o breakable && cd raw && printf 'xxxxxxxxxxxxxxxxxxxxxaxxxxx' >one && "
            "printf 'xyzxyzxyzxyzaa' >two && printf 'bxxxxxxxxxxxxxxxxxxxxxxxxxxx' >three && "
            "printf 'bcd' >four && printf 'nothing' >five",
            folder, folder, folder, folder, folder);
    cr_assert_eq(built.status, 0, "%s", built.output);
    struct result told =
        run("cd '%s' && sh -c 'say() { echo \"$1\"; }; root=$PWD target=breakable work=$PWD/work "
            "program=$PWD/work/breakable; . \"" GAPCHECK_SOURCE_DIR "/fuzz/findings.sh\"; "
            "minimise_seconds=5; tell_crashes; cd work/found && for file in *; do "
            "echo again-$(wc -c <$file)-${file%%-*}; ../breakable $file >/dev/null 2>&1 && "
            "echo harmless; done; :'",
            folder);
    expect(&told, 0, "crashes: 4, different ones: 2");
    expect(&told, 0, "crashes that could not be seen again: 1; they are in");
    expect(&told, 0, "in read_beyond breakable.c:");
    cr_expect_null(strstr(told.output, "in malloc"), "who allocated is no place where it broke");
    expect(&told, 0, "again: ./gapcheck fuzz-target breakable --replay work/found/refuse_letter-");
    expect(&told, 0, "again-1-read_beyond");
    expect(&told, 0, "again-1-refuse_letter");
    cr_expect_null(strstr(told.output, "harmless"), "%s", told.output);
    remove_folder(folder);
}

Test(campaign, a_replay_of_nothing_is_no_success)
{
    struct result result = run("'" GAPCHECK_REPLAY "' /nowhere/at-all");
    expect(&result, 2, "/nowhere/at-all");
    const char *folder = make_folder();
    result = run("'" GAPCHECK_REPLAY "' '%s'", folder);
    expect(&result, 2, "there is no input in");
    remove_folder(folder);
}

Test(campaign, the_corpora_alone_reach_what_they_must, .timeout = 600)
{
    struct result result = run(GAPCHECK "coverage");
    expect(&result, 0, "report: build/coverage/report/index.html");
    cr_expect_null(strstr(result.output, "too little"), "%s", result.output);
}

/* The variables that OSS-Fuzz sets, set by hand; every program must start, read its seeds and end
 * well. */
Test(campaign, other_engines_can_build_and_start_every_target, .timeout = 600)
{
    const char *folder = make_folder();
    struct result built =
        run("mkdir '%s/out' '%s/work' && env -u SRC CC=clang-14 CXX=clang++-14 OUT='%s/out' "
            "WORK='%s/work' CFLAGS='-O1 -fsanitize=address,fuzzer-no-link' "
            "CXXFLAGS='-O1 -fsanitize=address,fuzzer-no-link' "
            "LIB_FUZZING_ENGINE=-fsanitize=fuzzer "
            "bash '" GAPCHECK_SOURCE_DIR "/fuzz/clusterfuzzlite/build.sh'",
            folder, folder, folder, folder);
    cr_assert_eq(built.status, 0, "%s", built.output);
    struct result started =
        run("cd '%s/out' && for source in '" GAPCHECK_SOURCE_DIR "'/fuzz/*.c; do "
            "name=$(basename $source .c); test -f $name.options || exit 1; mkdir $name-seeds && "
            "python3 -m zipfile -e ${name}_seed_corpus.zip $name-seeds && "
            "./$name -runs=0 $name-seeds || exit 1; echo started $name; done",
            folder);
    cr_expect_eq(started.status, 0, "%s", started.output);
    expect(&started, 0, "started transcript");
    remove_folder(folder);
}

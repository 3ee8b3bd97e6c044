#include "cmd/report_folder.h"

#include "cmd/sample_folder.h"

static const char *folder;

static void set_up(void)
{
    folder = sample_folder_enter();
}

static void tear_down(void)
{
    sample_folder_leave(folder);
}

TestSuite(report_folder, .init = set_up, .fini = tear_down);

static void write_text(struct report_folder *report, const char *name, const char *text)
{
    struct buffer content;
    buffer_init(&content, BUFFER_NO_LIMIT);
    buffer_append_text(&content, text);
    report_folder_write(report, name, &content);
    buffer_free(&content);
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

Test(report_folder, is_named_after_the_moment_and_the_client)
{
    static const char *const cases[][2] = {
        {"relaycast@6.0.2", "out/2026-06-01T10-00-00Z-relaycast@6.0.2"},
        {"../my-driver", "out/2026-06-01T10-00-00Z-my-driver"},
        {"node a/b.mjs 'x'", "out/2026-06-01T10-00-00Z-node-a-b.mjs--x-"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct report_folder report;
        report_folder_open(&report, NULL, "out", cases[i][0], INT64_C(1780308000412));
        cr_expect_str_eq(report.path, cases[i][1]);
        cr_expect(exists(cases[i][1]));
        report_folder_close(&report);
    }
}

Test(report_folder, two_runs_in_one_second_share_none)
{
    struct report_folder first, second;
    report_folder_open(&first, NULL, "out", "x", 0);
    report_folder_open(&second, NULL, "out", "x", 0);
    cr_expect_str_neq(first.path, second.path);
    report_folder_close(&first);
    report_folder_close(&second);
}

Test(report_folder, latest_points_to_the_newest)
{
    for (int i = 0; i < 2; i++) {
        struct report_folder report;
        report_folder_open(&report, NULL, "out", "x", i * 5000);
        write_text(&report, "results.json", i ? "new" : "old");
        report_folder_publish(&report);
        cr_expect_not(report.is_broken);
        report_folder_close(&report);
    }
    cr_expect_eq(system("test \"$(cat out/latest/results.json)\" = new"), 0);
    cr_expect_eq(system("test \"$(ls out | wc -l)\" = 3"), 0); /* no temporary link is left */
}

Test(report_folder, out_is_taken_as_it_is_and_leaves_latest_alone)
{
    struct report_folder report;
    report_folder_open(&report, "a/b", "out", "x", 0);
    write_text(&report, "results.json", "{}");
    report_folder_publish(&report);
    report_folder_close(&report);
    cr_expect(exists("a/b/results.json"));
    cr_expect(exists("a/b/client.log"));
    cr_expect_not(exists("out"));
}

Test(report_folder, transcripts_have_folders_of_their_own)
{
    struct report_folder report;
    struct transcript *transcript = transcript_new();
    report_folder_open(&report, "a", NULL, "x", 0);
    report_folder_write_transcript(&report, "transcripts/resync/x[1,2].ndjson", transcript);
    report_folder_write_transcript(&report, "transcripts/y.ndjson", transcript);
    cr_expect_not(report.is_broken);
    cr_expect(exists("a/transcripts/resync/x[1,2].ndjson"));
    cr_expect(exists("a/transcripts/y.ndjson"));
    cr_expect_eq(system("test -z \"$(find a -name '*.tmp')\""), 0);
    report_folder_close(&report);
    transcript_free(transcript);
}

Test(report_folder, what_cannot_be_written_is_remembered)
{
    struct report_folder report;
    struct transcript *transcript = transcript_new();
    sample_folder_write("file", "");
    report_folder_open(&report, "file/below", NULL, "x", 0);
    cr_expect(report.is_broken);
    cr_expect_null(report.path);
    cr_expect_not_null(report.client_log);
    write_text(&report, "results.json", "{}");
    report_folder_write_transcript(&report, "transcripts/y.ndjson", transcript);
    report_folder_publish(&report);
    report_folder_close(&report);

    report_folder_open(&report, "good", NULL, "x", 0);
    sample_folder_write("good/transcripts", "in the way");
    cr_expect_not(report.is_broken);
    report_folder_write_transcript(&report, "transcripts/y.ndjson", transcript);
    cr_expect(report.is_broken);
    report_folder_close(&report);
    transcript_free(transcript);
}

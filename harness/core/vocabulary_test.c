#include "core/vocabulary.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct buffer text;

static void set_up(void)
{
    buffer_init(&text, BUFFER_NO_LIMIT);
    vocabulary_print(&text);
}

static void tear_down(void)
{
    buffer_free(&text);
}

TestSuite(vocabulary, .init = set_up, .fini = tear_down);

Test(vocabulary, the_committed_dictionary_is_the_one_the_tables_make)
{
    FILE *file = fopen(GAPCHECK_SOURCE_DIR "/fuzz/json.dict", "rb");
    cr_assert_not_null(file);
    static char committed[1 << 16];
    size_t size_bytes = fread(committed, 1, sizeof committed, file);
    fclose(file);
    cr_expect(size_bytes == text.size_bytes && !memcmp(committed, text.data, size_bytes),
              "renew it: ./gapcheck schema --write");
}

Test(vocabulary, words_of_every_format_are_in_it_once)
{
    static const char *const words[] = {
        "\n\"agent_seq\"\n", "\n\"message.created\"\n", "\n\"resynced\"\n",
        "\n\"multi\"\n",     "\n\"frame-out\"\n",       "\n\"cut_replay_after\"\n",
        "\n\"accept\"\n",    "\n\"skew_ms\"\n",         "\n\"mid-frame\"\n"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const char *first = strstr(buffer_text(&text), words[i]);
        cr_assert(first, "%s", words[i]);
        cr_expect_null(strstr(first + 1, words[i]), "twice: %s", words[i]);
    }
}

/* libFuzzer gives up on a line that it cannot read. */
Test(vocabulary, every_line_is_a_comment_or_a_quoted_word)
{
    const char *line = buffer_text(&text);
    while (*line) {
        const char *end = strchr(line, '\n');
        cr_assert_not_null(end);
        bool is_word = end - line > 2 && line[0] == '"' && end[-1] == '"' &&
                       !memchr(line + 1, '"', (size_t)(end - line) - 2) &&
                       !memchr(line, '\\', (size_t)(end - line));
        cr_expect(line[0] == '#' || is_word, "%.*s", (int)(end - line), line);
        line = end + 1;
    }
}

#include "cmd/page.h"

#include "cmd/command.h"
#include "cmd/places.h"
#include "io/files.h"

#include <stdlib.h>

bool page_read_file(void *user, const char *path, struct buffer *out, struct error *error)
{
    char *whole = places_join(user, path);
    bool is_read = files_read(whole, out, error);
    free(whole);
    return is_read;
}

static void write_page(struct report_folder *folder, const struct html_page *page)
{
    struct buffer text;
    struct error error;
    buffer_init(&text, BUFFER_NO_LIMIT);
    if (report_html(page, &text, &error))
        report_folder_write(folder, PAGE_NAME, &text);
    else
        command_print_error(&error);
    buffer_free(&text);
}

void page_write_run(struct report_folder *folder, const struct buffer *text)
{
    struct results results;
    struct error error;
    if (!folder->path)
        return;
    if (!results_read(text->data, text->size_bytes, &results, &error)) {
        command_print_error(&error);
        return;
    }
    struct html_run run = {&results, page_read_file, folder->path};
    write_page(folder, &(struct html_page){.run = &run});
    results_free(&results);
}

void page_write_mutants(struct report_folder *folder, const struct buffer *mutants)
{
    write_page(folder, &(struct html_page){.mutants = mutants->data,
                                           .mutants_bytes = mutants->size_bytes});
}

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

void page_write_run(struct report_folder *folder, const struct run *run)
{
    if (!folder->path)
        return;
    struct html_run shown = {run, page_read_file, folder->path};
    write_page(folder, &(struct html_page){.run = &shown});
}

bool page_compare(const struct matrix *difference, const char *const folders[2],
                  struct buffer *out, struct error *error)
{
    struct html_run before = {&difference->runs[0], page_read_file, (void *)folders[0]};
    struct html_run after = {&difference->runs[1], page_read_file, (void *)folders[1]};
    return report_html(
        &(struct html_page){.run = &after, .before = &before, .difference = difference}, out,
        error);
}

void page_write_mutants(struct report_folder *folder, const struct buffer *mutants)
{
    write_page(folder, &(struct html_page){.mutants = mutants->data,
                                           .mutants_bytes = mutants->size_bytes});
}

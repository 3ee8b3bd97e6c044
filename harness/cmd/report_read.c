#include "cmd/report_read.h"

#include "cmd/places.h"
#include "io/files.h"
#include "report/run_read.h"

#include <stdio.h>
#include <stdlib.h>

bool report_read(const char *folder, const char *hint, struct run *run)
{
    struct buffer text, message;
    struct error error;
    buffer_init(&text, RUN_READ_BYTES_MAX);
    buffer_init(&message, BUFFER_NO_LIMIT);
    char *path = places_join(folder, RESULTS_NAME);
    bool is_there = files_read(path, &text, &error);
    bool is_read = is_there && run_read(buffer_text(&text), text.size_bytes, run, &error);
    if (!is_there)
        snprintf(error.hint, sizeof error.hint, "%s", hint);
    if (!is_read)
        error_print(&error, is_there ? path : NULL, NULL, 0, &message);
    fputs(buffer_text(&message), stderr);
    buffer_free(&message);
    buffer_free(&text);
    free(path);
    return is_read;
}

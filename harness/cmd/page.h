/* The page of a report folder: what lies in the folder goes in, index.html comes out. */
#ifndef GAPCHECK_CMD_PAGE_H
#define GAPCHECK_CMD_PAGE_H

#include "cmd/report_folder.h"
#include "report/html.h"

#define PAGE_NAME         "index.html"
#define PAGE_COMPARE_NAME "compare.html"

/* At the end of a run. What is wrong is told as for every other file of the folder. */
void page_write_run(struct report_folder *folder, const struct run *run);
void page_write_mutants(struct report_folder *folder, const struct buffer *mutants);

/* The page that compares two runs, as text; `folders` hold their transcripts. */
bool page_compare(const struct matrix *difference, const char *const folders[2],
                  struct buffer *out, struct error *error);

/* Reads a file of the folder `user` (const char *): html_run's `read`. */
bool page_read_file(void *user, const char *path, struct buffer *out, struct error *error);

#endif

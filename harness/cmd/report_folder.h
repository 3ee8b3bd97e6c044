/* The folder that a run leaves. What cannot be written is told once and remembered: the verdicts
 * are shown all the same, and the exit is 3. */
#ifndef GAPCHECK_CMD_REPORT_FOLDER_H
#define GAPCHECK_CMD_REPORT_FOLDER_H

#include "core/buffer.h"
#include "core/transcript.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct report_folder {
    char *path;       /* owned; as it is shown; NULL: it could not be made */
    char *latest;     /* link that shall point to it; owned; NULL: none */
    FILE *client_log; /* owned; never NULL once opened, but in a joint folder */
    bool is_broken;   /* something could not be written */
};

/* Makes `out`, or a new folder in `parent` named after the moment and the client, and the client's
 * log in it. */
void report_folder_open(struct report_folder *folder, const char *out, const char *parent,
                        const char *client, int64_t now_ms);

/* A folder of that name for the runs of several clients: without a client's log. */
void report_folder_open_joint(struct report_folder *folder, const char *out, const char *parent,
                              const char *clients, int64_t now_ms);

/* The folder of one of them, named after it, in theirs: the `number`-th of that name, from 1. If
 * theirs could not be made, nothing is written here either. */
void report_folder_open_below(struct report_folder *folder, const struct report_folder *joint,
                              const char *client, size_t number);

/* Whether the folders of two clients have the same name: not all letters can stand in one. */
bool report_folder_is_same_name(const char *left, const char *right);

void report_folder_write(struct report_folder *folder, const char *name,
                         const struct buffer *content);

/* `name` is that of run_transcript_path. */
void report_folder_write_transcript(struct report_folder *folder, const char *name,
                                    const struct transcript *transcript);

/* Copies the file `source` there; false if that is no file that can be read. */
bool report_folder_copy(struct report_folder *folder, const char *name, const char *source);

/* Lets `latest` point to it. */
void report_folder_publish(struct report_folder *folder);

void report_folder_close(struct report_folder *folder);

#endif

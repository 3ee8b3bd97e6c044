/* What tests ask of the processes on this machine. */
#ifndef GAPCHECK_IO_PROCESSES_FIXTURE_H
#define GAPCHECK_IO_PROCESSES_FIXTURE_H

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* How many have `mark` in their command line, its words a blank apart; zombies have none. */
static inline int processes_count(const char *mark)
{
    int count = 0;
    DIR *entries = opendir("/proc");
    const struct dirent *entry;
    while ((entry = readdir(entries))) {
        char path[300], line[4096];
        snprintf(path, sizeof path, "/proc/%.200s/cmdline", entry->d_name);
        int file = open(path, O_RDONLY | O_CLOEXEC);
        if (file < 0)
            continue;
        ssize_t size_bytes = read(file, line, sizeof line - 1);
        close(file);
        for (ssize_t i = 0; i < size_bytes; i++)
            line[i] = line[i] ? line[i] : ' ';
        line[size_bytes > 0 ? size_bytes : 0] = '\0';
        count += strstr(line, mark) != NULL;
    }
    closedir(entries);
    return count;
}

#endif

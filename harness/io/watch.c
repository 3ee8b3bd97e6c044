#define _GNU_SOURCE /* DT_… of dirent.h */

#include "io/watch.h"

#include "core/buffer.h"
#include "core/memory.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_DEPTH_MAX 32
#define FOLDERS_MAX      10000
#define QUIET_ROUNDS_MAX 50  /* somebody who writes for ever is not waited for for ever */
#define LOST_POLL_MS     200 /* how often a root that is gone is looked for */
#define EVENTS                                                                                     \
    (IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE | IN_DELETE_SELF |       \
     IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK)

/* What watch_add was given. */
struct root {
    char *path;         /* owned */
    const char *suffix; /* borrowed */
    int tag;
    bool is_file;
    bool is_lost; /* it, or a file's folder, is not there at the moment */
};

/* A folder that the kernel watches, once for each root that it matters to. */
struct folder {
    int descriptor; /* of inotify; -1: gone */
    char *path;     /* owned */
    size_t root_index;
    int depth;
};

struct watch {
    int events, signals; /* descriptors */
    sigset_t earlier_mask;
    struct root *roots;
    size_t root_count, root_capacity_count;
    struct folder *folders;
    size_t folder_count, folder_capacity_count;
};

/* ---- folders ---- */

static bool is_left_out(const char *name)
{
    return name[0] == '.' || strcmp(name, "node_modules") == 0;
}

static char *join(const char *folder, const char *name)
{
    struct buffer path;
    size_t folder_bytes = strlen(folder);
    bool has_slash = folder_bytes > 0 && folder[folder_bytes - 1] == '/';
    buffer_init(&path, BUFFER_NO_LIMIT);
    buffer_printf(&path, "%s%s%s", folder, has_slash ? "" : "/", name);
    return buffer_take_text(&path);
}

static bool is_folder(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool add_folder(struct watch *watch, const char *path, size_t root_index, int depth);

static void add_below(struct watch *watch, const char *path, size_t root_index, int depth)
{
    const struct dirent *entry;
    DIR *directory = opendir(path);
    while (directory && (entry = readdir(directory)) != NULL) {
        if (is_left_out(entry->d_name))
            continue;
        char *below = join(path, entry->d_name);
        if (is_folder(below))
            add_folder(watch, below, root_index, depth + 1);
        free(below);
    }
    if (directory)
        closedir(directory);
}

/* Watches first and looks inside then, so that nothing falls between. */
static bool add_folder(struct watch *watch, const char *path, size_t root_index, int depth)
{
    if (depth > FOLDER_DEPTH_MAX || watch->folder_count >= FOLDERS_MAX) {
        errno = ENOSPC;
        return false;
    }
    int descriptor = inotify_add_watch(watch->events, path, EVENTS);
    if (descriptor < 0)
        return false;
    for (size_t i = 0; i < watch->folder_count; i++) {
        const struct folder *folder = &watch->folders[i];
        if (folder->descriptor == descriptor && folder->root_index == root_index)
            return true; /* made twice within one wait */
    }
    watch->folders = memory_grow(watch->folders, &watch->folder_capacity_count,
                                 watch->folder_count + 1, sizeof *watch->folders);
    watch->folders[watch->folder_count++] = (struct folder){
        descriptor, memory_copy_text(path, strlen(path)), root_index, depth};
    if (!watch->roots[root_index].is_file)
        add_below(watch, path, root_index, depth);
    return true;
}

/* The folder that a file lies in; owned by the caller. */
static char *parent_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return memory_copy_text(".", 1);
    return memory_copy_text(path, slash == path ? 1 : (size_t)(slash - path));
}

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool add_root(struct watch *watch, size_t root_index)
{
    struct root *root = &watch->roots[root_index];
    char *folder = root->is_file ? parent_of(root->path)
                                 : memory_copy_text(root->path, strlen(root->path));
    bool is_added = add_folder(watch, folder, root_index, 0);
    root->is_lost = !is_added;
    free(folder);
    return is_added;
}

bool watch_add(struct watch *watch, const char *path, const char *suffix, int tag,
               struct error *error)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        error_set(error, NULL, "cannot watch %s: %s", path, strerror(errno));
        return false;
    }
    watch->roots = memory_grow(watch->roots, &watch->root_capacity_count, watch->root_count + 1,
                               sizeof *watch->roots);
    watch->roots[watch->root_count] =
        (struct root){memory_copy_text(path, strlen(path)), suffix, tag,
                      !S_ISDIR(status.st_mode), false};
    if (add_root(watch, watch->root_count++))
        return true;
    error_set(error, "fs.inotify.max_user_watches and max_user_instances limit it",
              "cannot watch %s: %s", path, strerror(errno));
    return false;
}

/* ---- changes ---- */

void watch_changes_free(struct watch_changes *changes)
{
    for (size_t i = 0; i < changes->count; i++)
        free(changes->items[i].path);
    free(changes->items);
    *changes = (struct watch_changes){0};
}

/* Takes the path. */
static void add_change(struct watch_changes *changes, char *path, int tag)
{
    for (size_t i = 0; i < changes->count; i++) {
        if (changes->items[i].tag == tag && strcmp(changes->items[i].path, path) == 0) {
            free(path);
            return;
        }
    }
    changes->items = memory_grow(changes->items, &changes->capacity_count, changes->count + 1,
                                 sizeof *changes->items);
    changes->items[changes->count++] = (struct watch_change){path, tag};
}

static void add_root_change(const struct root *root, struct watch_changes *changes)
{
    add_change(changes, memory_copy_text(root->path, strlen(root->path)), root->tag);
}

static bool ends_with(const char *name, const char *suffix)
{
    size_t name_bytes = strlen(name), suffix_bytes = suffix ? strlen(suffix) : 0;
    return name_bytes >= suffix_bytes &&
           (suffix_bytes == 0 || strcmp(name + name_bytes - suffix_bytes, suffix) == 0);
}

/* A watched folder itself is gone, for whichever root. */
static void note_loss(struct watch *watch, int descriptor, struct watch_changes *changes)
{
    for (size_t i = 0; i < watch->folder_count; i++) {
        struct folder *folder = &watch->folders[i];
        struct root *root = &watch->roots[folder->root_index];
        if (folder->descriptor != descriptor)
            continue;
        folder->descriptor = -1;
        if (folder->depth == 0 && !root->is_lost) {
            root->is_lost = true;
            add_root_change(root, changes);
        }
    }
}

/* A folder was moved away: the kernel would go on about it and all below under the old names. */
static void forget_below(struct watch *watch, const char *path, struct watch_changes *changes)
{
    size_t path_bytes = strlen(path);
    for (size_t i = 0; i < watch->folder_count; i++) {
        const struct folder *folder = &watch->folders[i];
        int descriptor = folder->descriptor;
        if (descriptor < 0 || strncmp(folder->path, path, path_bytes) != 0 ||
            (folder->path[path_bytes] != '/' && folder->path[path_bytes] != '\0'))
            continue;
        note_loss(watch, descriptor, changes);
        inotify_rm_watch(watch->events, descriptor);
    }
}

/* `folder` is copied by value: watching more may move the list. */
static void note_entry(struct watch *watch, struct folder folder, const char *name, uint32_t mask,
                       struct watch_changes *changes)
{
    const struct root *root = &watch->roots[folder.root_index];
    if (root->is_file) {
        if (strcmp(name, base_of(root->path)) == 0 && !(mask & (IN_CREATE | IN_ISDIR)))
            add_root_change(root, changes);
        return;
    }
    if (is_left_out(name))
        return;
    char *path = join(folder.path, name);
    if (mask & IN_ISDIR) {
        if (mask & IN_MOVED_FROM)
            forget_below(watch, path, changes);
        if (mask & (IN_CREATE | IN_MOVED_TO))
            add_folder(watch, path, folder.root_index, folder.depth + 1);
        add_change(changes, path, root->tag);
    } else if (!(mask & IN_CREATE) && ends_with(name, root->suffix)) {
        /* A file that was made is a change when it has been written and closed. */
        add_change(changes, path, root->tag);
    } else {
        free(path);
    }
}

static void note_event(struct watch *watch, const struct inotify_event *event,
                       struct watch_changes *changes)
{
    if (event->mask & IN_Q_OVERFLOW) { /* nobody knows what else: all of it */
        for (size_t i = 0; i < watch->root_count; i++)
            add_root_change(&watch->roots[i], changes);
        return;
    }
    if (event->mask & (IN_DELETE_SELF | IN_IGNORED | IN_UNMOUNT)) {
        note_loss(watch, event->wd, changes);
        return;
    }
    size_t folder_count = watch->folder_count; /* those that come now know nothing of it */
    for (size_t i = 0; i < folder_count; i++) {
        struct folder folder = watch->folders[i];
        if (folder.descriptor != event->wd)
            continue;
        if (event->len > 0)
            note_entry(watch, folder, event->name, event->mask, changes);
        else if (event->mask & IN_MOVE_SELF && folder.depth == 0)
            forget_below(watch, folder.path, changes);
    }
}

static void drop_lost_folders(struct watch *watch)
{
    size_t kept_count = 0;
    for (size_t i = 0; i < watch->folder_count; i++) {
        if (watch->folders[i].descriptor < 0)
            free(watch->folders[i].path);
        else
            watch->folders[kept_count++] = watch->folders[i];
    }
    watch->folder_count = kept_count;
}

static void read_events(struct watch *watch, struct watch_changes *changes)
{
    _Alignas(struct inotify_event) char room[16384];
    ssize_t size_bytes;
    while ((size_bytes = read(watch->events, room, sizeof room)) > 0) {
        for (ssize_t at = 0; at < size_bytes;) {
            const struct inotify_event *event = (const struct inotify_event *)&room[at];
            note_event(watch, event, changes);
            at += (ssize_t)sizeof *event + (ssize_t)event->len;
        }
    }
    drop_lost_folders(watch);
}

/* A folder that was taken away and has come back, as switching branches does. */
static bool find_lost_roots(struct watch *watch, struct watch_changes *changes)
{
    bool is_any_lost = false;
    for (size_t i = 0; i < watch->root_count; i++) {
        struct root *root = &watch->roots[i];
        if (root->is_lost && access(root->path, F_OK) == 0 && add_root(watch, i))
            add_root_change(root, changes);
        is_any_lost |= root->is_lost;
    }
    return is_any_lost;
}

/* ---- waiting ---- */

static bool is_interrupted(const struct watch *watch)
{
    struct signalfd_siginfo info;
    return read(watch->signals, &info, sizeof info) == (ssize_t)sizeof info;
}

enum watch_status watch_wait(struct watch *watch, int quiet_ms, struct watch_changes *changes)
{
    *changes = (struct watch_changes){0};
    for (int round = 0; round < QUIET_ROUNDS_MAX;) {
        struct pollfd files[] = {{watch->events, POLLIN, 0}, {watch->signals, POLLIN, 0}};
        int wait_ms = find_lost_roots(watch, changes) ? LOST_POLL_MS : -1;
        bool has_changes = changes->count > 0;
        int ready_count = poll(files, 2, has_changes ? quiet_ms : wait_ms);
        if (files[1].revents && is_interrupted(watch)) {
            watch_changes_free(changes);
            return WATCH_INTERRUPTED;
        }
        if (ready_count == 0 && has_changes)
            return WATCH_CHANGED;
        if (ready_count > 0 && files[0].revents)
            read_events(watch, changes);
        round += has_changes;
    }
    return WATCH_CHANGED;
}

struct watch *watch_new(struct error *error)
{
    struct watch *watch = memory_alloc(1, sizeof *watch);
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGINT);
    sigaddset(&mask, SIGTERM);
    sigaddset(&mask, SIGHUP);
    sigprocmask(SIG_BLOCK, &mask, &watch->earlier_mask);
    watch->events = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    watch->signals = signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);
    if (watch->events >= 0 && watch->signals >= 0)
        return watch;
    error_set(error, "fs.inotify.max_user_instances limits it", "cannot watch files: %s",
              strerror(errno));
    watch_free(watch);
    return NULL;
}

void watch_free(struct watch *watch)
{
    if (!watch)
        return;
    if (watch->events >= 0)
        close(watch->events);
    if (watch->signals >= 0)
        close(watch->signals);
    for (size_t i = 0; i < watch->root_count; i++)
        free(watch->roots[i].path);
    for (size_t i = 0; i < watch->folder_count; i++)
        free(watch->folders[i].path);
    free(watch->roots);
    free(watch->folders);
    sigprocmask(SIG_SETMASK, &watch->earlier_mask, NULL);
    free(watch);
}

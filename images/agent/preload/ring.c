/*
 * Preloaded into dumpcap: keeps the ring of capture files in its bounds.
 *
 * dumpcap deletes the file that it opened so many files ago, with packets or without, and knows none of the run before.
 * Here that request, which it makes before it opens a file (ringbuf_open_file), becomes another: delete the oldest
 * files until PACKET_CAPTURE_RING are left. So a quiet hour of empty files, which the agent removes, pushes no packets
 * out, and the volume stays within its limit however far the agent is behind.
 *
 * Files of the ring are called STEM_YYYYMMDDHHMMSS_NNNNN.pcapng, and their names sort by age.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char shape[] = "_00000000000000_00000.pcapng";
enum { SHAPE_LENGTH = sizeof shape - 1 };

/* The name that dumpcap asked to delete; it does so on its main thread alone. */
static const char *asked;
static size_t stem_length;

static int has_shape(const char *name)
{
    for (size_t i = 0; i < SHAPE_LENGTH; i++) {
        if (shape[i] == '0' ? !isdigit((unsigned char)name[i]) : name[i] != shape[i])
            return 0;
    }
    return name[SHAPE_LENGTH] == '\0';
}

static int in_ring(const struct dirent *entry)
{
    return strlen(entry->d_name) == stem_length + SHAPE_LENGTH && strncmp(entry->d_name, asked, stem_length) == 0 &&
           has_shape(entry->d_name + stem_length);
}

/* Deletes the oldest files of the ring until `size` are left; false if `path` is not for it to handle. */
static int prune(const char *path, int size)
{
    const char *slash = strrchr(path, '/');
    struct dirent **names;

    if (slash == NULL || size < 1 || strlen(slash + 1) < SHAPE_LENGTH)
        return 0;
    asked = slash + 1;
    stem_length = strlen(asked) - SHAPE_LENGTH;
    if (!has_shape(asked + stem_length))
        return 0;

    char *folder = strndup(path, (size_t)(slash - path) + 1);
    int count = folder == NULL ? -1 : scandir(folder, &names, in_ring, alphasort);
    if (count < 0) {
        free(folder);
        return 0;
    }
    /* The newest is the one that dumpcap failed to begin with. */
    int handled = count == 0 || strcmp(names[count - 1]->d_name, asked) != 0;
    for (int i = 0; i < count; i++) {
        char *oldest;
        if (handled && count - i > size && asprintf(&oldest, "%s%s", folder, names[i]->d_name) >= 0) {
            unlinkat(AT_FDCWD, oldest, 0);
            free(oldest);
        }
        free(names[i]);
    }
    free(names);
    free(folder);
    return handled;
}

int unlink(const char *path)
{
    const char *size = getenv("PACKET_CAPTURE_RING");

    if (size != NULL && prune(path, atoi(size)))
        return 0;
    return unlinkat(AT_FDCWD, path, 0);
}

/* An SD card that is worn: every flush of the file named by SLOW_FILE takes SLOW_MILLISECONDS. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void wait_for(int descriptor)
{
    char link[64], path[4096];
    const char *name = getenv("SLOW_FILE"), *pause = getenv("SLOW_MILLISECONDS");
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0 || !name || !pause)
        return;
    path[length] = 0;
    if (!strstr(path, name))
        return;
    long left = atol(pause);
    struct timespec span = {left / 1000, (left % 1000) * 1000000};
    nanosleep(&span, NULL);
}

int fsync(int descriptor)
{
    int (*real)(int) = dlsym(RTLD_NEXT, "fsync");
    wait_for(descriptor);
    return real(descriptor);
}

int fdatasync(int descriptor)
{
    int (*real)(int) = dlsym(RTLD_NEXT, "fdatasync");
    wait_for(descriptor);
    return real(descriptor);
}

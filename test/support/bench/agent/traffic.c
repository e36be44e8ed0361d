/*
 * Traffic for the measurements, paced by the clock:
 *   udp ADDRESS PORT SIZE PER_SECOND SECONDS   packets of SIZE bytes of payload, each with its number
 *   tcp ADDRESS PORT SIZE PER_SECOND SECONDS   writes of SIZE bytes over one connection, each at once
 *   sink PORT                                  takes one connection after the other and reads it to its end
 *   ping ADDRESS PORT ROUNDS                   64 bytes there and back over one connection, ROUNDS times
 *   echo PORT                                  the other end of `ping`
 * Prints one line: udp and tcp what was sent (packets or writes), ping the median round trip in nanoseconds.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, LARGEST = 65536, PING_SIZE = 64 };

static char payload[BATCH][LARGEST];

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static uint64_t clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static int open_socket(int type, const char *address, const char *port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    int one = 1, handle = socket(AF_INET, type, 0);

    inet_pton(AF_INET, address, &to.sin_addr);
    if (handle < 0 || connect(handle, (struct sockaddr *)&to, sizeof to) != 0)
        fail("connect");
    if (type == SOCK_STREAM)
        setsockopt(handle, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return handle;
}

static int listen_on(const char *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    int one = 1, handle = socket(AF_INET, SOCK_STREAM, 0);

    setsockopt(handle, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (handle < 0 || bind(handle, (struct sockaddr *)&at, sizeof at) != 0 || listen(handle, 8) != 0)
        fail("listen");
    puts("listening");
    fflush(stdout);
    return handle;
}

struct pace {
    uint64_t start;
    double per_second, seconds;
};

/* How many are due by now, sleeping if none is; 0 when the time is over. */
static uint64_t due(const struct pace *pace, uint64_t sent)
{
    for (;;) {
        double elapsed = (double)(clock_ns() - pace->start) / 1e9;
        uint64_t target = (uint64_t)(elapsed * pace->per_second) + 1;

        if (elapsed >= pace->seconds)
            return 0;
        if (target > sent)
            return target - sent > BATCH ? BATCH : target - sent;
        struct timespec pause = {.tv_nsec = 50000};
        nanosleep(&pause, NULL);
    }
}

static uint64_t send_udp(int handle, size_t size, const struct pace *pace)
{
    struct mmsghdr messages[BATCH];
    struct iovec parts[BATCH];
    uint64_t sent = 0, count;

    memset(messages, 0, sizeof messages);
    for (int i = 0; i < BATCH; i++) {
        parts[i] = (struct iovec){.iov_base = payload[i], .iov_len = size};
        messages[i].msg_hdr.msg_iov = &parts[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    while ((count = due(pace, sent)) > 0) {
        for (uint64_t i = 0; i < count; i++) {
            uint64_t number = sent + i;
            memcpy(payload[i], &number, sizeof number);
        }
        int taken = sendmmsg(handle, messages, (unsigned)count, 0);
        if (taken < 0 && errno != ECONNREFUSED && errno != ENOBUFS)
            fail("sendmmsg");
        if (taken > 0)
            sent += (uint64_t)taken;
    }
    return sent;
}

static uint64_t send_tcp(int handle, size_t size, const struct pace *pace)
{
    uint64_t sent = 0, count;

    while ((count = due(pace, sent)) > 0) {
        for (uint64_t i = 0; i < count; i++)
            if (send(handle, payload[0], size, 0) != (ssize_t)size)
                fail("send");
        sent += count;
    }
    return sent;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static void ping(int handle, size_t rounds)
{
    uint64_t *times = calloc(rounds, sizeof *times);

    if (times == NULL)
        fail("calloc");
    for (size_t i = 0; i < rounds; i++) {
        uint64_t from = clock_ns();

        if (send(handle, payload[0], PING_SIZE, 0) != PING_SIZE || recv(handle, payload[0], PING_SIZE, MSG_WAITALL) != PING_SIZE)
            fail("ping");
        times[i] = clock_ns() - from;
    }
    qsort(times, rounds, sizeof *times, by_value);
    printf("%llu\n", (unsigned long long)times[rounds / 2]);
}

static void serve(int listener, int answers)
{
    for (;;) {
        int one = 1, handle = accept(listener, NULL, NULL);
        ssize_t size;

        if (handle < 0)
            fail("accept");
        setsockopt(handle, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        while ((size = recv(handle, payload[0], LARGEST, 0)) > 0)
            if (answers && send(handle, payload[0], (size_t)size, 0) != size)
                break;
        close(handle);
    }
}

int main(int argc, char *argv[])
{
    const char *what = argc > 1 ? argv[1] : "";

    if (argc == 7 && (strcmp(what, "udp") == 0 || strcmp(what, "tcp") == 0)) {
        int is_udp = what[0] == 'u', handle = open_socket(is_udp ? SOCK_DGRAM : SOCK_STREAM, argv[2], argv[3]);
        struct pace pace = {.start = clock_ns(), .per_second = atof(argv[5]), .seconds = atof(argv[6])};

        printf("%llu\n", (unsigned long long)(is_udp ? send_udp : send_tcp)(handle, (size_t)atoi(argv[4]), &pace));
    } else if (argc == 5 && strcmp(what, "ping") == 0) {
        ping(open_socket(SOCK_STREAM, argv[2], argv[3]), (size_t)atoi(argv[4]));
    } else if (argc == 3 && strcmp(what, "sink") == 0) {
        serve(listen_on(argv[2]), 0);
    } else if (argc == 3 && strcmp(what, "echo") == 0) {
        serve(listen_on(argv[2]), 1);
    } else {
        fprintf(stderr, "usage: see the head of traffic.c\n");
        return 2;
    }
    return 0;
}

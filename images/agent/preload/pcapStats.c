/*
 * Preloaded into dumpcap: reports the kernel's drop counter while the capture runs.
 *
 * dumpcap asks for it at its end only, and nobody else can: reading a packet socket's statistics resets them
 * (packet(7), PACKET_STATISTICS). libpcap keeps the sum per handle, so asking more often changes nothing for dumpcap.
 * The question is put in the packet callback, on the thread that owns the handle: pcap_dispatch() need not return
 * while packets keep coming, which is just when they are dropped.
 *
 * Once a second at most, and only after packets: `Dropped: N` on standard error, N summed over all interfaces.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pcap/pcap.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

struct callback {
    pcap_t *handle;
    pcap_handler handler;
    u_char *user;
};

static atomic_ullong dropped;

static void report(pcap_t *handle)
{
    static _Thread_local unsigned handle_dropped;
    struct pcap_stat stats;

    if (pcap_stats(handle, &stats) != 0)
        return;
    /* The counter is 32 bits wide: an unsigned difference is right across its wrap. */
    unsigned news = stats.ps_drop - handle_dropped;
    handle_dropped = stats.ps_drop;
    dprintf(STDERR_FILENO, "Dropped: %llu\n", (unsigned long long)atomic_fetch_add(&dropped, news) + news);
}

static void report_each_second(pcap_t *handle)
{
    static _Thread_local time_t reported;
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    if (now.tv_sec == reported)
        return;
    reported = now.tv_sec;
    report(handle);
}

static void on_packet(u_char *user, const struct pcap_pkthdr *header, const u_char *bytes)
{
    const struct callback *callback = (const struct callback *)user;

    callback->handler(callback->user, header, bytes);
    report_each_second(callback->handle);
}

int pcap_dispatch(pcap_t *handle, int count, pcap_handler handler, u_char *user)
{
    static _Atomic(int (*)(pcap_t *, int, pcap_handler, u_char *)) next;
    struct callback callback = {handle, handler, user};

    if (next == NULL)
        next = (int (*)(pcap_t *, int, pcap_handler, u_char *))dlsym(RTLD_NEXT, "pcap_dispatch");
    return next(handle, count, on_packet, (u_char *)&callback);
}

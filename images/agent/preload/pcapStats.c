/*
 * Preloaded into dumpcap: reports what the kernel and the interfaces drop while the capture runs.
 *
 * dumpcap asks for that at its end only, and nobody else can: reading a packet socket's statistics resets them
 * (packet(7), PACKET_STATISTICS). libpcap keeps the sum per handle, so asking more often changes nothing for dumpcap.
 * The question is put in the packet callback, on the thread that owns the handle: pcap_dispatch() need not return
 * while packets keep coming, which is just when they are dropped.
 *
 * Once a second at most, and only after packets: `Dropped: KERNEL INTERFACE` on standard error, each summed over all
 * handles.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pcap/pcap.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* See timeout.c. */
int packets_at_a_time(int count);

struct callback {
    pcap_t *handle;
    pcap_handler handler;
    u_char *user;
};

static atomic_ullong kernel_dropped, interface_dropped;

/* Adds to `sum` what a counter has grown. It is 32 bits wide: an unsigned difference is right across its wrap. */
static unsigned long long add_news(atomic_ullong *sum, unsigned counter, unsigned *before)
{
    unsigned news = counter - *before;

    *before = counter;
    return atomic_fetch_add(sum, news) + news;
}

static void report(pcap_t *handle)
{
    static _Thread_local unsigned kernel_before, interface_before;
    struct pcap_stat stats;

    if (pcap_stats(handle, &stats) != 0)
        return;
    unsigned long long kernel = add_news(&kernel_dropped, stats.ps_drop, &kernel_before);
    dprintf(STDERR_FILENO, "Dropped: %llu %llu\n", kernel, add_news(&interface_dropped, stats.ps_ifdrop, &interface_before));
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
    return next(handle, packets_at_a_time(count), on_packet, (u_char *)&callback);
}

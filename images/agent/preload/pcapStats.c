/*
 * Preloaded into dumpcap: reports what the kernel and the interfaces drop while the capture runs.
 *
 * dumpcap asks for that at its end only, and nobody else can: reading a packet socket's statistics resets them
 * (packet(7), PACKET_STATISTICS). libpcap keeps the sum per handle, so asking more often changes nothing for dumpcap.
 * The question is put on the thread that owns the handle, after it took packets (dispatch.c).
 *
 * Once a second at most, and only after packets: `Dropped: KERNEL INTERFACE` on standard error, each summed over all
 * handles.
 */
#define _GNU_SOURCE
#include <pcap/pcap.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

void report_each_second(pcap_t *handle);

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

void report_each_second(pcap_t *handle)
{
    static _Thread_local time_t reported;
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    if (now.tv_sec == reported)
        return;
    reported = now.tv_sec;
    report(handle);
}

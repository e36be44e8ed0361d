/*
 * Preloaded into dumpcap: how many packets it takes from the kernel's buffer at a time.
 *
 * dumpcap takes one, and waits by select() and asks for the time before the next (capture_loop_dispatch): more work than
 * with the packet itself, unless it is large. What has to be looked at after every packet, it looks at in its callback:
 * the size of the file and the number of packets (capture_loop_wrote_one_packet). A signal ends libpcap's loop after the
 * packet that it is at. The time alone has to wait, so the number is bounded: the packets of a millisecond or two.
 *
 * Not for the threads that read several interfaces: they fill a queue that drops what comes faster than it is written.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pcap/pcap.h>
#include <unistd.h>

enum { AT_A_TIME = 1000 };

/* See pcapStats.c. */
void report_each_second(pcap_t *handle);

static int on_main_thread(void)
{
    static _Thread_local pid_t thread;

    if (thread == 0)
        thread = gettid();
    return thread == getpid();
}

int pcap_dispatch(pcap_t *handle, int count, pcap_handler handler, u_char *user)
{
    static _Atomic(int (*)(pcap_t *, int, pcap_handler, u_char *)) next;

    if (next == NULL)
        next = (int (*)(pcap_t *, int, pcap_handler, u_char *))dlsym(RTLD_NEXT, "pcap_dispatch");
    int packets = next(handle, on_main_thread() ? AT_A_TIME : count, handler, user);
    if (packets > 0)
        report_each_second(handle);
    return packets;
}

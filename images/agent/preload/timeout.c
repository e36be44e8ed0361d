/*
 * Preloaded into dumpcap: how soon packets are handed on.
 *
 * dumpcap lets the kernel keep packets for a quarter of a second (CAP_READ_TIMEOUT). Whoever watches packets of several
 * pods side by side needs them sooner: with PACKET_CAPTURE_TIMEOUT, in milliseconds, the kernel waits that long at most.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pcap/pcap.h>
#include <stdlib.h>

static int wanted_timeout(void)
{
    const char *wanted = getenv("PACKET_CAPTURE_TIMEOUT");

    return wanted == NULL ? 0 : atoi(wanted);
}

int pcap_set_timeout(pcap_t *handle, int milliseconds)
{
    int (*next)(pcap_t *, int) = (int (*)(pcap_t *, int))dlsym(RTLD_NEXT, "pcap_set_timeout");

    return next(handle, wanted_timeout() > 0 ? wanted_timeout() : milliseconds);
}

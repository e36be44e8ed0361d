/*
 * Preloaded into dumpcap: how long the kernel may keep packets before it hands them over.
 *
 * dumpcap asks for a quarter of a second (CAP_READ_TIMEOUT) and has no flag for it. Whoever watches packets of several
 * pods side by side needs them sooner: PACKET_CAPTURE_TIMEOUT, in milliseconds, takes its place.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pcap/pcap.h>
#include <stdlib.h>

int pcap_set_timeout(pcap_t *handle, int milliseconds)
{
    int (*next)(pcap_t *, int) = (int (*)(pcap_t *, int))dlsym(RTLD_NEXT, "pcap_set_timeout");
    const char *wanted = getenv("PACKET_CAPTURE_TIMEOUT");

    return next(handle, wanted != NULL && atoi(wanted) > 0 ? atoi(wanted) : milliseconds);
}

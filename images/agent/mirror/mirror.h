/* The parts of kernel-mirror. Each returns 0, or an error number that refusal() explains. */
#ifndef MIRROR_H
#define MIRROR_H

#include <linux/filter.h>
#include <netinet/in.h>

/*
 * Packets go from a captured interface to ENTRANCE, and from there into TUNNEL. Between them they lose the route that they
 * had: vxlan lowers the path MTU of one that its packets do not fit through, and with IPv6 that is the route of the app.
 */
#define TUNNEL "pcmirror0"
#define ENTRANCE "pcmirror1"
#define BEHIND_ENTRANCE "pcmirror2"

/*
 * The time to live of the packets that carry copies. Their fragments have no ports to tell them by, but this they have, and
 * the app's have the system's 64 or one of the app's choice. The capture leaves them out by it (library/own.sh).
 */
enum { OWN_TTL = 253 };

enum { INGRESS = 1, EGRESS = 2 };

/* A classic program of one instruction or more, and what becomes of the packets for which it does not return 0. */
struct verdict {
    struct sock_fprog program;
    /* TCA_EGRESS_REDIR or TCA_INGRESS_MIRROR and the interface to go to; 0: the program itself returns the action. */
    int to;
    unsigned ifindex;
};

int make_devices(unsigned vni, const struct sockaddr_storage *collector, unsigned first_port, unsigned last_port);
void remove_devices(void);

/* Puts a filter on an interface in that direction, or another in its place. */
int attach_filter(unsigned ifindex, int direction, const struct verdict *verdict);

/* Takes it away, and what was made for it. */
void detach_filters(unsigned ifindex);

#endif

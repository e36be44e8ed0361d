/* The interfaces that copies go through. None has an address, and nothing that arrives on them gets into the pod. */
#define _GNU_SOURCE
#include "mirror.h"
#include "netlink.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/pkt_cls.h>
#include <linux/tc_act/tc_mirred.h>
#include <linux/veth.h>
#include <net/if.h>
#include <stdbool.h>
#include <string.h>

static struct rtattr *ask_for_device(const char *name, const char *kind)
{
    struct ifinfomsg link = {.ifi_family = AF_UNSPEC};

    request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &link, sizeof link);
    attribute_text(IFLA_IFNAME, name);
    struct rtattr *info = nest(IFLA_LINKINFO);
    attribute_text(IFLA_INFO_KIND, kind);
    return info;
}

/*
 * The port that the tunnel listens on is the last of the agent's own. With the collector's it could not be made in the pod
 * of one that is mirrored itself.
 */
static void ask_for_tunnel(unsigned vni, bool six, unsigned first_port, unsigned last_port)
{
    struct ifla_vxlan_port_range sources = {htons((uint16_t)first_port), htons((uint16_t)last_port)};
    struct in6_addr any = IN6ADDR_ANY_INIT;
    uint16_t listen = htons((uint16_t)last_port);
    uint8_t learning = 0, ttl = OWN_TTL;

    struct rtattr *info = ask_for_device(TUNNEL, "vxlan"), *data = nest(IFLA_INFO_DATA);
    attribute_number(IFLA_VXLAN_ID, vni);
    attribute(IFLA_VXLAN_PORT, &listen, sizeof listen);
    attribute(IFLA_VXLAN_PORT_RANGE, &sources, sizeof sources);
    attribute(IFLA_VXLAN_LEARNING, &learning, sizeof learning);
    attribute(IFLA_VXLAN_TTL, &ttl, sizeof ttl);
    if (six)
        attribute(IFLA_VXLAN_GROUP6, &any, sizeof any);
    end_nest(data);
    end_nest(info);
}

static void ask_for_entrance(void)
{
    struct ifinfomsg link = {.ifi_family = AF_UNSPEC};

    struct rtattr *info = ask_for_device(ENTRANCE, "veth"), *data = nest(IFLA_INFO_DATA), *peer = nest(VETH_INFO_PEER);
    /* The head of the peer's own request stands before its attributes. */
    append_body(&link, sizeof link);
    attribute_text(IFLA_IFNAME, BEHIND_ENTRANCE);
    end_nest(peer);
    end_nest(data);
    end_nest(info);
}

/* Every Ethernet address is behind the collector's. */
static void ask_for_collector(unsigned ifindex, const struct sockaddr_storage *collector)
{
    const struct sockaddr_in *four = (const struct sockaddr_in *)collector;
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)collector;
    struct ndmsg entry = {.ndm_family = AF_BRIDGE, .ndm_ifindex = (int)ifindex, .ndm_state = NUD_PERMANENT, .ndm_flags = NTF_SELF};
    static const char every[6];

    request(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_APPEND, &entry, sizeof entry);
    attribute(NDA_LLADDR, every, sizeof every);
    if (collector->ss_family == AF_INET6)
        attribute(NDA_DST, &six->sin6_addr, sizeof six->sin6_addr);
    else
        attribute(NDA_DST, &four->sin_addr, sizeof four->sin_addr);
    /* At the same place in addresses of both families. */
    attribute(NDA_PORT, &four->sin_port, sizeof four->sin_port);
}

/* IPv6 gives an interface an address of its own, and asks for routers there. A kernel without IPv6 refuses to be told. */
static void keep_silent(unsigned ifindex)
{
    struct ifinfomsg link = {.ifi_family = AF_UNSPEC, .ifi_index = (int)ifindex};
    uint8_t none = IN6_ADDR_GEN_MODE_NONE;

    request(RTM_NEWLINK, 0, &link, sizeof link);
    struct rtattr *families = nest(IFLA_AF_SPEC), *family = nest(AF_INET6);
    attribute(IFLA_INET6_ADDR_GEN_MODE, &none, sizeof none);
    end_nest(family);
    end_nest(families);
    send_requests();
}

static void ask_for_up(unsigned ifindex)
{
    struct ifinfomsg link = {.ifi_family = AF_UNSPEC, .ifi_index = (int)ifindex, .ifi_flags = IFF_UP | IFF_NOARP, .ifi_change = IFF_UP | IFF_NOARP};

    request(RTM_NEWLINK, 0, &link, sizeof link);
}

static int connect_devices(const struct sockaddr_storage *collector)
{
    struct sock_filter pass = BPF_STMT(BPF_RET | BPF_K, 0xffffffff), drop = BPF_STMT(BPF_RET | BPF_K, TC_ACT_SHOT);
    /* An end without the other has no carrier, and nothing is mirrored to it. */
    unsigned tunnel = if_nametoindex(TUNNEL), entrance = if_nametoindex(ENTRANCE), behind = if_nametoindex(BEHIND_ENTRANCE);
    struct verdict on = {{1, &pass}, TCA_EGRESS_REDIR, tunnel}, dropped = {{1, &drop}, 0, 0};
    int error = attach_filter(tunnel, INGRESS, &dropped);

    if (error == 0)
        error = attach_filter(entrance, INGRESS, &on);
    if (error != 0)
        return error;
    keep_silent(tunnel);
    keep_silent(entrance);
    keep_silent(behind);
    ask_for_collector(tunnel, collector);
    ask_for_up(tunnel);
    ask_for_up(entrance);
    ask_for_up(behind);
    return send_requests();
}

int make_devices(unsigned vni, const struct sockaddr_storage *collector, unsigned first_port, unsigned last_port)
{
    ask_for_tunnel(vni, collector->ss_family == AF_INET6, first_port, last_port);
    ask_for_entrance();
    int error = send_requests();

    if (error == 0)
        error = connect_devices(collector);
    if (error != 0)
        remove_devices();
    return error;
}

static void remove_device(const char *name)
{
    struct ifinfomsg link = {.ifi_family = AF_UNSPEC, .ifi_index = (int)if_nametoindex(name)};

    if (link.ifi_index == 0)
        return;
    request(RTM_DELLINK, 0, &link, sizeof link);
    send_requests();
}

void remove_devices(void)
{
    remove_device(ENTRANCE);
    remove_device(TUNNEL);
}

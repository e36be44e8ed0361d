/*
 * The filters on interfaces. What others have there stays: the qdisc `clsact` is made only where there is none, and removed
 * only if it was made here and nobody else has put a filter into it since. Which of both it is, is the filter's own handle:
 * that ends with the network namespace, and not before.
 */
#define _GNU_SOURCE
#include "mirror.h"
#include "netlink.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/tc_act/tc_mirred.h>
#include <stdbool.h>
#include <string.h>

/* Before most of others', whose verdict may be final. */
enum { PREFERENCE = 7 };

/* Of the filter in a qdisc that was there, and in one that was made for it. */
enum { HANDLE_GUEST = 0x7063, HANDLE_OWNER = 0x7064 };

struct found {
    unsigned ifindex;
    bool qdisc;
    /* The older qdisc, in the same place, that has one direction alone. */
    bool ingress;
    /* 0: there is no filter of ours. */
    unsigned handle;
    bool others;
};

static unsigned parent_of(int direction)
{
    return TC_H_MAKE(TC_H_CLSACT, direction == INGRESS ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS);
}

static bool is_kind(const struct nlmsghdr *object, const char *kind)
{
    const struct rtattr *said = find_attribute(object, sizeof(struct tcmsg), TCA_KIND);

    return said != NULL && strcmp(RTA_DATA(said), kind) == 0;
}

static void on_qdisc(const struct nlmsghdr *object, void *context)
{
    const struct tcmsg *qdisc = NLMSG_DATA(object);
    struct found *found = context;

    if ((unsigned)qdisc->tcm_ifindex != found->ifindex || qdisc->tcm_parent != TC_H_CLSACT)
        return;
    found->qdisc = is_kind(object, "clsact");
    found->ingress = !found->qdisc;
}

static void on_filter(const struct nlmsghdr *object, void *context)
{
    const struct tcmsg *filter = NLMSG_DATA(object);
    struct found *found = context;
    bool in_place = TC_H_MAJ(filter->tcm_info) >> 16 == PREFERENCE && is_kind(object, "bpf");

    if (in_place && (filter->tcm_handle == HANDLE_GUEST || filter->tcm_handle == HANDLE_OWNER))
        found->handle = filter->tcm_handle;
    else if (filter->tcm_handle != 0)
        found->others = true;
}

/* A kernel without clsact or filters has none. */
static struct found look(unsigned ifindex)
{
    struct found found = {.ifindex = ifindex};
    struct tcmsg which = {.tcm_ifindex = (int)ifindex};

    list_objects(RTM_GETQDISC, &which, sizeof which, on_qdisc, &found);
    for (int direction = INGRESS; found.qdisc && direction <= EGRESS; direction++) {
        which.tcm_parent = parent_of(direction);
        list_objects(RTM_GETTFILTER, &which, sizeof which, on_filter, &found);
    }
    return found;
}

static void ask_for_qdisc(unsigned ifindex, int type, int flags)
{
    struct tcmsg qdisc = {.tcm_ifindex = (int)ifindex, .tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0), .tcm_parent = TC_H_CLSACT};

    request(type, flags, &qdisc, sizeof qdisc);
    attribute_text(TCA_KIND, "clsact");
}

static void ask_for_filter(unsigned ifindex, int direction, unsigned handle, int type, int flags)
{
    struct tcmsg filter = {
        .tcm_ifindex = (int)ifindex,
        .tcm_handle = handle,
        .tcm_parent = parent_of(direction),
        .tcm_info = TC_H_MAKE(PREFERENCE << 16, htons(ETH_P_ALL)),
    };

    request(type, flags, &filter, sizeof filter);
    attribute_text(TCA_KIND, "bpf");
}

/* Others' filters look at the packet too: mirred's verdict is "go on". */
static void add_action(const struct verdict *verdict)
{
    struct tc_mirred mirred = {
        .action = verdict->to == TCA_EGRESS_REDIR ? TC_ACT_STOLEN : TC_ACT_UNSPEC,
        .eaction = verdict->to,
        .ifindex = verdict->ifindex,
    };
    struct rtattr *actions = nest(TCA_BPF_ACT), *first = nest(1);

    attribute_text(TCA_ACT_KIND, "mirred");
    struct rtattr *options = nest(TCA_ACT_OPTIONS);
    attribute(TCA_MIRRED_PARMS, &mirred, sizeof mirred);
    end_nest(options);
    end_nest(first);
    end_nest(actions);
}

int attach_filter(unsigned ifindex, int direction, const struct verdict *verdict)
{
    struct found found = look(ifindex);
    unsigned handle = found.handle;

    if (found.ingress)
        return refuse(EEXIST, "it has a qdisc `ingress` of somebody else's, so there is no place for `clsact`");
    if (handle == 0)
        handle = found.qdisc ? HANDLE_GUEST : HANDLE_OWNER;
    /* Both in one go, so that nothing ends between them and leaves a qdisc that nobody knows the owner of. */
    if (!found.qdisc)
        ask_for_qdisc(ifindex, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL);
    ask_for_filter(ifindex, direction, handle, RTM_NEWTFILTER, NLM_F_CREATE);
    struct rtattr *options = nest(TCA_OPTIONS);
    attribute(TCA_BPF_OPS_LEN, &verdict->program.len, sizeof verdict->program.len);
    attribute(TCA_BPF_OPS, verdict->program.filter, verdict->program.len * sizeof *verdict->program.filter);
    if (verdict->to == 0)
        attribute_number(TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
    else
        add_action(verdict);
    end_nest(options);
    return send_requests();
}

void detach_filters(unsigned ifindex)
{
    struct found found = look(ifindex);

    if (found.handle == 0)
        return;
    for (int direction = INGRESS; direction <= EGRESS; direction++)
        ask_for_filter(ifindex, direction, found.handle, RTM_DELTFILTER, 0);
    if (found.handle == HANDLE_OWNER && !found.others)
        ask_for_qdisc(ifindex, RTM_DELQDISC, 0);
    /* One of both directions may have none. */
    send_requests();
}

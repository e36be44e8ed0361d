/*
 * kernel-mirror start VNI ADDRESS PORT FIRST-LAST: makes what copies go through to a collector at ADDRESS and PORT, in VXLAN
 *   (RFC 7348), from the local ports FIRST to LAST.
 * kernel-mirror attach INTERFACE in|out: copies packets of that direction, those that a program on standard input selects:
 *   a classic one, as `tcpdump -ddd` prints it. In place of the one before, if there is one.
 * kernel-mirror detach INTERFACE: copies nothing there any more.
 * kernel-mirror stop: leaves nothing behind, on no interface.
 * kernel-mirror resolve HOST [ADDRESS]: prints an address of HOST: ADDRESS, if it still is one.
 *
 * The copies are the kernel's own doing, by its packet classifier and its vxlan driver, and go on when nobody is left here.
 * Exit code: 0; 1 and the reason on standard error; 3 if that is the lack of NET_ADMIN.
 */
#define _GNU_SOURCE
#include "mirror.h"
#include "netlink.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/bpf_common.h>
#include <linux/tc_act/tc_mirred.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { NOT_PERMITTED = 3 };

static struct sock_filter instructions[BPF_MAXINSNS];

static int end(const char *what, const char *which, int error)
{
    if (error == 0)
        return 0;
    fprintf(stderr, "kernel-mirror: cannot %s%s: %s\n", what, which, refusal());
    return error == EPERM ? NOT_PERMITTED : 1;
}

static int fail(const char *what)
{
    fprintf(stderr, "kernel-mirror: %s\n", what);
    return 1;
}

static int start(char *argv[])
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_DGRAM}, *found;
    struct sockaddr_storage collector = {0};
    unsigned first, last;

    if (getaddrinfo(argv[1], argv[2], &hints, &found) != 0 || sscanf(argv[3], "%5u-%5u", &first, &last) != 2)
        return fail("usage: start VNI ADDRESS PORT FIRST-LAST");
    memcpy(&collector, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return end("make the VXLAN device", "", make_devices((unsigned)strtoul(argv[0], NULL, 10), &collector, first, last));
}

/* 0: there is no such program. */
static unsigned short read_program(void)
{
    unsigned count, code, jump_true, jump_false, k;

    if (scanf("%u", &count) != 1 || count < 1 || count > BPF_MAXINSNS)
        return 0;
    for (unsigned i = 0; i < count; i++) {
        if (scanf("%u %u %u %u", &code, &jump_true, &jump_false, &k) != 4)
            return 0;
        instructions[i] = (struct sock_filter)BPF_JUMP((unsigned short)code, k, (unsigned char)jump_true, (unsigned char)jump_false);
    }
    return (unsigned short)count;
}

static int attach(const char *interface, const char *direction)
{
    unsigned ifindex = if_nametoindex(interface);
    struct verdict copy = {{read_program(), instructions}, TCA_INGRESS_MIRROR, if_nametoindex(ENTRANCE)};

    if (ifindex == 0)
        return fail("there is no such interface");
    if (copy.program.len == 0)
        return fail("the filter is no program, or one of more than 4096 instructions");
    return end("mirror ", interface, attach_filter(ifindex, strcmp(direction, "in") == 0 ? INGRESS : EGRESS, &copy));
}

static int detach(const char *interface)
{
    detach_filters(if_nametoindex(interface));
    return 0;
}

static int stop(void)
{
    struct if_nameindex *interfaces = if_nameindex();

    for (struct if_nameindex *interface = interfaces; interface != NULL && interface->if_index != 0; interface++)
        detach_filters(interface->if_index);
    if_freenameindex(interfaces);
    remove_devices();
    return 0;
}

static int resolve(const char *host, const char *current)
{
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM}, *addresses;
    char text[INET6_ADDRSTRLEN], first[INET6_ADDRSTRLEN] = "";
    int error = getaddrinfo(host, NULL, &hints, &addresses);

    if (error != 0) {
        fprintf(stderr, "kernel-mirror: %s: %s\n", host, gai_strerror(error));
        return 1;
    }
    for (struct addrinfo *address = addresses; address != NULL; address = address->ai_next) {
        if (getnameinfo(address->ai_addr, address->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST) != 0)
            continue;
        if (first[0] == '\0' || strcmp(text, current) == 0)
            strcpy(first, text);
    }
    freeaddrinfo(addresses);
    puts(first);
    return 0;
}

int main(int argc, char *argv[])
{
    const char *command = argc > 1 ? argv[1] : "";

    if (strcmp(command, "start") == 0 && argc == 6)
        return start(argv + 2);
    if (strcmp(command, "attach") == 0 && argc == 4)
        return attach(argv[2], argv[3]);
    if (strcmp(command, "detach") == 0 && argc == 3)
        return detach(argv[2]);
    if (strcmp(command, "stop") == 0 && argc == 2)
        return stop();
    if (strcmp(command, "resolve") == 0 && (argc == 3 || argc == 4))
        return resolve(argv[2], argc == 4 ? argv[3] : "");
    fail("usage: see kernelMirror.c");
    return 2;
}

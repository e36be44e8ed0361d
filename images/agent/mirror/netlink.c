#define _GNU_SOURCE
#include "netlink.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The longest classic program has 4096 instructions of 8 bytes, and there are two at most in one go. */
enum { LARGEST = 96 * 1024 };

static _Alignas(struct nlmsghdr) char requests[LARGEST], answers[32 * 1024];
static size_t length;
static struct nlmsghdr *last;
static unsigned sequence;
static char words[256];

static void give_up(const char *what)
{
    fprintf(stderr, "kernel-mirror: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void *append(const void *data, size_t size)
{
    size_t start = NLMSG_ALIGN(length);

    if (start + size > sizeof requests) {
        errno = EMSGSIZE;
        give_up("cannot ask for all this");
    }
    memset(requests + length, 0, start - length);
    if (size != 0)
        memcpy(requests + start, data, size);
    length = start + size;
    last->nlmsg_len = (unsigned)(requests + length - (char *)last);
    return requests + start;
}

void request(int type, int flags, const void *body, size_t size)
{
    struct nlmsghdr head = {.nlmsg_type = (unsigned short)type, .nlmsg_flags = (unsigned short)(NLM_F_REQUEST | flags), .nlmsg_seq = ++sequence};

    last = (struct nlmsghdr *)(requests + NLMSG_ALIGN(length));
    append(&head, sizeof head);
    append(body, size);
}

void attribute(int type, const void *data, size_t size)
{
    struct rtattr head = {.rta_type = (unsigned short)type, .rta_len = (unsigned short)RTA_LENGTH(size)};

    append(&head, sizeof head);
    append(data, size);
}

void attribute_text(int type, const char *text)
{
    attribute(type, text, strlen(text) + 1);
}

void attribute_number(int type, unsigned number)
{
    attribute(type, &number, sizeof number);
}

void append_body(const void *data, size_t size)
{
    append(data, size);
}

struct rtattr *nest(int type)
{
    struct rtattr head = {.rta_type = (unsigned short)(type | NLA_F_NESTED), .rta_len = 0};

    return append(&head, sizeof head);
}

void end_nest(struct rtattr *attribute)
{
    attribute->rta_len = (unsigned short)(requests + length - (char *)attribute);
}

static int open_socket(void)
{
    static int fd = -1;
    const int on = 1;

    if (fd >= 0)
        return fd;
    fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0)
        give_up("cannot speak to the kernel");
    /* Refusals with words, and without the request. */
    setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
    setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
    return fd;
}

static void send_all(void)
{
    if (send(open_socket(), requests, length, 0) != (ssize_t)length)
        give_up("cannot ask the kernel");
    length = 0;
}

static int receive(void)
{
    ssize_t size = recv(open_socket(), answers, sizeof answers, 0);

    if (size < 0)
        give_up("the kernel does not answer");
    return (int)size;
}

static int error_of(const struct nlmsghdr *answer)
{
    const struct nlmsgerr *error = NLMSG_DATA(answer);
    const struct rtattr *said;

    if (error->error == 0)
        return 0;
    said = (answer->nlmsg_flags & NLM_F_ACK_TLVS) != 0 ? find_attribute(answer, sizeof *error, NLMSGERR_ATTR_MSG) : NULL;
    if (said != NULL)
        snprintf(words, sizeof words, "%s (%.200s)", strerror(-error->error), (const char *)RTA_DATA(said));
    else
        snprintf(words, sizeof words, "%s", strerror(-error->error));
    return -error->error;
}

int send_requests(void)
{
    unsigned final = sequence;
    int error = 0;

    for (char *at = requests; at < requests + length; at += NLMSG_ALIGN(((struct nlmsghdr *)at)->nlmsg_len))
        ((struct nlmsghdr *)at)->nlmsg_flags |= NLM_F_ACK;
    send_all();
    for (unsigned answered = 0; answered != final;) {
        int size = receive();
        for (const struct nlmsghdr *answer = (const struct nlmsghdr *)answers; NLMSG_OK(answer, size); answer = NLMSG_NEXT(answer, size)) {
            if (answer->nlmsg_type != NLMSG_ERROR)
                continue;
            answered = answer->nlmsg_seq;
            if (error == 0)
                error = error_of(answer);
        }
    }
    return error;
}

const char *refusal(void)
{
    return words;
}

int refuse(int error, const char *why)
{
    snprintf(words, sizeof words, "%s", why);
    return error;
}

int list_objects(int type, const void *body, size_t size, void (*each)(const struct nlmsghdr *, void *), void *context)
{
    request(type, NLM_F_DUMP, body, size);
    send_all();
    for (;;) {
        int left = receive();
        for (const struct nlmsghdr *answer = (const struct nlmsghdr *)answers; NLMSG_OK(answer, left); answer = NLMSG_NEXT(answer, left)) {
            if (answer->nlmsg_type == NLMSG_DONE)
                return 0;
            if (answer->nlmsg_type == NLMSG_ERROR)
                return error_of(answer);
            each(answer, context);
        }
    }
}

const struct rtattr *find_attribute(const struct nlmsghdr *object, size_t head, int type)
{
    const struct rtattr *found = (const struct rtattr *)((const char *)NLMSG_DATA(object) + NLMSG_ALIGN(head));
    int left = (int)object->nlmsg_len - (int)NLMSG_SPACE(head);

    for (; RTA_OK(found, left); found = RTA_NEXT(found, left)) {
        if ((found->rta_type & NLA_TYPE_MASK) == type)
            return found;
    }
    return NULL;
}

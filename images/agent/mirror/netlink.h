/* Requests to the kernel's network configuration, rtnetlink(7), several in one system call. */
#ifndef NETLINK_H
#define NETLINK_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>

/* Begins a request, behind those that are not sent yet. */
void request(int type, int flags, const void *body, size_t size);

/* Adds an attribute to the request that was begun last. */
void attribute(int type, const void *data, size_t size);
void attribute_text(int type, const char *text);
void attribute_number(int type, unsigned number);

/* Adds bytes that are none, as some attributes begin with. */
void append_body(const void *data, size_t size);

/* Attributes up to end_nest lie within this one. */
struct rtattr *nest(int type);
void end_nest(struct rtattr *attribute);

/* Sends the requests. 0, or the error number of the first one that was refused; the others are carried out all the same. */
int send_requests(void);

/* Why, in the kernel's words, or in those of refuse(). */
const char *refusal(void);
int refuse(int error, const char *why);

/* Calls `each` for every object that there is. 0, or an error number. */
int list_objects(int type, const void *body, size_t size, void (*each)(const struct nlmsghdr *object, void *context), void *context);

/* The attribute of an object whose head has that size; NULL: it has none. */
const struct rtattr *find_attribute(const struct nlmsghdr *object, size_t head, int type);

#endif

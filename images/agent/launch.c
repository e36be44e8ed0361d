/*
 * launch COMMAND [ARGUMENT...]: runs COMMAND with NET_RAW, if the container has it.
 *
 * Kubernetes gives a non-root process no capability across an exec: `add: [NET_RAW]` fills the bounding set alone
 * (KEP-2763). This binary carries NET_RAW as a file capability and passes it on by the ambient set, which works under
 * allowPrivilegeEscalation: false, because the runtime starts it while it still holds NET_RAW itself.
 *
 * The file capability is `cap_net_raw+p` without the effective bit, and nothing here is fatal: in a container without
 * NET_RAW the program starts all the same and says what it cannot do. A sidecar that fails to start blocks its pod.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static void raise_net_raw(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};

    if (syscall(SYS_capget, &header, data) != 0)
        return;
    data[CAP_TO_INDEX(CAP_NET_RAW)].inheritable |= CAP_TO_MASK(CAP_NET_RAW) & data[CAP_TO_INDEX(CAP_NET_RAW)].permitted;
    if (syscall(SYS_capset, &header, data) != 0)
        return;
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_RAW, 0, 0);
}

int main(int argc, char *argv[])
{
    if (argc < 2) {
        fprintf(stderr, "usage: %s COMMAND [ARGUMENT...]\n", argv[0]);
        return 2;
    }
    raise_net_raw();
    execvp(argv[1], argv + 1);
    fprintf(stderr, "%s: %s: %s\n", argv[0], argv[1], strerror(errno));
    return errno == ENOENT ? 127 : 126;
}

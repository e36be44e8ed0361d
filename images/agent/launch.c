/*
 * launch COMMAND [ARGUMENT...]: runs COMMAND with NET_RAW and NET_ADMIN, as far as the container has them.
 *
 * Kubernetes gives a non-root process no capability across an exec: `add: [NET_RAW]` fills the bounding set alone
 * (KEP-2763). This binary carries both as file capabilities and passes them on by the ambient set, which works under
 * allowPrivilegeEscalation: false, because the runtime starts it while it still holds them itself.
 *
 * The file capabilities are permitted without the effective bit, and nothing here is fatal: in a container without
 * them the program starts all the same and says what it cannot do. A sidecar that fails to start blocks its pod.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static void raise_capability(unsigned capability)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};

    if (syscall(SYS_capget, &header, data) != 0)
        return;
    data[CAP_TO_INDEX(capability)].inheritable |= CAP_TO_MASK(capability) & data[CAP_TO_INDEX(capability)].permitted;
    if (syscall(SYS_capset, &header, data) != 0)
        return;
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0);
}

int main(int argc, char *argv[])
{
    if (argc < 2) {
        fprintf(stderr, "usage: %s COMMAND [ARGUMENT...]\n", argv[0]);
        return 2;
    }
    raise_capability(CAP_NET_RAW);
    raise_capability(CAP_NET_ADMIN);
    execvp(argv[1], argv + 1);
    fprintf(stderr, "%s: %s: %s\n", argv[0], argv[1], strerror(errno));
    return errno == ENOENT ? 127 : 126;
}

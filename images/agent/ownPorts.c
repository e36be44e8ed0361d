/*
 * own-ports FIRST-LAST COMMAND [ARGUMENT...]: runs COMMAND with all its TCP and UDP connections made from the local
 * ports FIRST to LAST, by which the capture's filter tells the agent's own traffic from the app's.
 *
 * COMMAND may be any program. A preloaded connect() would not reach those that make their system calls themselves, as
 * Go's do, so the kernel asks here whenever COMMAND wants an internet socket or connects one (seccomp_unotify(2)). The
 * socket is made here and handed over; when it is to be connected it is bound, here too, and then let go. Binding it at
 * once would be simpler, yet Go's library binds sockets to find out whether there is IPv6. IP_LOCAL_PORT_RANGE would
 * be too, yet it only narrows net.ipv4.ip_local_port_range, and these ports lie outside.
 *
 * It takes no privilege, and its system calls are in the profiles that container runtimes have by default.
 *
 * Exit code: COMMAND's; 128 + N if signal N ended it; 125 if the kernel cannot do this (Linux 5.14), with a line on
 * standard error. Nothing is run then.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "which architecture is this?"
#endif

enum { CANNOT = 125, DESCRIPTORS = 1024 };

static unsigned first_port, last_port;

/* COMMAND's sockets that are not connected yet: this process' descriptor of each, by COMMAND's; 0 is none. */
static int unconnected[DESCRIPTORS];

static void cannot(const char *what)
{
    fprintf(stderr, "own-ports: cannot %s: %s\n", what, strerror(errno));
    _exit(CANNOT);
}

#define LOAD(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
#define IF_EQUAL(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, yes, no)
#define RETURN(action) BPF_STMT(BPF_RET | BPF_K, action)

/* Asks for every socket(AF_INET or AF_INET6, …) and connect(). Calls of another architecture have other numbers. */
static int ask_for_sockets(void)
{
    struct sock_filter code[] = {
        LOAD(arch),
        IF_EQUAL(ARCHITECTURE, 1, 0),
        RETURN(SECCOMP_RET_ERRNO | ENOSYS),
        LOAD(nr),
        IF_EQUAL(__NR_connect, 6, 0),
        IF_EQUAL(__NR_socket, 1, 0),
        RETURN(SECCOMP_RET_ALLOW),
        LOAD(args[0]),
        IF_EQUAL(AF_INET, 2, 0),
        IF_EQUAL(AF_INET6, 1, 0),
        RETURN(SECCOMP_RET_ALLOW),
        RETURN(SECCOMP_RET_USER_NOTIF),
    };
    struct sock_fprog program = {sizeof code / sizeof code[0], code};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return -1;
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

static int bind_port(int fd, int family, in_port_t port)
{
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = port};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = port};

    return family == AF_INET6 ? bind(fd, (struct sockaddr *)&six, sizeof six)
                              : bind(fd, (struct sockaddr *)&four, sizeof four);
}

/*
 * Binds a socket to one of the ports, each in turn. The first round finds ports without a connection, not even one
 * that was closed in the last minute (TIME_WAIT); the second makes do with any.
 */
static int bind_in_turn(int fd, int family)
{
    static unsigned turn;
    const unsigned count = last_port - first_port + 1;

    if (turn == 0)
        turn = (unsigned)getpid();
    for (int reuse = 0; reuse <= 1; reuse++) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse);
        for (unsigned tries = count; tries > 0; tries--) {
            if (bind_port(fd, family, htons((in_port_t)(first_port + turn++ % count))) == 0)
                return 0;
            if (errno != EADDRINUSE)
                return -1;
        }
    }
    return -1;
}

/* Lets go of a socket: COMMAND has closed it, or connects it now. */
static void release(int theirs)
{
    if (unconnected[theirs] != 0)
        close(unconnected[theirs]);
    unconnected[theirs] = 0;
}

static int refuse(int listener, __u64 id, int error)
{
    struct seccomp_notif_resp response = {.id = id, .error = -error};

    return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

static void on_socket(int listener, const struct seccomp_notif *request)
{
    int family = (int)request->data.args[0], type = (int)request->data.args[1];
    int fd = socket(family, type | SOCK_CLOEXEC, (int)request->data.args[2]);

    if (fd < 0) {
        refuse(listener, request->id, errno);
        return;
    }
    struct seccomp_notif_addfd handover = {
        .id = request->id,
        .flags = SECCOMP_ADDFD_FLAG_SEND,
        .srcfd = (__u32)fd,
        .newfd_flags = (type & SOCK_CLOEXEC) != 0 ? O_CLOEXEC : 0,
    };
    int theirs = ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &handover);
    if (theirs < 0 || theirs >= DESCRIPTORS) {
        close(fd);
        return;
    }
    release(theirs);
    unconnected[theirs] = fd;
}

static void on_connect(int listener, const struct seccomp_notif *request)
{
    const struct seccomp_notif_resp proceed = {.id = request->id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
    struct sockaddr_in6 bound = {0};
    socklen_t length = sizeof bound;
    int theirs = (int)request->data.args[0];

    if (theirs >= 0 && theirs < DESCRIPTORS && unconnected[theirs] != 0) {
        int fd = unconnected[theirs];
        /* The port stands at the same place in addresses of both families; one that COMMAND has chosen stays. */
        if (getsockname(fd, (struct sockaddr *)&bound, &length) == 0 && bound.sin6_port == 0 &&
            bind_in_turn(fd, bound.sin6_family) != 0) {
            refuse(listener, request->id, errno);
            return;
        }
        release(theirs);
    }
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &proceed);
}

static void answer(int listener)
{
    struct seccomp_notif request = {0};

    /* The thread that asked may be gone, or have been interrupted: then it asks anew. */
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) != 0)
        return;
    if (request.data.nr == __NR_connect)
        on_connect(listener, &request);
    else
        on_socket(listener, &request);
}

static void send_descriptor(int channel, int fd)
{
    char byte = 0;
    struct iovec data = {&byte, 1};
    union { struct cmsghdr header; char space[CMSG_SPACE(sizeof(int))]; } control = {0};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);

    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
    if (sendmsg(channel, &message, 0) != 1)
        cannot("hand over a descriptor");
}

/* -1: the other side ended without sending one. */
static int receive_descriptor(int channel)
{
    char byte;
    int fd = -1;
    struct iovec data = {&byte, 1};
    union { struct cmsghdr header; char space[CMSG_SPACE(sizeof(int))]; } control = {0};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};

    if (recvmsg(channel, &message, MSG_CMSG_CLOEXEC) == 1 && CMSG_FIRSTHDR(&message) != NULL)
        memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
    return fd;
}

static void run_command(int channel, char *argv[])
{
    int listener = ask_for_sockets();
    if (listener < 0)
        cannot("ask the kernel for sockets (needs Linux 5.14)");
    send_descriptor(channel, listener);
    close(listener);
    close(channel);
    execvp(argv[0], argv);
    fprintf(stderr, "own-ports: %s: %s\n", argv[0], strerror(errno));
    _exit(errno == ENOENT ? 127 : 126);
}

int main(int argc, char *argv[])
{
    int channel[2], status;

    if (argc < 3 || sscanf(argv[1], "%5u-%5u", &first_port, &last_port) != 2 || first_port < 1 || last_port < first_port ||
        last_port > 65535) {
        fprintf(stderr, "usage: own-ports FIRST-LAST COMMAND [ARGUMENT...]\n");
        return 2;
    }

    /* Whoever started this is gone: so is this, and COMMAND with it. */
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel) != 0)
        cannot("make a socket pair");
    pid_t self = getpid(), child = fork();
    if (child < 0)
        cannot("fork");
    if (child == 0) {
        close(channel[0]);
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        if (getppid() != self)
            _exit(CANNOT);
        run_command(channel[1], argv + 2);
    }
    close(channel[1]);
    int listener = receive_descriptor(channel[0]);
    close(channel[0]);
    /* The kernel hangs up once nothing is left of COMMAND that could ask. */
    for (struct pollfd events = {.fd = listener, .events = POLLIN}; listener >= 0;) {
        if (poll(&events, 1, -1) < 0 && errno != EINTR)
            break;
        if ((events.revents & POLLIN) != 0)
            answer(listener);
        else if ((events.revents & (POLLHUP | POLLERR)) != 0)
            break;
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/*
 * connect FIRST-LAST HOST PORT COMMAND [ARGUMENT...]: runs COMMAND with a TCP connection as its standard output, made
 * from one of the local ports FIRST to LAST.
 *
 * "Connected from ADDRESS:PORT to ADDRESS:PORT" on standard error tells that COMMAND starts, and "connect: REASON" why
 * there is no connection, or none any more. COMMAND is ended when the other side closes it, which COMMAND would not notice
 * while it has nothing to write; and on SIGTERM, also when it is held up by a write to a side that does not read.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* How long an address may take to answer, a full connection to move on, and COMMAND to end, in milliseconds. */
enum { CONNECT_TIMEOUT = 5000, SEND_TIMEOUT = 30000, END_TIMEOUT = 400 };

/* So soon, in milliseconds, the other side closes its half only because it has nothing to say: `nc -l < /dev/null`. */
enum { HALF_CLOSE = 1000 };

static unsigned first_port, last_port;

static void set_option(int fd, int level, int option, int value)
{
    setsockopt(fd, level, option, &value, sizeof value);
}

/* Notices a side that is gone without a word. */
static void keep_watch(int fd)
{
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 10);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 5);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 4);
    set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, SEND_TIMEOUT);
}

static int bind_port(int fd, int family, unsigned port)
{
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons((in_port_t)port)};
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons((in_port_t)port)};

    set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (family == AF_INET6)
        return bind(fd, (struct sockaddr *)&six, sizeof six);
    return bind(fd, (struct sockaddr *)&four, sizeof four);
}

/* 0, or the error that it came to. */
static int wait_for_connection(int fd)
{
    struct pollfd events = {.fd = fd, .events = POLLOUT};
    int error = 0;
    socklen_t size = sizeof error;

    if (poll(&events, 1, CONNECT_TIMEOUT) <= 0)
        return ETIMEDOUT;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    return error;
}

/* A connection to `address` from that port, or -1 and errno. */
static int connect_from(unsigned port, const struct addrinfo *address)
{
    int fd = socket(address->ai_family, address->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, address->ai_protocol);
    int error = 0;

    if (fd < 0)
        return -1;
    keep_watch(fd);
    if (bind_port(fd, address->ai_family, port) != 0)
        error = errno;
    else if (connect(fd, address->ai_addr, address->ai_addrlen) != 0)
        error = errno == EINPROGRESS ? wait_for_connection(fd) : errno;
    if (error == 0) {
        fcntl(fd, F_SETFL, 0);
        return fd;
    }
    close(fd);
    errno = error;
    return -1;
}

/* From any of the ports. One may be in use, or remembered by the kernel for a minute after a connection to this address. */
static int connect_to(const struct addrinfo *address)
{
    const unsigned size = last_port - first_port + 1;
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    for (unsigned i = 0; i < size; i++) {
        /* Not the one that was taken last time. */
        int fd = connect_from(first_port + ((unsigned)now.tv_nsec / 1000 + i) % size, address);
        if (fd >= 0 || (errno != EADDRINUSE && errno != EADDRNOTAVAIL))
            return fd;
    }
    return -1;
}

/* A connection to the first address of the host's that takes it; does not return if none does. */
static int connect_to_host(const char *host, const char *port)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *addresses;
    int fd = -1, error = getaddrinfo(host, port, &hints, &addresses);

    if (error != 0) {
        fprintf(stderr, "connect: %s\n", error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));
        exit(1);
    }
    for (const struct addrinfo *address = addresses; address != NULL && fd < 0; address = address->ai_next)
        fd = connect_to(address);
    if (fd < 0) {
        fprintf(stderr, "connect: %s\n", strerror(errno));
        exit(1);
    }
    freeaddrinfo(addresses);
    return fd;
}

static void describe(const struct sockaddr_storage *address, socklen_t size, char *text, size_t length)
{
    char host[INET6_ADDRSTRLEN + 16] = "", port[8] = "";

    getnameinfo((const struct sockaddr *)address, size, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(text, length, address->ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

static void say_connected(int fd)
{
    struct sockaddr_storage own = {0}, other = {0};
    socklen_t own_size = sizeof own, other_size = sizeof other;
    char from[96], to[96];

    getsockname(fd, (struct sockaddr *)&own, &own_size);
    getpeername(fd, (struct sockaddr *)&other, &other_size);
    describe(&own, own_size, from, sizeof from);
    describe(&other, other_size, to, sizeof to);
    fprintf(stderr, "Connected from %s to %s\n", from, to);
}

/* What ended the connection, to standard error. */
static void say_lost(int fd)
{
    int error = 0;
    socklen_t size = sizeof error;

    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    fprintf(stderr, "connect: %s\n", error == 0 ? "closed by the other side" : strerror(error));
}

static pid_t start(int fd, const sigset_t *signals, char *argv[])
{
    pid_t self = getpid(), child = fork();

    if (child != 0)
        return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    sigprocmask(SIG_UNBLOCK, signals, NULL);
    if (getppid() != self || dup2(fd, STDOUT_FILENO) < 0)
        _exit(1);
    execvp(argv[0], argv);
    fprintf(stderr, "connect: %s: %s\n", argv[0], strerror(errno));
    _exit(errno == ENOENT ? 127 : 126);
}

static long milliseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Takes what the other side sends, which is of no interest; false if it is the end of it. */
static int discard(int fd)
{
    char bytes[4096];
    ssize_t size = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);

    return size > 0 || (size < 0 && (errno == EAGAIN || errno == EINTR));
}

static int is_told_to_end(int signals)
{
    struct signalfd_siginfo signal;

    return read(signals, &signal, sizeof signal) == sizeof signal && signal.ssi_signo == SIGTERM;
}

/* Waits for COMMAND's end, and sees to it: its exit status. */
static int supervise(pid_t child, int fd, int signals)
{
    struct pollfd events[] = {{.fd = signals, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
    const long start = milliseconds();
    int status, timeout = -1;

    for (;;) {
        int count = poll(events, 2, timeout), end = 0;
        if (waitpid(child, &status, WNOHANG) == child)
            return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
        if (count == 0) {
            /* A write holds it up: that fails now. */
            shutdown(fd, SHUT_RDWR);
            timeout = -1;
        }
        if (count > 0 && (events[0].revents & POLLIN) != 0)
            end = is_told_to_end(signals);
        if (count > 0 && (events[1].revents & (POLLERR | POLLHUP)) != 0) {
            say_lost(fd);
            end = 1;
        } else if (count > 0 && events[1].revents != 0 && !discard(fd)) {
            events[1].events = 0;
            if (milliseconds() - start > HALF_CLOSE) {
                say_lost(fd);
                end = 1;
            }
        }
        if (end) {
            kill(child, SIGTERM);
            events[1].fd = -1;
            timeout = END_TIMEOUT;
        }
    }
}

int main(int argc, char *argv[])
{
    sigset_t signals;

    if (argc < 5 || sscanf(argv[1], "%5u-%5u", &first_port, &last_port) != 2 || last_port < first_port || last_port > 65535) {
        fprintf(stderr, "usage: connect FIRST-LAST HOST PORT COMMAND [ARGUMENT...]\n");
        return 2;
    }
    int fd = connect_to_host(argv[2], argv[3]);
    say_connected(fd);
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGCHLD);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    int signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
    pid_t child = start(fd, &signals, argv + 4);
    if (signal_fd < 0 || child < 0) {
        fprintf(stderr, "connect: %s\n", strerror(errno));
        return 1;
    }
    return supervise(child, fd, signal_fd);
}

/*
 * serve-metrics PORT FILE: answers `GET /metrics` with FILE, as Prometheus asks for it, and everything else with an error.
 *
 * One file and no path: there is nothing else that anybody could be given. One process and a few connections, the oldest
 * of which goes when another comes: whoever opens many takes neither memory nor processes, nor the others' turn. It ends
 * with the program that started it.
 *
 * Exit codes: 2 PORT is none, 3 it is taken, 1 anything else.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS = 16, LARGEST_REQUEST = 4096, LARGEST_FILE = 65536, SEND_MILLISECONDS = 1000 };

struct client {
    int connection;
    size_t length;
    char request[LARGEST_REQUEST];
};

/* Those that have not sent all of their request, the oldest first. */
static struct client *clients[CLIENTS];
static size_t client_count;

static void write_all(int connection, const char *text, size_t length)
{
    struct pollfd one = {.fd = connection, .events = POLLOUT};

    while (length > 0 && poll(&one, 1, SEND_MILLISECONDS) == 1) {
        ssize_t count = send(connection, text, length, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count < 0 && errno != EAGAIN)
            return;
        if (count > 0) {
            text += count;
            length -= (size_t)count;
        }
    }
}

static void answer(int connection, const char *status, const char *body, size_t length, int with_body)
{
    char head[256];
    int size = snprintf(head, sizeof head,
                        "HTTP/1.1 %s\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: %zu\r\n"
                        "Connection: close\r\n\r\n",
                        status, length);

    write_all(connection, head, (size_t)size);
    if (with_body)
        write_all(connection, body, length);
}

static ssize_t read_file(const char *path, char *content)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t length = file < 0 ? -1 : read(file, content, LARGEST_FILE);

    if (file >= 0)
        close(file);
    return length;
}

static int is_metrics(const char *path)
{
    static const char metrics[] = "/metrics";
    size_t length = sizeof metrics - 1;

    return strncmp(path, metrics, length) == 0 && (path[length] == ' ' || path[length] == '?');
}

static void serve(const struct client *client, const char *file)
{
    static char content[LARGEST_FILE];
    int connection = client->connection;
    int head = strncmp(client->request, "HEAD ", 5) == 0;

    if (!head && strncmp(client->request, "GET ", 4) != 0) {
        answer(connection, "405 Method Not Allowed", "only GET\n", 9, 1);
    } else if (!is_metrics(strchr(client->request, ' ') + 1)) {
        answer(connection, "404 Not Found", "only /metrics\n", 14, !head);
    } else {
        ssize_t length = read_file(file, content);
        if (length < 0)
            answer(connection, "503 Service Unavailable", "not yet\n", 8, !head);
        else
            answer(connection, "200 OK", content, (size_t)length, !head);
    }
}

static void drop(size_t index)
{
    close(clients[index]->connection);
    free(clients[index]);
    client_count--;
    memmove(clients + index, clients + index + 1, (client_count - index) * sizeof *clients);
}

/* Reads what has come; true when the client is to be dropped: it was served, went away, or says too much. */
static int receive(struct client *client, const char *file)
{
    ssize_t count = recv(client->connection, client->request + client->length, LARGEST_REQUEST - 1 - client->length, MSG_DONTWAIT);

    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (count <= 0)
        return 1;
    client->length += (size_t)count;
    client->request[client->length] = '\0';
    if (strstr(client->request, "\r\n\r\n") == NULL && strstr(client->request, "\n\n") == NULL)
        return client->length == LARGEST_REQUEST - 1;
    serve(client, file);
    return 1;
}

static void welcome(int listener)
{
    int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    struct client *client = connection < 0 ? NULL : calloc(1, sizeof *client);

    if (client == NULL) {
        /* Out of file descriptors or memory: not in a tight loop. */
        if (connection >= 0)
            close(connection);
        else if (errno != EINTR && errno != ECONNABORTED && errno != EAGAIN)
            poll(NULL, 0, 100);
        return;
    }
    if (client_count == CLIENTS)
        drop(0);
    client->connection = connection;
    clients[client_count++] = client;
}

/* Waits for one thing to happen, and handles it. */
static void turn(int listener, const char *file)
{
    struct pollfd waiting[CLIENTS + 1];

    for (size_t i = 0; i < client_count; i++)
        waiting[i] = (struct pollfd){.fd = clients[i]->connection, .events = POLLIN};
    waiting[client_count] = (struct pollfd){.fd = listener, .events = POLLIN};
    if (poll(waiting, client_count + 1, -1) < 1)
        return;
    int someone = waiting[client_count].revents != 0;
    /* From the back, so that dropping one moves none that is still to be looked at. */
    for (size_t i = client_count; i-- > 0;) {
        if (waiting[i].revents != 0 && receive(clients[i], file))
            drop(i);
    }
    if (someone)
        welcome(listener);
}

/* On all addresses of both families, where there is IPv6 at all. */
static int listen_on(uint16_t port)
{
    int on = 1, off = 0;
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_ANY_INIT};
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_ANY)};
    int listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int bound = -1;

    if (listener >= 0) {
        setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        bound = bind(listener, (struct sockaddr *)&six, sizeof six);
    }
    if (bound != 0 && errno != EADDRINUSE) {
        if (listener >= 0)
            close(listener);
        listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        bound = bind(listener, (struct sockaddr *)&four, sizeof four);
    }
    if (bound != 0 || listen(listener, CLIENTS) != 0)
        exit(errno == EADDRINUSE ? 3 : 1);
    return listener;
}

int main(int argc, char *argv[])
{
    char *rest = NULL;
    long port = argc == 3 ? strtol(argv[1], &rest, 10) : 0;

    if (rest == NULL || *rest != '\0' || port < 1 || port > 65535) {
        fprintf(stderr, "usage: serve-metrics PORT FILE\n");
        return 2;
    }
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    signal(SIGTERM, SIG_DFL);
    int listener = listen_on((uint16_t)port);
    for (;;)
        turn(listener, argv[2]);
}

// SPDX-License-Identifier: Apache-2.0
/*
 * Load for a xenstore server, in C so that the server is what is measured:
 *
 *   load SOCKET MODE CONNECTIONS DEPTH MILLISECONDS
 *
 * Each connection keeps DEPTH units of work under way, on a node of its own. A unit is, by MODE: read, write: one request;
 * tx: start, read, write, end; watch: a write and its event on another connection; watchadd: WATCH or UNWATCH in turns.
 * Prints units per second, the median time of a unit in microseconds, and the number of error replies.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { READ = 2, WATCH = 4, UNWATCH = 5, START = 6, END = 7, WRITE = 11, EVENT = 15, ERROR = 16 };
enum { MAX_CONNECTIONS = 64, MAX_SAMPLES = 1 << 22 };

struct header { uint32_t type, id, tx, length; };

/* One client: what it has received, and where in its unit of work it is. */
struct client {
    int socket;
    char path[64];
    char input[1 << 16];
    size_t have;
    int step;
    uint32_t tx;
    double began;
    struct client *writer; /* of a watcher: whose events it sees */
    int outstanding;       /* of a writer: reply and event that are still to come */
    int failed;            /* the unit had an error and does not count */
};

static struct client clients[MAX_CONNECTIONS];
static double samples[MAX_SAMPLES];
static size_t units, errors;
static const char *mode;

static void die(const char *what) { perror(what); exit(1); }

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static void request(struct client *c, uint32_t type, uint32_t tx, const char *first, const char *second, int raw) {
    char bytes[512];
    struct header header = { type, 0, tx, 0 };
    size_t at = sizeof header, length = strlen(first) + 1;
    memcpy(bytes + at, first, length);
    at += length;
    if (second != NULL) {
        length = strlen(second) + (raw ? 0 : 1);
        memcpy(bytes + at, second, length);
        at += length;
    }
    header.length = at - sizeof header;
    memcpy(bytes, &header, sizeof header);
    if (write(c->socket, bytes, at) != (ssize_t)at) die("write");
}

static void begin(struct client *c) {
    c->began = now();
    if (strcmp(mode, "read") == 0) request(c, READ, 0, c->path, NULL, 0);
    else if (strcmp(mode, "tx") == 0) { c->step = 0; request(c, START, 0, "", NULL, 0); }
    else if (strcmp(mode, "watchadd") == 0) { request(c, c->step ? UNWATCH : WATCH, 0, c->path, "token", 0); c->step ^= 1; }
    else { c->outstanding = 2; request(c, WRITE, 0, c->path, "0123456789abcdef", 1); }
}

static void done(struct client *c) {
    if (!c->failed) {
        if (units < MAX_SAMPLES) samples[units] = now() - c->began;
        units++;
    }
    c->failed = 0;
    begin(c);
}

static void reply(struct client *c, const struct header *header, const char *payload) {
    if (header->type == ERROR) {
        errors++;
        c->failed = 1;
    }
    if (strcmp(mode, "watch") == 0) {
        struct client *writer = c->writer != NULL ? c->writer : c;
        if (--writer->outstanding == 0) done(writer);
    } else if (header->type == EVENT) {
        return;
    } else if (strcmp(mode, "tx") == 0 && c->step < 3) {
        if (c->step == 0) c->tx = strtoul(payload, NULL, 10);
        c->step++;
        if (c->step == 1) request(c, READ, c->tx, c->path, NULL, 0);
        else if (c->step == 2) request(c, WRITE, c->tx, c->path, "0123456789abcdef", 1);
        else request(c, END, c->tx, "T", NULL, 0);
    } else {
        done(c);
    }
}

static void receive(struct client *c, int answers) {
    ssize_t count = read(c->socket, c->input + c->have, sizeof c->input - c->have);
    size_t at = 0;
    struct header header;
    if (count <= 0) die("read");
    c->have += count;
    while (c->have - at >= sizeof header) {
        memcpy(&header, c->input + at, sizeof header);
        if (c->have - at < sizeof header + header.length) break;
        if (answers) reply(c, &header, c->input + at + sizeof header);
        at += sizeof header + header.length;
    }
    memmove(c->input, c->input + at, c->have - at);
    c->have -= at;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv) {
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct pollfd polled[MAX_CONNECTIONS];
    int connections = argc == 6 ? atoi(argv[3]) : 0;
    if (connections < 1 || connections > MAX_CONNECTIONS / 2) return 2;
    mode = argv[2];
    int depth = atoi(argv[4]), total = strcmp(mode, "watch") == 0 ? 2 * connections : connections;
    strncpy(address.sun_path, argv[1], sizeof address.sun_path - 1);

    for (int i = 0; i < total; i++) {
        struct client *c = &clients[i];
        c->socket = socket(AF_UNIX, SOCK_STREAM, 0);
        if (connect(c->socket, (struct sockaddr *)&address, sizeof address) != 0) die("connect");
        snprintf(c->path, sizeof c->path, "/bench/c%d/k", i % connections);
        if (i >= connections) c->writer = &clients[i - connections];
        request(c, WRITE, 0, c->path, "0123456789abcdef", 1);
        receive(c, 0);
        polled[i] = (struct pollfd){ .fd = c->socket, .events = POLLIN };
    }
    for (int i = connections; i < total; i++) {
        struct client *c = &clients[i];
        request(c, WATCH, 0, c->path, "token", 0);
        /* The reply and the first event, together or one after the other. */
        for (size_t got = 0, want = 16 + 3 + 16 + strlen(c->path) + 1 + 6; got < want;) {
            char bytes[256];
            ssize_t count = read(c->socket, bytes, sizeof bytes);
            if (count <= 0) die("read");
            got += count;
        }
    }

    double start = now(), end = start + atof(argv[5]) * 1e3;
    for (int i = 0; i < connections; i++)
        for (int k = 0; k < depth; k++) begin(&clients[i]);
    while (now() < end) {
        if (poll(polled, total, 1000) < 0) die("poll");
        for (int i = 0; i < total; i++)
            if (polled[i].revents != 0) receive(&clients[i], 1);
    }
    double elapsed = now() - start;
    size_t kept = units < MAX_SAMPLES ? units : MAX_SAMPLES;
    qsort(samples, kept, sizeof *samples, ascending);
    printf("{\"units\":%zu,\"rate\":%.0f,\"p50\":%.2f,\"errors\":%zu}\n", units, units * 1e6 / elapsed,
           kept > 0 ? samples[kept / 2] : 0, errors);
    return 0;
}

// SPDX-License-Identifier: Apache-2.0
// A ring of fixed messages between two threads, as it is in C. Spins, or sleeps on a futex for `idle`.
//   ring stream BYTES COUNT        prints the microseconds of one message
//   ring active BYTES COUNT        prints the microseconds of each round trip
//   ring idle BYTES COUNT PAUSE    as `active`, with so many milliseconds before each
#define _GNU_SOURCE
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SLOTS 256
#define MAX_BYTES 4096

struct ring {
    _Alignas(64) _Atomic uint32_t tail;
    _Alignas(64) _Atomic uint32_t head;
    _Alignas(64) _Atomic uint32_t sleeps;
    _Alignas(64) char slots[SLOTS * MAX_BYTES];
};

enum { MESSAGE = 1, QUESTION = 2 };

static struct ring there, back;
static size_t bytes;
static bool sleeping;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

static void relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

static void put(struct ring *ring, const char *message) {
    uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    while (tail - atomic_load_explicit(&ring->head, memory_order_acquire) == SLOTS) relax();
    memcpy(ring->slots + (tail % SLOTS) * bytes, message, bytes);
    atomic_store_explicit(&ring->tail, tail + 1, memory_order_release);
    if (sleeping && atomic_exchange(&ring->sleeps, 0)) {
        syscall(SYS_futex, &ring->tail, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    }
}

static void take(struct ring *ring, char *message) {
    uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    while (atomic_load_explicit(&ring->tail, memory_order_acquire) == head) {
        if (!sleeping) {
            relax();
            continue;
        }
        atomic_store(&ring->sleeps, 1);
        syscall(SYS_futex, &ring->tail, FUTEX_WAIT_PRIVATE, head, NULL, NULL, 0);
    }
    memcpy(message, ring->slots + (head % SLOTS) * bytes, bytes);
    atomic_store_explicit(&ring->head, head + 1, memory_order_release);
}

static void *serve(void *unused) {
    char message[MAX_BYTES];
    for (;;) {
        take(&there, message);
        if (message[0] == QUESTION) put(&back, message);
    }
    return unused;
}

static void ask(char *message) {
    message[0] = QUESTION;
    put(&there, message);
    take(&back, message);
}

int main(int count, char **arguments) {
    if (count < 4) return 1;
    const char *task = arguments[1];
    bytes = strtoul(arguments[2], NULL, 10);
    long messages = strtol(arguments[3], NULL, 10);
    long pause = count > 4 ? strtol(arguments[4], NULL, 10) : 0;
    if (bytes == 0 || bytes > MAX_BYTES) return 1;
    sleeping = strcmp(task, "idle") == 0;
    char message[MAX_BYTES] = {MESSAGE};
    pthread_t server;
    if (pthread_create(&server, NULL, serve, NULL) != 0) return 1;
    if (strcmp(task, "stream") == 0) {
        // The first round brings the memory in.
        for (long round = 0; round < 2; round++) {
            double start = now();
            message[0] = MESSAGE;
            for (long sent = 1; sent < messages; sent++) put(&there, message);
            ask(message);
            if (round == 1) printf("%f\n", (now() - start) / messages);
        }
        return 0;
    }
    for (long trip = 0; trip < messages; trip++) {
        if (pause > 0) usleep(pause * 1000);
        double start = now();
        ask(message);
        printf("%f\n", now() - start);
    }
    return 0;
}

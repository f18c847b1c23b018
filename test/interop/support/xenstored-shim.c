// SPDX-License-Identifier: Apache-2.0
/*
 * Loaded before Xen's libraries (LD_PRELOAD), it lets a C xenstored run where there is no hypervisor. In $STORE_SHIM:
 *   domN.ring   the ring page of domain N; both sides see it through the file
 *   domN.state  exists as long as the domain does
 *   events      a FIFO of event channel numbers (u32): PORT + N from domain N, VIRQ when domains came or went
 * The daemon's own events go nowhere: who drives it looks at the rings.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { VIRQ = 999, PORT = 1000, PAGE = 4096 };

static int events = -1;
static char handle;

static int open_here(const char *name, int flags)
{
    char path[512];

    snprintf(path, sizeof(path), "%s/%s", getenv("STORE_SHIM"), name);
    return syscall(SYS_openat, AT_FDCWD, path, flags, 0600);
}

static int open_of(unsigned int domid, const char *what, int flags)
{
    char name[32];

    snprintf(name, sizeof(name), "dom%u.%s", domid, what);
    return open_here(name, flags);
}

/* Where Linux shows Domain-0's page and port. */
int open(const char *path, int flags, ...)
{
    va_list list;
    int mode;

    va_start(list, flags);
    mode = va_arg(list, int);
    va_end(list);
    if (!strcmp(path, "/proc/xen/xsd_kva"))
        return open_of(0, "ring", O_RDWR);
    if (!strcmp(path, "/proc/xen/xsd_port"))
        return open_here("port", O_RDONLY);
    return syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

/* Event channels. */
void *xenevtchn_open(void *logger, unsigned int flags)
{
    events = open_here("events", O_RDWR | O_NONBLOCK);
    return events < 0 ? NULL : &handle;
}

int xenevtchn_fd(void *evtchn) { return events; }
int xenevtchn_notify(void *evtchn, uint32_t port) { return 0; }
int xenevtchn_unmask(void *evtchn, uint32_t port) { return 0; }
int xenevtchn_unbind(void *evtchn, uint32_t port) { return 0; }
int xenevtchn_bind_virq(void *evtchn, unsigned int virq) { return VIRQ; }
int xenevtchn_bind_interdomain(void *evtchn, uint32_t domid, uint32_t port) { return PORT + domid; }

int xenevtchn_pending(void *evtchn)
{
    uint32_t port;

    return read(events, &port, sizeof(port)) == sizeof(port) ? (int)port : -1;
}

/* Ring pages. */
void *xengnttab_open(void *logger, unsigned int flags) { return &handle; }
int xengnttab_close(void *gnttab) { return 0; }
int xengnttab_set_max_grants(void *gnttab, uint32_t count) { return 0; }
int xengnttab_unmap(void *gnttab, void *page, uint32_t count) { return munmap(page, PAGE); }

void *xengnttab_map_grant_ref(void *gnttab, uint32_t domid, uint32_t ref, int prot)
{
    int fd = open_of(domid, "ring", O_RDWR);
    void *page;

    if (fd < 0)
        return NULL;
    page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return page == MAP_FAILED ? NULL : page;
}

/* Domains. What xenstored looks at are the first fields of xc_dominfo_t. */
struct domain { uint32_t domid, ssidref, states; };
enum { RUNNING = 1 << 5 };

void *xc_interface_open(void *logger, void *builder, unsigned int flags) { return &handle; }
int xc_interface_close(void *xc) { return 0; }

int xc_domain_getinfo(void *xc, uint32_t domid, unsigned int count, struct domain *found)
{
    int fd = open_of(domid, "state", O_RDONLY);

    if (fd < 0)
        return 0;
    close(fd);
    *found = (struct domain){ .domid = domid, .states = RUNNING };
    return 1;
}

#define _DEFAULT_SOURCE /* IFF_UP */
#include "io/address.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

void address_find_host(const char *listen, char host[ADDRESS_TEXT_BYTES])
{
    struct ifaddrs *first = NULL;
    bool is_any = strcmp(listen, "0.0.0.0") == 0;
    snprintf(host, ADDRESS_TEXT_BYTES, "%s", is_any ? "127.0.0.1" : listen);
    if (!is_any || getifaddrs(&first) != 0)
        return;
    for (const struct ifaddrs *one = first; one; one = one->ifa_next) {
        bool is_meant = one->ifa_addr && one->ifa_addr->sa_family == AF_INET &&
                        one->ifa_flags & IFF_UP && !(one->ifa_flags & IFF_LOOPBACK);
        if (!is_meant)
            continue;
        const struct sockaddr_in *name = (const struct sockaddr_in *)one->ifa_addr;
        inet_ntop(AF_INET, &name->sin_addr, host, ADDRESS_TEXT_BYTES);
        break;
    }
    freeifaddrs(first);
}

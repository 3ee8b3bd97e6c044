/* Names of this machine on its networks. */
#ifndef GAPCHECK_IO_ADDRESS_H
#define GAPCHECK_IO_ADDRESS_H

#define ADDRESS_TEXT_BYTES 16 /* of an IPv4 address and its NUL */

/* What others write into a URL for a server that listens on `listen` (IPv4, dotted): itself, or,
 * where that means every address, the first that is not this machine's own loopback. */
void address_find_host(const char *listen, char host[ADDRESS_TEXT_BYTES]);

#endif

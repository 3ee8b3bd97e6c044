/* The reference client as a driver (driver.md): core/client around libwebsockets' own WebSocket
 * client, on standard input and output. Many clients at once in one event loop. */
#ifndef GAPCHECK_IO_REFCLIENT_H
#define GAPCHECK_IO_REFCLIENT_H

/* Serves until the end of standard input or `exit`; the exit status of the process. An unknown
 * policy is 2, with an error on standard error that names the nearest. */
int refclient_main(const char *policy_name);

#endif

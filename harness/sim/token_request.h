/* The node stream's request for a token, as bytes: what the simulated client writes, and what it
 * reads of the answer. The live one leaves that to libwebsockets. */
#ifndef GAPCHECK_SIM_TOKEN_REQUEST_H
#define GAPCHECK_SIM_TOKEN_REQUEST_H

#include "core/buffer.h"
#include "core/text.h"

void token_request_append(struct buffer *out, const char *host, const char *agent_token);

/* Reads a whole response: its status (0: it is none) and its body, borrowed from `response`. */
unsigned token_response_read(const struct buffer *response, struct span *body);

#endif

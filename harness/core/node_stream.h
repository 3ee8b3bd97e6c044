/* The names that the fake server of the node stream goes by: what it serves, what it issues, and for
 * whom it delivers (protocol.md, section 5). */
#ifndef GAPCHECK_CORE_NODE_STREAM_H
#define GAPCHECK_CORE_NODE_STREAM_H

#define NODE_STREAM_PATH       "/v1/node/ws"
#define NODE_STREAM_TOKEN_PATH "/v1/agent/node-token"
#define NODE_STREAM_TOKEN      "gapcheck-node-token" /* unless `set` says another */
#define NODE_STREAM_NODE_ID    "node-gapcheck"
#define NODE_STREAM_NODE_NAME  "gapcheck-node"
#define NODE_STREAM_AGENT      "gapcheck-agent"
#define NODE_STREAM_AGENT_ID   "agent-gapcheck"

#endif

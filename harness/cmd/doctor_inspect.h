/* What `doctor` looks for in the transcript of a small scenario: one function a check, pure. A
 * fresh outcome (fine, no text) comes in. */
#ifndef GAPCHECK_CMD_DOCTOR_INSPECT_H
#define GAPCHECK_CMD_DOCTOR_INSPECT_H

#include "cmd/doctor.h"
#include "core/transcript.h"

/* What the scenarios were written with. */
#define DOCTOR_PING_MS        60
#define DOCTOR_BASE_MS        150
#define DOCTOR_MAX_MS         300
#define DOCTOR_SLOW_MS        80
#define DOCTOR_CLIENT_SKEW_MS (-7200000)
#define DOCTOR_SERVER_SKEW_MS 3600000

typedef void doctor_inspection(const struct transcript *transcript, struct doctor_outcome *outcome);

doctor_inspection doctor_inspect_connect;
doctor_inspection doctor_inspect_channels;
doctor_inspection doctor_inspect_event;
doctor_inspection doctor_inspect_once;
doctor_inspection doctor_inspect_text;
doctor_inspection doctor_inspect_types;
doctor_inspection doctor_inspect_channels_again;
doctor_inspection doctor_inspect_lifecycle_lines;
doctor_inspection doctor_inspect_open;
doctor_inspection doctor_inspect_close;
doctor_inspection doctor_inspect_reconnecting;
doctor_inspection doctor_inspect_resynced;
doctor_inspection doctor_inspect_wildcard;
doctor_inspection doctor_inspect_subscribe;
doctor_inspection doctor_inspect_unsubscribe;
doctor_inspection doctor_inspect_reconnect;
doctor_inspection doctor_inspect_throw;
doctor_inspection doctor_inspect_slow;
doctor_inspection doctor_inspect_neighbour;
doctor_inspection doctor_inspect_clock;
doctor_inspection doctor_inspect_small_delay;
doctor_inspection doctor_inspect_delays;
doctor_inspection doctor_inspect_gave_up;
doctor_inspection doctor_inspect_ping;
doctor_inspection doctor_inspect_stop;
doctor_inspection doctor_inspect_node_connect;
doctor_inspection doctor_inspect_node_once;

#endif

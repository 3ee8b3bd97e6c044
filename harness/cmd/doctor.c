#include "cmd/doctor.h"

#include "cmd/client.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/places.h"
#include "cmd/style.h"
#include "core/memory.h"
#include "report/run.h"

#include <stdio.h>
#include <string.h>

static int examine(const struct options *options, const struct client_choice *client)
{
    struct doctor_report report = {0};
    struct buffer text;
    report.client_label = memory_copy_text(client->label, strlen(client->label));
    if (doctor_check_process(&report, client->command, options->timeout_scale))
        doctor_check_scenarios(&report, client->command, options->timeout_scale);
    int status = doctor_exit_code(&report);
    buffer_init(&text, BUFFER_NO_LIMIT);
    if (options->is_json)
        doctor_append_json(&report, &text);
    else
        doctor_append_terminal(&report, style_of(options, stdout).has_colour, options->is_quiet,
                               &text);
    fwrite(text.data, 1, text.size_bytes, stdout);
    if (fflush(stdout) != 0) /* nobody saw it */
        status = RUN_EXIT_INCONCLUSIVE;
    buffer_free(&text);
    doctor_report_free(&report);
    return status;
}

int command_doctor(const struct options *options)
{
    struct places places;
    struct client_choice client = {0};
    places_find(&places);
    int status = (int)client_open(&places, options->client, &client);
    if (status == RUN_EXIT_EXPECTED)
        status = examine(options, &client);
    client_choice_free(&client);
    places_free(&places);
    return status;
}

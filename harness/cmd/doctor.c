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

static void say(const char *text)
{
    fputs(text, stderr);
    fflush(stderr);
}

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
    struct error error;
    int status = RUN_EXIT_EXPECTED;
    places_find(&places);
    switch (client_choose(&places, options->client, say, &client, &error)) {
    case CLIENT_CHOICE_DONE:
        status = examine(options, &client);
        break;
    case CLIENT_CHOICE_WRONG:
        command_print_error(&error);
        status = RUN_EXIT_USAGE;
        break;
    case CLIENT_CHOICE_TROUBLE:
        command_print_error(&error);
        status = RUN_EXIT_INCONCLUSIVE;
        break;
    }
    client_choice_free(&client);
    places_free(&places);
    return status;
}

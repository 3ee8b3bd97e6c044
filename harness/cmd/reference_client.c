#include "cmd/command.h"
#include "cmd/options.h"
#include "io/refclient.h"

/* Not for people: what `--client reference` starts as its driver. */
int command_reference_client(const struct options *options)
{
    size_t count = options->policies.count;
    return refclient_main(count ? options->policies.items[count - 1] : "reference");
}

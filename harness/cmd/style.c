#include "cmd/style.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* NO_COLOR counts unless it is empty (no-color.org). */
static bool environment_allows_colour(void)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    return !(no_color && no_color[0]) && !(term && strcmp(term, "dumb") == 0);
}

struct report_style style_of(const struct options *options, FILE *file)
{
    return (struct report_style){
        .has_colour = !options->has_no_color && isatty(fileno(file)) == 1 &&
                      environment_allows_colour(),
        .is_quiet = options->is_quiet,
    };
}

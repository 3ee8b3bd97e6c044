#include "core/explain.h"

#include "cmd/command.h"
#include "cmd/library.h"

/* The first scenario of each file in full, the others of its `each` by name and title. */
static void explain_all(const struct scenario_set *set, struct buffer *out)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct scenario *scenario = set->items[i];
        bool is_first = i == 0 || set->items[i - 1]->text != scenario->text;
        if (is_first) {
            buffer_append_text(out, i == 0 ? "" : "\n\n");
            explain_scenario(scenario, out);
            continue;
        }
        if (i == 1 || set->items[i - 2]->text != scenario->text)
            buffer_append_text(out, "\nThe same with other values (--filter NAME tells one):\n");
        buffer_printf(out, "  %s  %s\n", scenario->name, scenario->title);
    }
}

int command_explain(const struct options *options)
{
    return library_print(options, explain_all);
}

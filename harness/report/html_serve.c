#include "report/html_serve.h"

#include "report/html_assets.h"

#include <string.h>

static void append_asset(const char *name, struct buffer *out)
{
    const struct html_asset *asset = html_asset_find(name);
    buffer_append(out, asset->data, asset->size_bytes);
}

void report_html_serve(struct buffer *out)
{
    struct buffer template;
    buffer_init(&template, BUFFER_NO_LIMIT);
    append_asset("serve.html", &template);
    static const struct {
        const char *mark, *asset;
    } parts[] = {{"@STYLE@", "style.css"}, {"@SCRIPT@", "serve.js"}};
    const char *rest = buffer_text(&template);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        const char *mark = strstr(rest, parts[i].mark);
        buffer_append(out, rest, (size_t)(mark - rest));
        append_asset(parts[i].asset, out);
        rest = mark + strlen(parts[i].mark);
    }
    buffer_append_text(out, rest);
    buffer_free(&template);
}

/* The files of report/html/ as they are built into the binary (cmake/html_assets.cmake): page and
 * style as they are, the scripts of a page as one module. */
#ifndef GAPCHECK_REPORT_HTML_ASSETS_H
#define GAPCHECK_REPORT_HTML_ASSETS_H

#include <stddef.h>

struct html_asset {
    const char *name;
    const char *data; /* not NUL-terminated */
    size_t size_bytes;
};

/* "page.html", "style.css" or the script of a page ("report.js"). Asserts that it is there. */
const struct html_asset *html_asset_find(const char *name);

/* Made by the build; the last has no name. */
extern const struct html_asset HTML_ASSETS[];

#endif

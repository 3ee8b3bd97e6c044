#include "report/html_assets.h"

#include <assert.h>
#include <string.h>

const struct html_asset *html_asset_find(const char *name)
{
    const struct html_asset *asset = HTML_ASSETS;
    while (asset->name && strcmp(asset->name, name) != 0)
        asset++;
    assert(asset->name);
    return asset;
}

#include "tools/page/assets.h"

#include <string.h>

#include "common/base/embed.h"

#define FOLDER "tools/page/static/"

#define ASSET(symbol, file) EMBED(asset_##symbol, FOLDER file)

ASSET(html, "index.html");
ASSET(css, "page.css");
ASSET(js, "page.js");
ASSET(stage, "stage.js");
ASSET(lanes, "lanes.js");
ASSET(chip, "chip.js");
ASSET(lab, "lab.js");
ASSET(prepare, "prepare.js");
ASSET(charts, "charts.js");
ASSET(load, "load.js");
ASSET(history, "history.js");
ASSET(en, "text.en.json");
ASSET(ko, "text.ko.json");
ASSET(icon, "icon.svg");
EMBED(asset_openapi, "docs/api/page.openapi.json");
EMBED(asset_errors, "docs/errors.md");

#define CONTENT(symbol) asset_##symbol##_begin, 0

static struct {
	struct asset asset;
	const char *end;
} assets[] = {
	{ { "/", "text/html; charset=utf-8", CONTENT(html) }, asset_html_end },
	{ { "/page.css", "text/css; charset=utf-8", CONTENT(css) }, asset_css_end },
	{ { "/page.js", "text/javascript; charset=utf-8", CONTENT(js) }, asset_js_end },
	{ { "/stage.js", "text/javascript; charset=utf-8", CONTENT(stage) }, asset_stage_end },
	{ { "/lanes.js", "text/javascript; charset=utf-8", CONTENT(lanes) }, asset_lanes_end },
	{ { "/chip.js", "text/javascript; charset=utf-8", CONTENT(chip) }, asset_chip_end },
	{ { "/lab.js", "text/javascript; charset=utf-8", CONTENT(lab) }, asset_lab_end },
	{ { "/prepare.js", "text/javascript; charset=utf-8", CONTENT(prepare) },
	  asset_prepare_end },
	{ { "/charts.js", "text/javascript; charset=utf-8", CONTENT(charts) }, asset_charts_end },
	{ { "/load.js", "text/javascript; charset=utf-8", CONTENT(load) }, asset_load_end },
	{ { "/history.js", "text/javascript; charset=utf-8", CONTENT(history) },
	  asset_history_end },
	{ { "/text.en.json", "application/json", CONTENT(en) }, asset_en_end },
	{ { "/icon.svg", "image/svg+xml", CONTENT(icon) }, asset_icon_end },
	{ { "/text.ko.json", "application/json", CONTENT(ko) }, asset_ko_end },
	{ { "/openapi.json", "application/json", CONTENT(openapi) }, asset_openapi_end },
	{ { "/errors", "text/markdown; charset=utf-8", CONTENT(errors) }, asset_errors_end },
};

const struct asset *assets_find(const char *path)
{
	for (size_t i = 0; i < sizeof(assets) / sizeof(assets[0]); i++) {
		if (strcmp(assets[i].asset.path, path) != 0)
			continue;
		assets[i].asset.len = (size_t)(assets[i].end - assets[i].asset.content);
		return &assets[i].asset;
	}
	return NULL;
}

#include "tools/page/assets.h"

#include <string.h>

#define FOLDER "tools/page/static/"

/* The assembler puts the file between two symbols. */
#define ASSET(symbol, file)                                                                        \
	__asm__(".section .rodata\n"                                                               \
		"asset_" #symbol "_begin: .incbin \"" FOLDER file "\"\n"                           \
		"asset_" #symbol "_end: .byte 0\n"                                                 \
		".previous\n");                                                                    \
	extern const char asset_##symbol##_begin[], asset_##symbol##_end[]

ASSET(html, "index.html");
ASSET(css, "page.css");
ASSET(js, "page.js");
ASSET(stage, "stage.js");
ASSET(lab, "lab.js");
ASSET(charts, "charts.js");
ASSET(load, "load.js");
ASSET(history, "history.js");
ASSET(en, "text.en.json");
ASSET(ko, "text.ko.json");
ASSET(icon, "icon.svg");

#define CONTENT(symbol) asset_##symbol##_begin, 0

static struct {
	struct asset asset;
	const char *end;
} assets[] = {
	{ { "/", "text/html; charset=utf-8", CONTENT(html) }, asset_html_end },
	{ { "/page.css", "text/css; charset=utf-8", CONTENT(css) }, asset_css_end },
	{ { "/page.js", "text/javascript; charset=utf-8", CONTENT(js) }, asset_js_end },
	{ { "/stage.js", "text/javascript; charset=utf-8", CONTENT(stage) }, asset_stage_end },
	{ { "/lab.js", "text/javascript; charset=utf-8", CONTENT(lab) }, asset_lab_end },
	{ { "/charts.js", "text/javascript; charset=utf-8", CONTENT(charts) }, asset_charts_end },
	{ { "/load.js", "text/javascript; charset=utf-8", CONTENT(load) }, asset_load_end },
	{ { "/history.js", "text/javascript; charset=utf-8", CONTENT(history) },
	  asset_history_end },
	{ { "/text.en.json", "application/json", CONTENT(en) }, asset_en_end },
	{ { "/icon.svg", "image/svg+xml", CONTENT(icon) }, asset_icon_end },
	{ { "/text.ko.json", "application/json", CONTENT(ko) }, asset_ko_end },
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

"""Pictures of the live page: the second step, whose order is lost, in all sizes, languages and themes."""
import shutil

from lab_page import Page, browser, start_stack, until

FOLDER = ".run/shots"
SIZES = ((1280, 720), (1920, 1080), (390, 844))


def shoot_all(page, name):
    for language in ("en", "ko"):
        for theme in ("light", "dark"):
            page.use(language, theme)
            for width, height in SIZES:
                page.resize(width, height)
                page.shoot(f"{FOLDER}/{name}-{width}-{language}-{theme}.png")
    page.use("en", "light")
    page.resize(1280, 720)


def whole(page, name):
    """All of the page, not only what the window shows."""
    page.resize(1280, page.script("return document.documentElement.scrollHeight"))
    page.shoot(f"{FOLDER}/{name}.png")
    page.resize(1280, 720)


start_stack(DELIVERY_DELAY_MS="4000")
driver = browser()
try:
    page = Page(driver)
    page.play(0, "CANCELLED")
    page.begin(1, "CANCELLED")
    until(lambda: page.count(".ring"), "a replica works on the change")
    page.shoot(f"{FOLDER}/at-work.png")
    until(lambda: page.count("#step .result") and page.count("#wires line"), "step 2 ends")
    shoot_all(page, "lost")
    shutil.copy(f"{FOLDER}/lost-1280-en-light.png", "docs/page.png")
    page.play(5, "MODIFIED")
    page.press("#replay button")
    page.click("#load-play")
    until(lambda: not page.script("return document.getElementById('load-play').disabled"), "the load ends")
    whole(page, "whole")
    page.resize(390, 844)
    page.use("ko", "dark")
    whole(page, "whole-ko-dark")
finally:
    driver.quit()

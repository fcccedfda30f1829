"""Pictures of the live page: the second step, whose order is lost, in all sizes, languages and themes."""
from PIL import Image

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


def whole(page, name, width=1280):
    """All of the page, not only what the window shows."""
    page.resize(width, 720)
    page.resize(width, page.script("return document.documentElement.scrollHeight"))
    page.shoot(f"{FOLDER}/{name}.png")
    page.resize(1280, 720)


def publish(name, path):
    """256 colours are enough for it, and a third of the bytes."""
    picture = Image.open(f"{FOLDER}/{name}.png").convert("RGB")
    picture.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(path, optimize=True)


start_stack(DELIVERY_DELAY_MS="4000")
driver = browser()
try:
    page = Page(driver)
    page.play(0, "CANCELLED")
    page.begin(1, "CANCELLED")
    until(lambda: page.count(".ring") and "works on the change" in page.text("#step .progress"), "a replica works on the change")
    page.shoot(f"{FOLDER}/at-work.png")
    until(lambda: page.count("#step .result") and page.count("#wires line") and not page.count(".ring"), "step 2 ends")
    until(lambda: page.count("#rows tr.changed") == 0, "nothing moves any more")
    shoot_all(page, "lost")
    publish("lost-1280-en-light", "docs/page.png")
    page.play(5, "MODIFIED")
    page.press("#replay button")
    page.click("#load-play")
    page.load_ends()
    whole(page, "whole")
    page.use("ko", "dark")
    whole(page, "whole-390-ko-dark", 390)
finally:
    driver.quit()

"""The live page, as a learner uses it: the guided lab by clicks, in a real browser.

What must hold: the final statuses are those of the lab; the red line is there without keys and never
with keys; the sentence names both events; text of an order is text; an action without the token, from
another origin or under another name is refused; nothing serious for axe; no error on the console.
"""
import json
import os
import sys
import time
import urllib.error
import urllib.request

from axe_core_python.selenium import Axe
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By

URL, TOKEN = os.environ["PAGE_URL"], os.environ["PAGE_TOKEN"]
SHOTS = os.environ.get("SHOTS")
PATIENCE = 180  # seconds; nothing here is about speed
failures = []


def check(holds, what):
    print(("[PASS] " if holds else "[FAIL] ") + what)
    if not holds:
        failures.append(what)


def until(look, what):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"waited in vain: {what}")


def browser(width=1280, height=720):
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars", "--lang=en"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    made = webdriver.Chrome(options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))
    made.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                         {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500})
    return made


class Page:
    def __init__(self, driver):
        self.driver = driver
        driver.get(f"{URL}/#token={TOKEN}")
        until(lambda: len(self.all("#steps button")) == 5, "the steps are there")
        until(lambda: len(self.all("#health .up")) == 4, "all is up")

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector):
        """What is there now; the page may replace an element between finding and reading it."""
        return self.driver.execute_script("return document.querySelector(arguments[0])?.textContent ?? ''", selector)

    def count(self, selector):
        return self.driver.execute_script("return document.querySelectorAll(arguments[0]).length", selector)

    def click(self, selector, number=0):
        until(lambda: self.driver.execute_script(
            "const e = document.querySelectorAll(arguments[0])[arguments[1]];"
            "if (!e || e.disabled) return false; e.click(); return true;", selector, number), f"{selector} can be clicked")

    def press(self, selector):
        """With the mouse: a button that is replaced between press and release is not clicked."""
        def pressed():
            try:
                self.driver.find_element(By.CSS_SELECTOR, selector + ":enabled").click()
                return True
            except WebDriverException:
                return False
        until(pressed, f"{selector} can be pressed")

    def play(self, step, guess):
        self.click("#steps button", step)
        until(lambda: not self.count("#step .result"), "the last step's result has gone")
        self.click(f"#guess-{guess}")
        self.click("#play")
        until(lambda: self.count("#step .result"), f"step {step + 1} ends")
        return self.text("#step .result")


def play_the_lab(page):
    for step, status, right in ((0, "CANCELLED", True), (1, "MODIFIED", False), (2, "CANCELLED", True),
                                (3, "CANCELLED", True), (4, "CANCELLED", True)):
        result = page.play(step, status)
        check(f"It ended as DELIVERY {status}" in result, f"step {step + 1} ends as DELIVERY {status}: {result}")
        check(result.startswith("RIGHT" if right else "WRONG"), f"step {step + 1} is called {'RIGHT' if right else 'WRONG'}")
        check("Your prediction was right" in result, f"step {step + 1} knows the prediction")
        if not right:
            look_at_the_inversion(page)
        elif step > 1:
            check(page.count("#wires line") <= 1, f"step {step + 1} has no line of its own")
            check(page.count("#rows tr.late") == 1, f"step {step + 1} leaves only the wrong delivery red")
        shoot(page, f"step-{step + 1}")


def look_at_the_inversion(page):
    until(lambda: page.count("#wires line") == 1, "the red line")
    until(lambda: page.count("#rows tr.late") == 1, "the red row")
    sentence = page.text("#verdict")
    for part in ("WRONG", "OrderModified (version 2)", "OrderCancelled (version 3)", "partition 0", "partition 1",
                 "delivery-", "DELIVERY MODIFIED"):
        check(part in sentence, f"the sentence names {part}: {sentence}")
    check(page.count("#chosen li.late") == 1, "published and applied order stand side by side")


def stop_and_start_the_broker(page):
    page.click("#switches .switch:nth-child(6) button", 0)
    until(lambda: "Kafka: away" in page.text("#health"), "the page says that Kafka is away")
    page.click("#switches .switch:nth-child(6) button", 1)
    until(lambda: "Kafka: up" in page.text("#health"), "the page goes on by itself")
    check(True, "a broker that is away is said, and the page goes on by itself")


def pause_and_resume_a_replica(page):
    until(lambda: page.count(".replica") == 2 and page.count(".replica.down") == 0, "both replicas are ready")
    page.press(".replica:nth-child(2) .buttons button:nth-child(2)")
    until(lambda: page.count(".replica:nth-child(2).down") == 1, "the paused replica is shown as not ready")
    page.press(".replica:nth-child(2) .buttons button:nth-child(3)")
    until(lambda: page.count(".replica.down") == 0, "it is ready again")
    check(True, "a replica is paused and resumed with the mouse")


def call(path, body=None, **headers):
    """The status of a request that no page makes."""
    request = urllib.request.Request(URL + path, data=None if body is None else json.dumps(body).encode(), headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, None


def try_to_act_from_elsewhere():
    good = {"Authorization": f"Bearer {TOKEN}"}
    check(call("/actions/scale", {"n": 1})[0] == 403, "an action without the token is refused")
    other = ("1" if TOKEN[0] == "0" else "0") + TOKEN[1:]
    check(call("/actions/scale", {"n": 1}, Authorization=f"Bearer {other}")[0] == 403, "a wrong token is refused")
    check(call("/actions/scale", {"n": 1}, Origin="http://evil.example", **good)[0] == 403, "another origin is refused")
    check(call("/", Host="evil.example")[0] == 421, "another name is refused")
    check(call("/actions/scale", {"n": 99}, **good)[0] == 400, "a number out of its range is refused")
    check(call("/actions/scale", {"n": "1; touch /tmp/x"}, **good)[0] == 400, "a text for a number is refused")
    check(call("/actions/settings", {"EVENT_KEY": "x"}, **good)[0] == 400, "an unknown word is refused")
    check(call("/actions/nothing", {}, **good)[0] == 400, "an unknown action is refused")
    check(call("/../etc/passwd")[0] == 404, "there are no other files")


def place_markup(page):
    name = "<img src=x onerror=alert(1)>"
    status, answer = call("/actions/order", {"method": "POST", "order": 0, "body": {
        "customerId": 1, "productId": "1", "productName": name, "qty": 1, "address": "<b>bold</b>"}},
        Authorization=f"Bearer {TOKEN}")
    check(status == 200 and answer["status"] == 201, f"an order with markup in its name is taken: {answer}")
    until(lambda: page.text("#rows tr:first-child").startswith(f"#{answer['body']['id']}"), "its row")
    page.click("#rows tr")
    until(lambda: name in page.text("#chosen"), "its name is shown as text")
    check(page.count("#chosen img, #chosen b b") == 0, "markup in a name is text")


def look_with_axe(page, what):
    serious = [found for found in Axe().run(page.driver)["violations"] if found["impact"] in ("serious", "critical")]
    check(not serious, f"axe finds nothing serious ({what}): " + json.dumps(
        [(found["id"], [node["html"][:120] for node in found["nodes"][:2]]) for found in serious]))


def shoot(page, name):
    if SHOTS:
        os.makedirs(SHOTS, exist_ok=True)
        page.driver.save_screenshot(f"{SHOTS}/{name}.png")


def in_other_languages_and_themes(page):
    page.click("#language")
    until(lambda: "순서" in page.text("h1"), "Korean")
    check(page.driver.execute_script("return document.documentElement.lang") == "ko", "the page is Korean by a click")
    look_with_axe(page, "Korean")
    shoot(page, "korean")
    page.click("#theme")
    look_with_axe(page, "the other theme")
    shoot(page, "korean-dark")
    page.click("#language")
    until(lambda: "Kafka ordering lab" in page.text("h1"), "English")
    for width, height in ((1920, 1080), (390, 844)):
        page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                    {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})
        until(lambda: page.driver.execute_script("return innerWidth") == width, f"the window is {width} pixels wide")
        wide = page.driver.execute_script("return document.documentElement.scrollWidth")
        check(wide <= width, f"nothing is wider than {width} pixels: {wide}")
        shoot(page, f"dark-{width}")


def ten_at_once():
    streams = [urllib.request.urlopen(f"{URL}/stream", timeout=30) for _ in range(10)]
    check(all(b"event:" in stream.readline() for stream in streams), "ten viewers at once")
    for stream in streams:
        stream.close()


def main():
    driver = browser()
    try:
        page = Page(driver)
        look_with_axe(page, "at the start")
        play_the_lab(page)
        look_with_axe(page, "after the lab")
        stop_and_start_the_broker(page)
        pause_and_resume_a_replica(page)
        try_to_act_from_elsewhere()
        place_markup(page)
        in_other_languages_and_themes(page)
        ten_at_once()
        errors = [line["message"] for line in driver.get_log("browser") if line["level"] == "SEVERE"]
        check(not errors, f"no error on the console: {errors}")
    except AssertionError as error:
        check(False, str(error))
        shoot(page, "failed")
    finally:
        driver.quit()
    sys.exit(1 if failures else 0)


main()

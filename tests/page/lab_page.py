"""The live page in headless Chromium, on a temporary stack whose folder and ports are in the environment."""
import contextlib
import os
import subprocess
import time

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By

PATIENCE = 180  # seconds; nothing here is about speed
URL = f"http://127.0.0.1:{os.environ['PAGE_PORT']}"
STEPS = 6


def start_stack(**settings):
    subprocess.run(["stack/stack.sh", "up"], check=True, stdout=subprocess.DEVNULL, env={**os.environ, "PAGE": "on", **settings})


def token():
    with open(f"{os.environ['RUN_DIR']}/page.token", encoding="ascii") as file:
        return file.read()


def until(look, what, progress=lambda: ""):
    """Waits as long as progress() changes, however slow the machine is."""
    said, end = None, 0
    while True:
        found, now = look(), progress()
        if found:
            return found
        if now != said:
            said, end = now, time.monotonic() + PATIENCE
        if time.monotonic() >= end:
            raise AssertionError(f"waited in vain: {what} {said}")
        time.sleep(0.1)


def browser():
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars", "--lang=en"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    options.enable_bidi = True
    return webdriver.Chrome(options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))


HEAR_LATE = """const listen = EventSource.prototype.addEventListener;
EventSource.prototype.addEventListener = function (name, take) {
	listen.call(this, name, name === "state" ? (event) => setTimeout(() => take(event), 3000) : take);
};"""


class Page:
    def __init__(self, driver, address=None):
        self.driver = driver
        self.resize(1280, 720)
        driver.get(address or f"{URL}/#token={token()}")
        until(lambda: self.count("#steps button") == STEPS, "the steps are there")
        until(lambda: self.count("#health .up") == 4, "all is up")

    def resize(self, width, height):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                    {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})
        until(lambda: self.script("return innerWidth") == width, f"the window is {width} pixels wide")

    def script(self, text, *arguments):
        return self.driver.execute_script(text, *arguments)

    def text(self, selector):
        """What is there now; the page may replace an element between finding and reading it."""
        return self.script("return document.querySelector(arguments[0])?.textContent ?? ''", selector)

    def count(self, selector):
        return self.script("return document.querySelectorAll(arguments[0]).length", selector)

    def click(self, selector, number=0):
        until(lambda: self.script(
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

    def begin(self, step, guess):
        self.click("#steps button", step)
        until(lambda: not self.count("#step .result"), "the last step's result has gone")
        until(lambda: self.press(f"#guess-{guess}") or self.script("return document.getElementById('play').disabled === false"), "a prediction")
        self.press("#play")

    def play(self, step, guess):
        self.begin(step, guess)
        until(lambda: self.count("#step .result"), f"step {step + 1} ends", lambda: self.text("#step"))
        return self.text("#step .result")

    @contextlib.contextmanager
    def hearing_late(self):
        """The page knows how all is three seconds late, as beside a busy machine."""
        script = self.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": HEAR_LATE})
        self.driver.refresh()
        yield
        self.driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", script)
        self.driver.refresh()

    def load_ends(self):
        until(lambda: self.text("#load tbody tr:nth-child(2) td") not in ("", "–"), "both ways are played", lambda: self.text("#output"))
        until(lambda: self.script("return !document.getElementById('load-play').disabled"), "the load ends", lambda: self.text("#output"))

    def use(self, language, theme):
        if self.script("return document.documentElement.lang") != language:
            self.click("#language")
            until(lambda: self.script("return document.documentElement.lang") == language, language)
        if self.script("return document.documentElement.dataset.theme") != theme:
            self.click("#theme")

    def shoot(self, path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        self.driver.save_screenshot(path)

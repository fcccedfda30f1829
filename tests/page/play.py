"""The live page, as a learner uses it: the guided lab by clicks, in a real browser.

What must hold: the final statuses are those of the lab; the red line is there without keys and never
with keys; the sentence names both events; text of an order is text; an action without the token, from
another origin or under another name is refused; nothing serious for axe; no error on the console.
"""
import json
import os
import re
import sys
import urllib.error
import urllib.request

from axe_core_python.selenium import Axe
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from lab_page import Page, URL, browser, start_stack, token, until

failures = []


def check(holds, what):
    print(("[PASS] " if holds else "[FAIL] ") + what)
    if not holds:
        failures.append(what)


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
    result = page.play(5, "MODIFIED")
    check(result.startswith("WRONG") and "orders did not end as DELIVERY CANCELLED" in result,
          f"step 6: partitions that are added under keyed load lose orders: {result}")
    check(page.count("#lanes .lane") == 6, "the new partitions are on the stage")


def look_at_the_inversion(page):
    until(lambda: page.count("#wires line") == 1, "the red line")
    until(lambda: page.count("#rows tr.late") == 1, "the red row")
    red = page.script("return getComputedStyle(document.querySelector('#rows tr.late td')).color")
    check(re.fullmatch(r"rgb\((1[5-9]\d|2\d\d), \d\d?, \d\d?\)", red), f"the row is red: {red}")
    sentence = page.text("#verdict")
    check(re.search(r"WRONG.*OrderModified \(version 2\) was applied [\d.]+ s after OrderCancelled \(version 3\)\. "
                    r"OrderModified came from partition (\d), offset \d+, by (delivery-\d+); OrderCancelled from "
                    r"partition (?!\1)\d, offset \d+, by (?!\2)delivery-\d+\. The delivery ends as DELIVERY MODIFIED", sentence),
          f"the sentence names both events, partitions, replicas and the seconds: {sentence}")
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


def replay_an_order(page):
    page.script("document.getElementById('replay-order').value = 1")
    page.press("#replay button")
    until(lambda: page.count(".film .chip") == 3 and not page.count(".film .coming"), "the replay comes to its end")
    check("after OrderCancelled (version 3): WRONG" in page.text("#history p"), "the replay of order 1 ends in what was applied too late")
    page.driver.find_element(By.ID, "replay-at").send_keys(Keys.HOME)
    until(lambda: page.count(".film .coming") == 3, "the slider goes back to the beginning, by key")
    check(True, "the history is replayed from delivery.history, and goes back by key")


def judge_the_history(page):
    page.click("#switches .switch:nth-child(8) button")
    until(lambda: "verify: " in page.text("#output"), "the verifier's verdict", lambda: page.text("#output"))
    check("applied out of order" in page.text("#output"), "the verifier's verdict is there verbatim")


def put_load_on_it(page):
    page.click("#load-play")
    page.load_ends()
    answered = [int(page.text(f"#load tbody tr:nth-child({row}) td").split(" / ")[0]) for row in (1, 2)]
    check(answered[1] > answered[0], f"through Kafka more orders were answered than synchronously: {answered}")
    until(lambda: page.count("#rows tr") == 0, "all is empty again")


def call(path, body=None, method=None, **headers):
    """The status of a request that no page makes."""
    request = urllib.request.Request(URL + path, data=None if body is None else json.dumps(body).encode(), headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, None


def try_to_act_from_elsewhere():
    good = {"Authorization": f"Bearer {token()}"}
    check(call("/actions/scale", {"n": 1})[0] == 401, "an action without the token is refused")
    other = ("1" if token()[0] == "0" else "0") + token()[1:]
    check(call("/actions/scale", {"n": 1}, Authorization=f"Bearer {other}")[0] == 401, "a wrong token is refused")
    check(call("/actions/scale", {"n": 1}, Origin="http://evil.example", **good)[0] == 403, "another origin is refused")
    check(call("/actions/scale", {"n": 1}, Origin="http://127.0.0.1:1", **good)[0] == 403, "another port's origin is refused")
    check(call("/", Host="evil.example")[0] == 421, "another name is refused")
    check(call("/actions/scale", {"n": 1}, Host="evil.example", **good)[0] == 421, "an action under another name is refused")
    check(call("/actions/scale", {"n": 99}, **good)[0] == 400, "a number out of its range is refused")
    check(call("/actions/scale", {"n": "1; touch /tmp/x"}, **good)[0] == 400, "a text for a number is refused")
    check(call("/actions/scale", {"n": 1, "m": 1}, **good)[0] == 400, "another argument is refused")
    check(call("/actions/settings", {"EVENT_KEY": "x"}, **good)[0] == 400, "an unknown word is refused")
    check(call("/actions/nothing", {}, **good)[0] == 400, "an unknown action is refused")
    check(call("/", method="DELETE")[0] == 405, "another method is refused as one")
    check(call("/../etc/passwd")[0] == 404, "there are no other files")


def place_markup(page):
    name = "<img src=x onerror=alert(1)>"
    status, answer = call("/actions/order", {"method": "POST", "body": {
        "customerId": 1, "productId": "1", "productName": name, "qty": 1, "address": "<b>bold</b>"}},
        Authorization=f"Bearer {token()}")
    check(status == 200 and answer["status"] == 201, f"an order with markup in its name is taken: {answer}")
    until(lambda: page.text("#rows tr:first-child").startswith(f"#{answer['body']['id']}"), "its row")
    page.click("#rows tr")
    until(lambda: name in page.text("#chosen"), "its name is shown as text")
    check(page.count("#chosen img, #chosen b b") == 0, "markup in a name is text")


def look_with_axe(page, what):
    until(lambda: page.script("return document.getAnimations().length") == 0, "nothing moves any more")  # what fades in has less contrast
    serious = [found for found in Axe().run(page.driver)["violations"] if found["impact"] in ("serious", "critical")]
    check(not serious, f"axe finds nothing serious ({what}): " + json.dumps(
        [(found["id"], [node["html"][:120] for node in found["nodes"][:2]]) for found in serious]))


def look_at_languages(page):
    texts = [call(f"/text.{language}.json")[1] for language in ("en", "ko")]
    check(texts[0].keys() == texts[1].keys(), f"every text is there in both languages: {texts[0].keys() ^ texts[1].keys()}")
    words = page.text("body")
    bare = [key for key in texts[0] if "." in key and re.search(rf"(^|\W){re.escape(key)}(\W|$)", words)]
    check(not bare, f"no text is missing on the page: {bare}")


def play_in_korean(page):
    page.use("ko", "dark")
    until(lambda: "순서" in page.text("h1"), "Korean")
    with page.hearing_late():
        result = page.play(1, "CANCELLED")
    check(result.startswith("틀림") and "예측이 틀렸습니다" in result, f"step 2 in Korean, with a wrong prediction: {result}")
    until(lambda: page.text("#verdict").startswith("틀림"), "the loaded page says the same")
    sentence = page.text("#verdict")
    check(all(part in sentence for part in ("틀림", "OrderModified", "OrderCancelled", "파티션", "DELIVERY MODIFIED")),
          f"the sentence is Korean: {sentence}")
    look_with_axe(page, "Korean, dark")
    look_at_languages(page)
    page.use("en", "light")


def look_at_sizes(page):
    for width, height in ((1920, 1080), (390, 844), (1280, 720)):
        page.resize(width, height)
        wide = page.script("return document.documentElement.scrollWidth")
        check(wide <= width, f"nothing is wider than {width} pixels: {wide}")
    page.script("scrollTo(0, 0)")
    check(page.script("const box = (id) => document.getElementById(id).getBoundingClientRect();"
                      "return box('steps').top >= 0 && box('stage').bottom <= innerHeight"),
          "steps, verdict and stage are all on a screen of 1280x720")


def look_without_a_token(page):
    """In a tab of its own, whose storage is empty."""
    mine = page.driver.current_window_handle
    page.driver.switch_to.new_window("tab")
    viewer = Page(page.driver, f"{URL}/")
    until(lambda: viewer.count("#switches .switch") > 5, "its switches")
    check(viewer.count("#switches button, #calls button, #play, .replica button:not([hidden]), #load-play") == 0
          and "make scale N=" in viewer.text("#switches") and "http PATCH" in viewer.text("#calls"),
          "without the token there are commands to type, and nothing to click")
    look_with_axe(viewer, "without the token")
    page.driver.close()
    page.driver.switch_to.window(mine)


def ten_at_once(page):
    """Ten tabs. A browser has six connections to a server, and the stream of a page holds one, so nine of them are what a private window is: the
    tab of another browser."""
    driver, mine = page.driver, page.driver.current_window_handle
    tabs = [driver.browsing_context.create(type="tab", user_context=driver.browser.create_user_context()) for _ in range(9)]
    for tab in tabs:
        driver.browsing_context.navigate(context=tab, url=f"{URL}/", wait="none")
    driver.refresh()
    for tab in (mine, *tabs):
        driver.switch_to.window(tab)
        until(lambda: page.count("#health .up") == 4 and page.count("#rows tr") > 0, "the page that is loaded with nine others")
        if tab != mine:
            driver.close()
    driver.switch_to.window(mine)
    check(True, "ten pages are loaded at once")


def play(driver):
    page = Page(driver)
    look_with_axe(page, "at the start")
    play_the_lab(page)
    look_with_axe(page, "after the lab")
    stop_and_start_the_broker(page)
    pause_and_resume_a_replica(page)
    play_in_korean(page)
    replay_an_order(page)
    judge_the_history(page)
    try_to_act_from_elsewhere()
    place_markup(page)
    look_at_sizes(page)
    look_without_a_token(page)
    ten_at_once(page)
    put_load_on_it(page)
    errors = [line["message"] for line in driver.get_log("browser") if line["level"] == "SEVERE"]
    check(not errors, f"no error on the console: {errors}")


def main():
    start_stack(DELIVERY_DELAY_MS="4000")  # more than a busy machine needs to see who works on a change
    driver = browser()
    try:
        play(driver)
    except AssertionError as error:
        check(False, str(error))
        driver.save_screenshot(f"{os.environ['RUN_DIR']}/failed.png")
    finally:
        driver.quit()
    for what in failures:
        print("failed: " + what)
    sys.exit(1 if failures else 0)


main()

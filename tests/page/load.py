"""What the live page costs under a load of orders: frames and memory in the browser, processor and memory of the
server with one viewer and with a hundred, its time to ready, and what the load got through beside it.

env: SECONDS_EACH (60; with viewers that are no browser 60 at most), RATE (5000) orders a second. PAIRS=5: instead, what 50 users get through with the page
     and one viewer, and without it, in turn, so many times; ORDERS (100000) each time
"""
import json
import os
import re
import selectors
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.request

from lab_page import Page, URL, browser, start_stack, until

PAIRS, ORDERS = int(os.environ.get("PAIRS", "0")), int(os.environ.get("ORDERS", "100000"))
SECONDS_EACH, RATE = int(os.environ.get("SECONDS_EACH", "60")), int(os.environ.get("RATE", "5000"))
PORT, RUN_DIR = int(os.environ["PAGE_PORT"]), os.environ["RUN_DIR"]
TICKS = os.sysconf("SC_CLK_TCK")

RECORD = """window.frames_ms = []; let last = performance.now();
(function next(now) { window.frames_ms.push(now - last); last = now; window.frames_ms.length < 1e6 && requestAnimationFrame(next); })(last);"""


def page_pid():
    with open(f"{RUN_DIR}/pid/page", encoding="ascii") as file:
        return int(file.read().split()[0])


def cpu_s():
    with open(f"/proc/{page_pid()}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_mb():
    with open(f"/proc/{page_pid()}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS")) / 1024


def load(seconds):
    """Orders at that rate; its figures at the end."""
    return subprocess.Popen(["build/load"], stdout=subprocess.PIPE, env={
        **os.environ, "PORTS": os.environ["ORDER_PORT"], "RATE": str(RATE), "COUNT": str(RATE * seconds)})


class Viewers:
    """So many streams that are read and thrown away."""
    def __init__(self, count):
        self.selector = selectors.DefaultSelector()
        for _ in range(count):
            one = socket.create_connection(("127.0.0.1", PORT))
            one.sendall(b"GET /stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            self.selector.register(one, selectors.EVENT_READ)
        self.bytes = 0

    def read(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for key, _ in self.selector.select(0.2):
                self.bytes += len(key.fileobj.recv(1 << 20))
            time.sleep(0.05)

    def close(self):
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()


def heap_mb(driver):
    driver.execute_cdp_cmd("HeapProfiler.collectGarbage", {})
    return driver.execute_script("return performance.memory.usedJSHeapSize") / 1e6


def work_s(driver):
    """Processor seconds of the page's main thread so far."""
    metrics = driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
    return {one["name"]: one["value"] for one in metrics if one["name"].endswith("Duration")}


def report(what, process, cpu, seconds):
    figures = json.loads(process.communicate()[0])
    print(f"{what}: server {100 * cpu / seconds:.1f} % of a core, {memory_mb():.1f} MB; "
          f"load: {figures.get('answered')} answered, p99 {figures['answered_ms']['p99']} ms")


def with_a_browser(driver):
    page = Page(driver)
    page.script(RECORD)
    driver.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
    work = work_s(driver)
    process, before, begin, heaps, memory = load(SECONDS_EACH), cpu_s(), time.monotonic(), [], []
    while process.poll() is None and time.monotonic() < begin + SECONDS_EACH:
        time.sleep(SECONDS_EACH / 10)
        heaps.append(heap_mb(driver))
        memory.append(memory_mb())
    frames, spent = page.script("return window.frames_ms"), time.monotonic() - begin
    work = {name: 100 * (value - work[name]) / spent for name, value in work_s(driver).items()}
    report("1 viewer, Chromium", process, cpu_s() - before, time.monotonic() - begin)
    print("the page's main thread, % of a core: " + ", ".join(f"{name.removesuffix('Duration')} {value:.1f}" for name, value in work.items()))
    print(f"frames: {len(frames)}, p50 {statistics.median(frames):.1f} ms, p95 {statistics.quantiles(frames, n=20)[-1]:.1f} ms; "
          f"heap in MB, over the time: {' '.join(f'{heap:.1f}' for heap in heaps)}; "
          f"the server's memory: {' '.join(f'{one:.1f}' for one in memory)}")


def with_viewers(count):
    viewers, seconds = Viewers(count), min(SECONDS_EACH, 60)
    process, before, begin = load(seconds), cpu_s(), time.monotonic()
    viewers.read(seconds)
    cpu, seconds = cpu_s() - before, time.monotonic() - begin
    viewers.close()
    report(f"{count} viewers, {viewers.bytes / count / seconds / 1e3:.0f} kB/s each", process, cpu, seconds)


def time_to_ready():
    environment = {**os.environ, "HTTP_PORT": str(PORT + 1), "KAFKA_TOPIC": "kafka.scaling",
                   "DATABASE_URL": f"postgresql://page_reader@127.0.0.1:{os.environ['PG_PORT']}/lab"}
    begin = time.monotonic()
    process = subprocess.Popen(["build/page"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    process.stdout.readline()  # the address, once it listens
    seconds = time.monotonic() - begin
    process.terminate()
    begin = time.monotonic()
    process.wait()
    print(f"ready after {seconds * 1000:.0f} ms; stopped after {(time.monotonic() - begin) * 1000:.0f} ms")


def sample(port, name):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        return sum(float(line.rpartition(" ")[2]) for line in answer.read().decode().splitlines() if re.match(name + r"[ {]", line))


def wait_until_quiet():
    """Nothing is left to publish or to apply: the next measurement begins as this one did."""
    ports = (os.environ["ORDER_PORT"], os.environ["DELIVERY_PORT"])
    until(lambda: sum(sample(port, "relay_outbox_events") for port in ports) + sample(ports[1], "delivery_partition_lag") == 0,
          "all is applied", lambda: sample(ports[1], "delivery_events_applied_total"))


def orders_a_second():
    wait_until_quiet()
    output = subprocess.run(["build/load"], stdout=subprocess.PIPE, check=True, env={
        **os.environ, "PORTS": os.environ["ORDER_PORT"], "RATE": "0", "CONNECTIONS": "50", "COUNT": str(ORDERS)}).stdout
    figures = json.loads(output)
    return figures["answered"] / figures["took_ms"] * 1000


def with_the_page():
    subprocess.run(["stack/stack.sh", "page"], check=True, stdout=subprocess.DEVNULL)
    viewer = subprocess.Popen(["curl", "-s", "-N", "-o", "/dev/null", f"{URL}/stream"])
    try:
        return orders_a_second()
    finally:
        viewer.terminate()
        viewer.wait()


def without_it():
    pid = page_pid()
    if os.path.exists(f"/proc/{pid}"):
        os.kill(pid, signal.SIGTERM)
    until(lambda: not os.path.exists(f"/proc/{pid}"), "the page has ended")
    return orders_a_second()


def compare():
    """Each pair in the other order than the one before it, so that what drifts does not count."""
    ratios = []
    for number in range(PAIRS):
        first, second = (with_the_page, without_it) if number % 2 == 0 else (without_it, with_the_page)
        found = {first: first()}
        found[second] = second()
        ratios.append(found[with_the_page] / found[without_it])
        print(f"pair {number + 1}: {found[with_the_page]:,.0f} orders/s with the page, {found[without_it]:,.0f} without: {ratios[-1]:.3f}")
    print(f"median ratio of {PAIRS} pairs: {statistics.median(ratios):.3f}")


start_stack(DELIVERY_DELAY_MS="0", PROCESSING_ORDER="key", MAX_CONCURRENCY="1000")
print(f"{URL}; {RATE} orders a second for {SECONDS_EACH} s; load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
time_to_ready()
if PAIRS:
    compare()
    sys.exit()
driver = browser()
try:
    with_a_browser(driver)
finally:
    driver.quit()
with_viewers(1)
with_viewers(100)

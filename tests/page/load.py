"""What the live page costs under a load of orders: frames and memory in the browser, processor and memory of the
server with one viewer and with a hundred, its time to ready, and what the load got through beside it.

env: SECONDS_EACH (60), RATE (5000) orders a second
"""
import json
import os
import selectors
import socket
import statistics
import subprocess
import time

from lab_page import Page, URL, browser, start_stack

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


def load():
    """Orders at that rate; its figures at the end."""
    return subprocess.Popen(["build/load"], stdout=subprocess.PIPE, env={
        **os.environ, "PORTS": os.environ["ORDER_PORT"], "RATE": str(RATE), "COUNT": str(RATE * SECONDS_EACH)})


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


def report(what, process, cpu, seconds):
    figures = json.loads(process.communicate()[0])
    print(f"{what}: server {100 * cpu / seconds:.1f} % of a core, {memory_mb():.1f} MB; "
          f"load: {figures.get('answered')} answered, p99 {figures['answered_ms']['p99']} ms")


def with_a_browser(driver):
    page = Page(driver)
    page.script(RECORD)
    process, before, begin, heaps = load(), cpu_s(), time.monotonic(), []
    while process.poll() is None and time.monotonic() < begin + SECONDS_EACH:
        time.sleep(SECONDS_EACH / 10)
        heaps.append(heap_mb(driver))
    frames = page.script("return window.frames_ms")
    report("1 viewer, Chromium", process, cpu_s() - before, time.monotonic() - begin)
    print(f"frames: {len(frames)}, p50 {statistics.median(frames):.1f} ms, p95 {statistics.quantiles(frames, n=20)[-1]:.1f} ms; "
          f"heap in MB, over the time: {' '.join(f'{heap:.1f}' for heap in heaps)}")


def with_viewers(count):
    viewers = Viewers(count)
    process, before, begin = load(), cpu_s(), time.monotonic()
    viewers.read(SECONDS_EACH)
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


start_stack(DELIVERY_DELAY_MS="0", PROCESSING_ORDER="key", MAX_CONCURRENCY="1000")
print(f"{URL}; {RATE} orders a second for {SECONDS_EACH} s; load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
time_to_ready()
driver = browser()
try:
    with_a_browser(driver)
finally:
    driver.quit()
with_viewers(1)
with_viewers(100)

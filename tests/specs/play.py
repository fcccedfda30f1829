"""What really runs against the documents of docs/api/, on a temporary stack whose ports are in the environment."""
import json
import os
import subprocess
import sys
import urllib.request

import clients
import spans
import topic

failures = []
HERE = os.path.dirname(os.path.abspath(__file__))


def check(holds, what):
    print(("[PASS] " if holds else "[FAIL] ") + what)
    if not holds:
        failures.append(what)


def url(port):
    return f"http://127.0.0.1:{os.environ[port]}"


def call(method, path, body=None):
    request = urllib.request.Request(url("ORDER_PORT") + path, method=method, headers={"Content-Type": "application/json"},
                                     data=None if body is None else json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read() or b"null")


def place():
    return call("POST", "/orders", {"customerId": 2000, "productId": "100", "productName": "RADIO", "qty": 3, "address": "PUSAN"})["id"]


def place_modify_and_cancel(count):
    orders = [place() for _ in range(count)]
    call("PATCH", f"/orders/{orders[0]}", {"address": "SEOUL"})
    call("DELETE", f"/orders/{orders[0]}")
    return set(orders)


def what_was_published(bootstrap, name, orders):
    """The topic, once each of the orders has its delivery, and the first one's is cancelled."""
    missing = {("DeliveryStarted", order) for order in orders} | {("DeliveryCancelled", min(orders))}

    def all_there(seen):
        if seen:
            missing.discard((topic.header(seen[-1], "type"), int(seen[-1].key())))
        return not missing
    return topic.read_topic(bootstrap, name, all_there)


def schemathesis(name, port, *options):
    """All its checks: examples, the borders of the schemas, random requests, and walks along the links."""
    program = os.path.join(os.path.dirname(sys.executable), "schemathesis")
    done = subprocess.run([program, "--config-file", f"{HERE}/schemathesis.toml", "run", f"{url(port)}/openapi.json", "--checks",
                           "all", "--continue-on-failure", "--no-color", *options], capture_output=True, text=True, check=False, cwd=os.environ["RUN_DIR"],
                          env={**os.environ, "PYTHONPATH": HERE, "SCHEMATHESIS_HOOKS": "hooks"})
    tail = [line.strip() for line in done.stdout.splitlines() if "generated" in line]
    check(done.returncode == 0, f"schemathesis finds nothing in {name}: {' '.join(tail)}")
    if done.returncode != 0:
        print(done.stdout, done.stderr)


collector = spans.Collector()
subprocess.run(["stack/stack.sh", "up"], check=True, stdout=subprocess.DEVNULL,
               env={**os.environ, "PAGE": "on", "DELIVERY_DELAY_MS": "10", "PARTITIONS": str(clients.PARTITIONS),
                    "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url()})
schemathesis("order-service", "ORDER_PORT")
schemathesis("delivery-service", "DELIVERY_PORT")
# The stream never ends.
schemathesis("the page", "PAGE_PORT", "--include-tag", "Looking", "--exclude-path", "/stream", "--max-examples", "5")
bootstrap, name = f"127.0.0.1:{os.environ['KAFKA_PORT']}", os.environ.get("KAFKA_TOPIC", "kafka.scaling")
orders = place_modify_and_cancel(300)
messages = what_was_published(bootstrap, name, orders)
topic.messages_are_as_documented(check, messages)
spans.spans_are_the_protocols(check, collector)
clients.the_same_key_goes_where_ours_goes(check, bootstrap, {m.key().decode(): m.partition() for m in messages if int(m.key()) in orders})
clients.two_order_services_share_ids(check, bootstrap, name, max(orders))
# Last: they stop the broker, end services, and empty the stack.
with open(os.path.join(os.environ["RUN_DIR"], "page.token"), encoding="ascii") as token:
    schemathesis("the page's actions", "PAGE_PORT", "--include-tag", "Acting", "-H", f"Authorization: Bearer {token.read().strip()}")
print(f"{len(failures)} failures")
sys.exit(1 if failures else 0)

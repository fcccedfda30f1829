"""Where other clients put the events of an order, and what a second order-service does to the first one's ids."""
import asyncio
import glob
import json
import os
import subprocess
import urllib.request

import aiokafka
import confluent_kafka
import kafka

import topic

PARTITIONS = 6  # of the stack's topic
SPRING_TYPES = b'{"type":"java.lang.String","contentType":"java.lang.String"}'


def kafka_python(bootstrap, name, keys):
    producer = kafka.KafkaProducer(bootstrap_servers=bootstrap)
    for key in keys:
        producer.send(name, key=key.encode(), value=b"x")
    producer.close()


def aiokafka_(bootstrap, name, keys):
    async def send():
        producer = aiokafka.AIOKafkaProducer(bootstrap_servers=bootstrap)
        await producer.start()
        for key in keys:
            await producer.send(name, key=key.encode(), value=b"x")
        await producer.stop()
    asyncio.run(send())


def confluent(**settings):
    def send(bootstrap, name, keys):
        producer = confluent_kafka.Producer({"bootstrap.servers": bootstrap, **settings})
        for key in keys:
            producer.produce(name, key=key, value="x")
        producer.flush(topic.PATIENCE)
    return send


def program(*command, **environment):
    """One that reads a line for each message."""
    def send(bootstrap, name, keys):
        words = [word.format(bootstrap=bootstrap, name=name) for word in command]
        text = "".join(f"{key}\tx\n" if "java" in command[0] else f"{key}\n" for key in keys)
        subprocess.run(words, input=text, text=True, check=True, timeout=topic.PATIENCE, stdout=subprocess.DEVNULL,
                       env={**os.environ, **environment})
    return send


def clients():
    """By name: whether its default agrees with ours, and how it sends."""
    jars = f"{glob.glob(os.environ['CACHE_DIR'] + '/kafka-*/libs')[0]}/*"
    yield "Java", True, program("java", "-cp", jars, "org.apache.kafka.tools.ConsoleProducer", "--bootstrap-server", "{bootstrap}",
                                "--topic", "{name}", "--reader-property", "parse.key=true")
    yield "kafka-python", True, kafka_python
    yield "aiokafka", True, aiokafka_
    if os.path.exists(f"{os.environ['NODE_PATH']}/kafkajs"):
        yield "kafkajs", True, program("node", "tests/specs/produce.js", "{bootstrap}", "{name}")
    yield "confluent-kafka with partitioner=murmur2_random", True, confluent(partitioner="murmur2_random")
    yield "confluent-kafka", False, confluent()


def partitions_of(bootstrap, name, count):
    return {message.key().decode(): message.partition()
            for message in topic.read_topic(bootstrap, name, lambda seen: len(seen) >= count)}


def the_same_key_goes_where_ours_goes(check, bootstrap, ours):
    """ours: partition by key, as order-service published."""
    for number, (name, agrees, send) in enumerate(clients()):
        subprocess.run(["kafka/topics.sh", "create", f"specs-{number}", str(PARTITIONS)], check=True, stdout=subprocess.DEVNULL)
        send(bootstrap, f"specs-{number}", sorted(ours))
        theirs = partitions_of(bootstrap, f"specs-{number}", len(ours))
        same = sum(theirs.get(key) == partition for key, partition in ours.items())
        check((same == len(ours)) == agrees and len(theirs) == len(ours),
              f"{name}: {same} of {len(ours)} keys go to our partition")


def delivery_of(order):
    url = f"http://127.0.0.1:{os.environ['DELIVERY_PORT']}/deliveries/{order}"
    with urllib.request.urlopen(url, timeout=60) as answer:
        return json.loads(answer.read())


def placed_elsewhere(bootstrap, name, order, spring):
    """OrderPlaced of another order-service that gave an order the same id."""
    event = {"eventType": "OrderPlaced", "timestamp": 1732180000123, "id": order, "customerId": 1, "productId": "9",
             "productName": "THEIRS", "qty": 1, "address": "BUSAN"}
    if spring:  # quotes around headers, numbers as strings, members and headers that nobody else has
        event = {**event, "qty": "1", "orderDate": "2026-01-01"}
        headers = [("type", b'"OrderPlaced"'), ("contentType", b'"application/json"'), ("b3", b"x"),
                   ("spring_json_header_types", SPRING_TYPES)]
    else:
        event["version"] = 1
        headers = [("type", b"OrderPlaced"), ("contentType", b"application/json")]
    producer = confluent_kafka.Producer({"bootstrap.servers": bootstrap, "partitioner": "murmur2_random"})
    producer.produce(name, key=str(order), value=json.dumps(event), headers=headers)
    producer.flush(topic.PATIENCE)


def two_order_services_share_ids(check, bootstrap, name, order):
    """order is one of ours, delivered."""
    placed_elsewhere(bootstrap, name, order, spring=False)
    letters = topic.read_topic(bootstrap, "dlq-kafka.delivery", lambda seen: any(m.key() == str(order).encode() for m in seen))
    why = topic.header(letters[-1], "x-exception-message") if letters else ""
    check("conflict" in why, f"a second order {order} with versions is a dead letter: {why}")
    check(delivery_of(order)["productName"] != "THEIRS", "the first one's delivery stays as it was")
    placed_elsewhere(bootstrap, name, order, spring=True)
    topic.until(lambda: delivery_of(order)["productName"] == "THEIRS")
    check(delivery_of(order)["productName"] == "THEIRS", "one without versions, as Spring writes it, takes the delivery over")

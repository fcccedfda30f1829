"""Every message of the topic against its JSON Schema."""
import json
import time

import confluent_kafka
import jsonschema

import documents

PATIENCE = 120  # seconds; nothing here is about speed


def read_topic(bootstrap, topic, enough):
    """The topic's messages from its beginning until enough(messages)."""
    consumer = confluent_kafka.Consumer({"bootstrap.servers": bootstrap, "group.id": "specs",
                                         "enable.auto.commit": False, "auto.offset.reset": "earliest"})
    partitions = consumer.list_topics(topic, timeout=PATIENCE).topics[topic].partitions
    consumer.assign([confluent_kafka.TopicPartition(topic, p, confluent_kafka.OFFSET_BEGINNING) for p in partitions])
    messages, end = [], time.monotonic() + PATIENCE
    while not enough(messages) and time.monotonic() < end:
        message = consumer.poll(1)
        if message is not None and not message.error():
            messages.append(message)
    consumer.close()
    return messages


def until(holds):
    end = time.monotonic() + PATIENCE
    while not holds() and time.monotonic() < end:
        time.sleep(0.1)


def header(message, name):
    return dict(message.headers() or []).get(name, b"").decode()


def messages_are_as_documented(check, messages):
    with open(f"{documents.FOLDER}/asyncapi.json", encoding="utf-8") as file:
        described = json.load(file)["components"]["messages"]
    # Stricter than readers may be: what is not documented does not go out either.
    schemas = {f"./events/{name}.schema.json": {**documents.schema(name), "additionalProperties": False}
               for name in documents.EVENTS}
    kinds, bad = set(), []
    for message in messages:
        kind = header(message, "type")
        kinds.add(kind)
        try:
            payload = json.loads(message.value())
            rules = described[kind]
            jsonschema.validate(payload, schemas[rules["payload"]["$ref"]])
            jsonschema.validate({name: value.decode() for name, value in message.headers()}, rules["headers"])
            jsonschema.validate(message.key().decode(), rules["bindings"]["kafka"]["key"])
            assert payload["eventType"] == kind
            assert message.key().decode() == str(payload.get("orderId", payload["id"]))
        except (jsonschema.ValidationError, KeyError, AssertionError) as error:
            bad.append(f"offset {message.offset()}: {error}")
    check(not bad, f"{len(messages)} messages of the topic are as documented {bad[:3] or ''}")
    check(kinds >= set(described) - {"DeadLetter"}, f"each kind of message was there {sorted(kinds)}")

"""The documents of docs/api/: public linters, and against the sources. It needs nothing that runs."""
import json
import os
import re
import subprocess
import sys

import jsonschema
import openapi_spec_validator

FOLDER = "docs/api"
SERVICES = ("order-service", "delivery-service")
EVENTS = ("order-event", "delivery-event")
ONLY_SYNCHRONOUS = {("POST", "/deliveries"), ("POST", "/delivery-batches")}  # routes of DISPATCH=http alone


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def document(name):
    return json.loads(read(f"{FOLDER}/{name}.openapi.json"))


def schema(name):
    return json.loads(read(f"{FOLDER}/events/{name}.schema.json"))


def lint(check):
    for name in (*SERVICES, "page"):
        openapi_spec_validator.validate(document(name))
        check(True, f"{name}.openapi.json is OpenAPI 3.1")
    for name in EVENTS:
        jsonschema.Draft202012Validator.check_schema(schema(name))
        check(True, f"{name}.schema.json is JSON Schema 2020-12")
    redocly = f"{os.environ['NODE_PATH']}/.bin/redocly"
    if os.path.exists(redocly):
        files = [f"{FOLDER}/{name}" for name in sorted(os.listdir(FOLDER)) if name.endswith(".json")]
        done = subprocess.run([redocly, "lint", "--config", "tests/api/redocly.yaml", *files],
                              capture_output=True, text=True, check=False)
        clean = done.returncode == 0 and "You have" not in done.stdout + done.stderr
        check(clean, f"redocly finds nothing in {len(files)} documents")
        if not clean:
            print(done.stdout, done.stderr)
    else:
        print("[SKIP] redocly: there is no npm")


def paths_are_the_routes(check):
    for name in SERVICES:
        routes = set(re.findall(r'\{ "([A-Z]+)", "(/[^"]*)"', read(f"{name}/main.c"))) - ONLY_SYNCHRONOUS
        paths = {(method.upper(), re.sub(r"\{[^}]*\}", "{}", path))
                 for path, methods in document(name)["paths"].items() for method in methods}
        check(routes == paths, f"{name}: the document has the routes of main.c {sorted(routes ^ paths) or ''}")
    paths = {path for path in document("page")["paths"] if path.startswith("/actions/")} - {"/actions/order"}
    actions = {f"/actions/{name}" for name in
               re.findall(r'\t\{ "([a-z-]+)", (?:STACK|")', read("tools/page/action_command.c"))}
    check(actions == paths, f"page: the document has the actions of action_command.c {sorted(actions ^ paths) or ''}")


def errors_are_explained(check):
    kinds = set(re.findall(r'PAGE "([a-z-]+)"', read("common/http/http_problem.c")))
    said = set()
    for name in (*SERVICES, "page"):
        said |= set(re.findall(r'"/errors#([a-z-]+)"', read(f"{FOLDER}/{name}.openapi.json")))
    # Those of requests that match no operation.
    nowhere = {"no-such-path", "method-not-allowed"}
    # DISPATCH=http's POST /deliveries answers with conflict, and so does the page.
    check(said <= kinds, f"the documents name kinds of errors that there are {sorted(said - kinds) or ''}")
    check(kinds - nowhere <= said, f"each kind of error is in a document {sorted(kinds - nowhere - said) or ''}")


def common_parts_are_the_same(check):
    parts = [document(name)["components"] for name in SERVICES]
    for kind in ("schemas", "responses", "parameters"):
        for name in sorted(set(parts[0][kind]) & set(parts[1][kind]) - {"About", "Readiness"}):
            check(parts[0][kind][name] == parts[1][kind][name], f"both services have the same {name}")


def messages_refer_to_the_schemas(check):
    messages = json.loads(read(f"{FOLDER}/asyncapi.json"))["components"]["messages"]
    for name, message in messages.items():
        file = message["payload"].get("$ref")
        if not file:
            continue
        rules = json.loads(read(f"{FOLDER}/{file}"))
        check(name in rules["properties"]["eventType"]["enum"], f"{name} is a kind of {file}")
        for example in message["examples"]:
            jsonschema.validate(example["payload"], rules)
            jsonschema.validate(example["headers"], message["headers"])


def main():
    failures = []

    def check(holds, what):
        print(("[PASS] " if holds else "[FAIL] ") + what)
        if not holds:
            failures.append(what)
    for rule in (lint, paths_are_the_routes, errors_are_explained, common_parts_are_the_same, messages_refer_to_the_schemas):
        rule(check)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()

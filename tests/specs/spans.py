"""A collector of spans, which reads what the services send by the protocol's own schema."""
import http.server
import json
import re
import threading

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

import topic


class Collector(http.server.ThreadingHTTPServer):
    def __init__(self):
        super().__init__(("127.0.0.1", 0), Receiver)
        self.seen, self.bodies, self.bad = set(), 0, []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def read(self, body):
        """JSON has ids in hexadecimal, where the schema's own mapping has base64: as text they are judged apart."""
        request = json_format.Parse(body, trace_service_pb2.ExportTraceServiceRequest())
        for kind, length in (("traceId", 32), ("spanId", 16)):
            ids = re.findall(rb'"%s":\s*"([^"]*)"' % kind.encode(), body)
            assert ids and all(re.fullmatch(rb"[0-9a-f]{%d}" % length, each) for each in ids), f"{kind}: {ids[:3]}"
        for resource in request.resource_spans:
            service = next(a.value.string_value for a in resource.resource.attributes if a.key == "service.name")
            for span in (span for scope in resource.scope_spans for span in scope.spans):
                assert 0 < span.start_time_unix_nano <= span.end_time_unix_nano, span.name
                self.seen.add((service, span.name.split()[0], span.kind))


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):  # noqa: N802, the library's name
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.bodies += 1
        try:
            assert self.path == "/v1/traces" and self.headers["Content-Type"] == "application/json"
            self.server.read(body)
        except (json_format.ParseError, AssertionError, StopIteration, json.JSONDecodeError) as error:
            self.server.bad.append(str(error)[:200])
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


def spans_are_the_protocols(check, collector):
    server, producer, consumer = 2, 4, 5
    wanted = {("order-service", "POST", server), ("order-service", "PATCH", server), ("order-service", "send", producer),
              ("delivery-service", "process", consumer), ("delivery-service", "send", producer)}
    topic.until(lambda: wanted <= collector.seen)
    check(wanted <= collector.seen, f"both services' spans have come: {sorted(collector.seen)}")
    check(not collector.bad, f"the protocol's own schema reads {collector.bodies} bodies {collector.bad[:3] or ''}")

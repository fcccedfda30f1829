"""For schemathesis: what it cannot know by the document."""
import itertools

import schemathesis

numbers = itertools.count()


@schemathesis.hook
def before_call(context, case, **kwargs):
    """A key belongs to one order for good, so each order gets one of its own."""
    key = (case.headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and key.strip() and len(key) < 240 and key.isascii() and key.isprintable():
        case.headers["Idempotency-Key"] = f"{key}-{next(numbers)}"

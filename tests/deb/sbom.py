"""Holds documents of CycloneDX against its schema, strictly. Usage: sbom.py FILE..."""
import sys

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

validator = JsonStrictValidator(SchemaVersion.V1_5)
failed = 0
for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        error = validator.validate_str(file.read())
    if error:
        print(f"{path}: {error}", file=sys.stderr)
        failed += 1
sys.exit(failed > 0)

"""Check documents by the validators of SPDX's and CycloneDX's own projects."""

from __future__ import annotations

from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from spdx_tools.spdx.parser.error import SPDXParsingError
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document


def of_spdx(path: Path) -> list[str]:
    """Return what is wrong with an SPDX document, whose file's name ends in ``.spdx.json``."""
    try:
        document = parse_file(str(path))
    except SPDXParsingError as error:
        return [str(one) for one in error.messages]
    return [one.validation_message for one in validate_full_spdx_document(document)]


def of_cyclonedx(text: str) -> list[str]:
    """Return what is wrong with a CycloneDX document; its schema allows no unknown field."""
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    return [] if error is None else [repr(error)]

"""Check documents by the validator of SPDX's own project."""

from __future__ import annotations

from pathlib import Path

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

"""The names under which the cache keeps what is at a URL: never a path."""

from __future__ import annotations

from urllib.parse import unquote

from hpcpy.errors import UsageError
from hpcpy.pins.tables import Table


def file_name(url: str) -> str:
    """Return the name under which the cache keeps what is at a URL.

    Raises
    ------
    UsageError
        When the URL's last part, decoded, would be a path.
    """
    name = unquote(url.rsplit("/", 1)[-1])
    if "/" in name or name in ("", ".", "..") or not name.isprintable():
        raise UsageError(f"{url!r} does not end in the name of a file")
    return name


def name_of(table: Table, key: str, url: str) -> str:
    """Return the name of the file at a URL that comes from `key` of a table.

    Raises
    ------
    UsageError
        As for `file_name`, with file, table and key.
    """
    try:
        return file_name(url)
    except UsageError as error:
        raise table.wrong(key, str(error)) from error

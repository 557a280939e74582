"""Old workbooks (.xls): their cells, read in a process of their own, and the number formats that its reader leaves out.

The reader is native code, and where a damaged file breaks its assumptions it may end the whole process: of a server
that would be everybody's. So it runs in a process that only this file costs.

Invariant: whatever the bytes, there are sheets or there is a reason, and the caller lives on (held by
``tests/test_grid.py``).
"""

from __future__ import annotations

import io
import json
import os
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

LONGEST_SECONDS: Final = 120.0
"""Of reading one old workbook, which has at most 65,536 rows a sheet: beyond it something is wrong with the file."""


@dataclass(frozen=True, slots=True)
class BookSheet:
    """A sheet as it is stored.

    rows : values from A1 on: text, number, true or false; a date as YYYY-MM-DD
    merged : first row and column, last row and column, from 0
    dates : (row, column) of dates, from 1
    """

    title: str
    rows: tuple[tuple[Any, ...], ...]
    merged: tuple[tuple[int, int, int, int], ...]
    dates: frozenset[tuple[int, int]]


def read_book(content: bytes) -> tuple[BookSheet, ...] | str:
    """Sheets of an old workbook, or why there are none."""
    try:
        found = subprocess.run(
            [sys.executable, "-m", __name__],
            input=content,
            capture_output=True,
            timeout=LONGEST_SECONDS,
            check=False,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )
        told = json.loads(found.stdout) if found.returncode == 0 else {}
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        return type(error).__name__
    return tuple(map(_sheet, told["sheets"])) if "sheets" in told else str(told.get("reason", "XLS"))


def _sheet(raw: dict[str, Any]) -> BookSheet:
    rows = [[_stored(value) for value in row] for row in raw["rows"]]
    dates = {
        (row, column)
        for row, values in enumerate(raw["rows"], 1)
        for column, value in enumerate(values, 1)
        if isinstance(value, dict)
    }
    merged = tuple((top, left, bottom, right) for (top, left), (bottom, right) in raw["merged"])
    return BookSheet(raw["title"], tuple(map(tuple, rows)), merged, frozenset(dates))


def _stored(value: Any) -> Any:
    return value["date"] if isinstance(value, dict) else value


def main() -> None:
    """The process: a workbook on standard input, its sheets or a reason on standard output."""
    from python_calamine import CalamineWorkbook

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read()))
        sheets = [book.get_sheet_by_name(title) for title in book.sheet_names]
        told: dict[str, Any] = {
            "sheets": [
                {
                    "title": sheet.name,
                    "rows": sheet.to_python(skip_empty_area=False),
                    "merged": sheet.merged_cell_ranges or (),
                }
                for sheet in sheets
            ]
        }
    except BaseException as error:  # its panics are no Exception; whatever it is, the caller is told
        told = {"reason": str(error) or type(error).__name__}
    json.dump(told, sys.stdout, default=_plain)


def _plain(value: Any) -> Any:
    """A date, or a time as people write it."""
    return {"date": value.isoformat()[:10]} if hasattr(value, "year") else str(value)


_END_OF_CHAIN: Final = 0xFFFFFFFA
"""Sector numbers from here on mark free sectors and ends of chains ([MS-CFB] 2.1)."""
_BUILT_IN: Final = {9: "0%", 10: "0.00%"}
"""Numbers of the formats with a percent sign that every old workbook has ([MS-XLS] 2.5.165)."""


def percent_formats(content: bytes) -> dict[str, dict[tuple[int, int], str]] | None:
    """Number formats with a percent sign of the cells of an old workbook: sheet -> (row, column) -> format.

    None where they cannot be made out: an older or protected form. Source of the layout: [MS-CFB], [MS-XLS].
    """
    try:
        return _percent_formats(_workbook_stream(content))
    except (struct.error, LookupError, ValueError, OverflowError, MemoryError):
        return None


def is_sound(content: bytes) -> bool:
    """Whether the sizes that a compound file states fit into it; its reader reserves room for them unseen."""
    try:
        shift, small = struct.unpack_from("<HH", content, 0x1E)
        (n_fat,), (least,) = struct.unpack_from("<I", content, 0x2C), struct.unpack_from("<I", content, 0x38)
        (n_mini,), (n_more,) = struct.unpack_from("<I", content, 0x40), struct.unpack_from("<I", content, 0x48)
        if (shift, small) not in ((9, 6), (12, 6)) or least != _LEAST_STREAM:
            return False
        most = len(content) >> shift
        if max(n_fat, n_mini, n_more) > most:
            return False
        return len(_workbook_stream(content)) >= _LEAST_BOOK
    except (struct.error, LookupError, ValueError, OverflowError, MemoryError):
        return False


_LEAST_STREAM: Final = 4096
"""Bytes from which on a stream has sectors of its own, in every compound file ([MS-CFB] 2.2)."""
_LEAST_BOOK: Final = 100
"""Bytes that the stream of a workbook has at least."""


def _workbook_stream(content: bytes) -> bytes:
    """The stream Workbook of a compound file."""
    size, small = 1 << struct.unpack_from("<H", content, 0x1E)[0], 1 << struct.unpack_from("<H", content, 0x20)[0]
    (n_fat,), (root,) = struct.unpack_from("<I", content, 0x2C), struct.unpack_from("<I", content, 0x30)
    least, mini = struct.unpack_from("<II", content, 0x38)

    def sector(number: int) -> bytes:
        return content[(number + 1) * size : (number + 2) * size]

    def table(numbers: Sequence[int]) -> list[int]:
        return [one for number in numbers for one in struct.unpack(f"<{size // 4}I", sector(number))]

    def chain(first: int, links: Sequence[int], most: int) -> list[int]:
        found: list[int] = []
        while first < _END_OF_CHAIN and len(found) <= most:
            found.append(first)
            first = links[first]
        return found

    fat = table(struct.unpack_from(f"<{min(n_fat, 109)}I", content, 0x4C))
    most = len(content) // small
    entries = b"".join(sector(number) for number in chain(root, fat, most))
    streams = {}
    for at in range(0, len(entries), 128):
        length = struct.unpack_from("<H", entries, at + 64)[0]
        name = entries[at : at + max(length - 2, 0)].decode("utf-16-le", "replace")
        streams[name] = struct.unpack_from("<II", entries, at + 116)
        if streams[name][1] > len(content):
            raise ValueError(name)
    first, length = streams.get("Workbook") or streams["Book"]
    if length >= least:
        return b"".join(sector(number) for number in chain(first, fat, most))[:length]
    within = b"".join(sector(number) for number in chain(streams["Root Entry"][0], fat, most))
    links = table(chain(mini, fat, most))
    return b"".join(within[n * small : (n + 1) * small] for n in chain(first, links, most))[:length]


def _percent_formats(stream: bytes) -> dict[str, dict[tuple[int, int], str]]:
    formats, styles = dict(_BUILT_IN), []
    sheets: list[tuple[str, int]] = []
    found: dict[str, dict[tuple[int, int], str]] = {}
    for kind, data in _records(stream, 0):
        if kind == 0x041E:
            formats[struct.unpack_from("<H", data)[0]] = _unicode(data[2:])
        elif kind == 0x00E0:
            styles.append(struct.unpack_from("<H", data, 2)[0])
        elif kind == 0x0085:
            sheets.append((_short_unicode(data[6:]), struct.unpack_from("<I", data)[0]))
    percent = [formats.get(number, "") if "%" in formats.get(number, "") else "" for number in styles]
    for title, at in sheets:
        cells = found.setdefault(title, {})
        for kind, data in _records(stream, at):
            if kind in (0x0203, 0x027E, 0x0006):
                row, column, style = struct.unpack_from("<HHH", data)
                pairs = [(column, style)]
            elif kind == 0x00BD:
                row, first = struct.unpack_from("<HH", data)
                pairs = [(first + i, struct.unpack_from("<H", data, 4 + 6 * i)[0]) for i in range((len(data) - 6) // 6)]
            else:
                continue
            cells |= {(row + 1, column + 1): percent[style] for column, style in pairs if percent[style]}
    return found


def _records(stream: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """Records of a part of the stream, up to its end."""
    depth = 0
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        yield kind, stream[at + 4 : at + 4 + length]
        at += 4 + length
        depth += (kind == 0x0809) - (kind == 0x000A)
        if kind == 0x000A and depth <= 0:
            return


def _unicode(data: bytes) -> str:
    (count,), wide = struct.unpack_from("<H", data), data[2] & 1
    return data[3 : 3 + count * (1 + wide)].decode("utf-16-le" if wide else "latin-1")


def _short_unicode(data: bytes) -> str:
    count, wide = data[0], data[1] & 1
    return data[2 : 2 + count * (1 + wide)].decode("utf-16-le" if wide else "latin-1")


if __name__ == "__main__":
    main()

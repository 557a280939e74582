"""PDF of Word documents through LibreOffice, where it is installed.

Invariant: without LibreOffice nothing is written and nothing fails (held by ``tests/test_report_export.py``).
"""

from __future__ import annotations

import datetime as dt
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from forecast.files import write_whole

SECONDS: Final = 120
"""LibreOffice starts slowly on a busy machine; beyond this it hangs."""


def office() -> str | None:
    """LibreOffice's program; None where it is not installed."""
    return shutil.which("soffice") or shutil.which("libreoffice")


def to_pdf(documents: Sequence[Path], *, when: dt.date) -> list[Path]:
    """Documents as PDF beside them; none without LibreOffice, or where it fails.

    when : day that the files say they were made on
    """
    program = office()
    if program is None:
        return []
    return [made for document in documents if (made := _converted(program, document, when)) is not None]


def _converted(program: str, document: Path, when: dt.date) -> Path | None:
    """One document by a process of its own: what a process did before shows in the names of a PDF's fonts."""
    with tempfile.TemporaryDirectory(prefix="dabiao-") as scratch:
        profile = Path(scratch) / "profile"  # a profile of its own: an open LibreOffice is not disturbed
        command = [program, f"-env:UserInstallation={profile.as_uri()}", "--headless", "--convert-to", "pdf"]
        try:
            subprocess.run(
                [*command, "--outdir", scratch, str(document)], check=True, capture_output=True, timeout=SECONDS
            )
        except (subprocess.SubprocessError, OSError):
            return None
        found = Path(scratch) / f"{document.stem}.pdf"
        if not found.is_file():
            return None
        target = document.with_suffix(".pdf")
        write_whole(target, undated(found.read_bytes(), when))
        return target


def undated(pdf: bytes, when: dt.date) -> bytes:
    """A PDF of LibreOffice as if made on a day: its date, and the numbers drawn from the clock, same length."""
    day = f"/CreationDate(D:{when:%Y%m%d}000000".encode()
    pdf = re.sub(rb"/CreationDate\(D:\d{14}", day, pdf)
    return re.sub(rb"(?<=[<\/])[0-9A-F]{32}(?=>|\s)", b"0" * 32, pdf)

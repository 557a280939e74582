"""Fonts of pictures: one that has Chinese is found on the system or in a package, or it is said what to install.

Invariant: with a font that was found, two different characters never look alike: no empty boxes (held by
``tests/test_report_charts.py``).
"""

from __future__ import annotations

import os
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from forecast.errors import UsageError

FAMILIES: Final = (
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "Noto Sans SC",
    "Microsoft YaHei",
    "PingFang SC",
    "SimHei",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Droid Sans Fallback",
)
"""Families with Chinese, the open ones first."""
FOLDER_VARIABLE: Final = "DABIAO_FONTS"
"""Environment variable that names a folder of fonts."""
PACKAGES: Final = ("mplfonts",)
"""Packages that bundle open fonts with Chinese; optional."""
_PROBE: Final = "达市"


def stack() -> str:
    """Families as a style sheet lists them, the plain one last."""
    return ", ".join((*FAMILIES, "sans-serif"))


def ready() -> None:
    """Make sure that Chinese can be drawn; look in the folder named by the user, the system, and packages.

    Raises
    ------
    UsageError
        No font with Chinese was found.
    """
    if not _found(os.environ.get(FOLDER_VARIABLE, "")):
        raise UsageError("usage_no_font", variable=FOLDER_VARIABLE, package=PACKAGES[0])


@cache
def _found(folder: str) -> bool:
    """Whether two characters look different, with the fonts of a folder, the system, a package."""
    import vl_convert  # the renderer takes a while to load

    if folder and Path(folder).is_dir():
        vl_convert.register_font_directory(folder)
    if _drawn():
        return True
    for package in PACKAGES:
        spec = find_spec(package)
        for place in (spec.submodule_search_locations or ()) if spec else ():
            for fonts in {path.parent for path in Path(place).rglob("*.[ot]tf")}:
                vl_convert.register_font_directory(str(fonts))
    return _drawn()


def _drawn() -> bool:
    first, second = (_picture(char) for char in _PROBE)
    return first != second and _picture("\U0010ffff") not in (first, second)


def _picture(char: str) -> bytes:
    import vl_convert

    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40">'
        f'<text x="4" y="32" font-size="30" font-family="{stack()}">{char}</text></svg>'
    )
    return bytes(vl_convert.svg_to_png(svg))

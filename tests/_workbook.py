"""Workbooks written by hand, part by part, as Excel lays them out."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
KINDS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
STYLES = [
    "General",
    "yyyy/m/d",
    "h:mm",
    "[h]:mm",
    "yyyy/m/d h:mm",
    "aaa",
    "00000",
    '"第"0"回"',
    "ggge年m月d日",
]
"""Formats of cells, to be named by their position; then come the built-in ones of :data:`BUILTIN`."""
BUILTIN = [14, 20, 22, 31, 57, 32, 46]


class Cell(str):
    """XML of a cell, ``{r}`` for its place, where a plain value will not do."""


def styled(value: float, style: int | str) -> Cell:
    number = STYLES.index(style) if isinstance(style, str) else len(STYLES) + BUILTIN.index(style)
    return Cell(f'<c r="{{r}}" s="{number}"><v>{value!r}</v></c>')


def letters(column: int) -> str:
    return letters(column // 26 - 1) + letters(column % 26) if column >= 26 else chr(65 + column)


def cell(value: object, place: str) -> str:
    if isinstance(value, Cell):
        return value.format(r=place)
    if isinstance(value, int | float):
        return f'<c r="{place}"><v>{value!r}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t>{escape(str(value))}</t></is></c>'


def sheet(rows: Mapping[int, Sequence[object]], merged: Sequence[str] = ()) -> str:
    lines = "".join(
        f'<row r="{n}">'
        + "".join(cell(v, f"{letters(i)}{n}") for i, v in enumerate(row) if v not in (None, ""))
        + "</row>"
        for n, row in rows.items()
    )
    joined = "".join(f'<mergeCell ref="{ref}"/>' for ref in merged)
    return f'<worksheet xmlns="{MAIN}"><sheetData>{lines}</sheetData><mergeCells>{joined}</mergeCells></worksheet>'


def write(
    path: Path,
    sheets: Mapping[str, str],
    *,
    hidden: Sequence[str] = (),
    shared: Sequence[str] = (),
    since_1904: bool = False,
    more: Mapping[str, bytes] | None = None,
) -> Path:
    """``sheets``: name → XML of :func:`sheet`; ``shared``: XML of the ``si`` elements."""
    listed = "".join(
        f'<sheet name="{name}" sheetId="{i}" r:id="rId{i}" state="{"hidden" if name in hidden else "visible"}"/>'
        for i, name in enumerate(sheets, 1)
    )
    targets = "".join(
        f'<Relationship Id="rId{i}" Type="{KINDS}/worksheet" Target="worksheets/sheet{i}.xml"/>'
        for i in range(1, len(sheets) + 1)
    )
    own = "".join(
        f'<numFmt numFmtId="{164 + i}" formatCode="{escape(code, {chr(34): "&quot;"})}"/>'
        for i, code in enumerate(STYLES)
    )
    numbers = [0, *range(165, 164 + len(STYLES)), *BUILTIN]
    parts = {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="a" Type="{KINDS}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{KINDS}"><workbookPr date1904="{int(since_1904)}"/>'
        f"<sheets>{listed}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}">{targets}'
        f'<Relationship Id="s" Type="{KINDS}/styles" Target="/xl/styles.xml"/>'
        f'<Relationship Id="t" Type="{KINDS}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><numFmts>{own}</numFmts><cellStyleXfs>'
        f'<xf numFmtId="14"/></cellStyleXfs>'
        f"<cellXfs>{''.join(f'<xf numFmtId={chr(34)}{n}{chr(34)}/>' for n in numbers)}</cellXfs></styleSheet>",
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{"".join(shared)}</sst>',
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        parts |= {f"xl/worksheets/sheet{i}.xml": text for i, text in enumerate(sheets.values(), 1)}
        for name, content in [*parts.items(), *(more or {}).items()]:
            # Without a clock in it the same workbook is the same bytes.
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return path

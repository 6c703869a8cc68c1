"""The common look of the report's tables: aligned text for the terminal, one page for the browser."""

import base64
import textwrap
from dataclasses import dataclass
from html import escape

WIDTH = 100  # columns of a terminal
NAME = 30  # letters of the first column that the terminal shows
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #222; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
div { overflow-x: auto; }
table { border-collapse: collapse; margin: 1rem 0; font-size: 13px; }
th, td { padding: .3rem .5rem; text-align: right; border-bottom: 1px solid #ddd; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
thead th { border-bottom: 2px solid #222; }
.remarks { color: #6b6b6b; }
img { max-width: 100%; }
"""


@dataclass(frozen=True)
class Block:
    """A table of plain texts.

    Attributes:
        title: stands above.
        lines: header and rows, all of one length.
        remarks: what has to be known of it.
    """

    title: str
    lines: list[list[str]]
    remarks: list[str]


def text_block(block: Block) -> str:
    """A table for the terminal, at most 100 columns wide."""
    lines = [[cut(name, NAME), *(cut(cell, WIDTH - NAME - 2) for cell in cells)] for name, *cells in block.lines]
    remarks = [line for text in block.remarks for line in textwrap.wrap(text, WIDTH, subsequent_indent="    ")]
    return "\n".join([*textwrap.wrap(block.title, WIDTH), *in_strips(lines), *remarks])


def html_block(block: Block) -> str:
    """The same for a page."""
    header, *lines = block.lines
    return f"<h2>{escape(block.title)}</h2>\n{html_table(header, lines)}{html_remarks(block.remarks)}"


def html_page(title: str, body: str) -> str:
    """One HTML page that needs no other file; ``body`` is HTML."""
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def html_table(header: list[str], lines: list[list[str]]) -> str:
    """A table of plain texts."""
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>\n" for cells in lines)
    return f"<div><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table></div>\n"


def html_remarks(remarks: list[str]) -> str:
    """A list of plain texts below a table."""
    return f'<ul class="remarks">{"".join(f"<li>{escape(remark)}</li>" for remark in remarks)}</ul>\n'


def html_plot(png: bytes, what: str) -> str:
    """A picture as part of the page; ``what`` says what it shows."""
    return f'<img alt="{escape(what)}" src="data:image/png;base64,{base64.b64encode(png).decode("ascii")}">'


def in_strips(lines: list[list[str]]) -> list[str]:
    """Aligned lines; a table that is too wide goes on below, with its first column again."""
    first, *columns = zip(*lines, strict=True)
    strips = [[first]]
    for column in columns:
        wider = aligned(list(map(list, zip(*strips[-1], column, strict=True))))
        if len(wider[0]) > WIDTH and len(strips[-1]) > 1:
            strips.append([first])
        strips[-1].append(column)
    return [line for strip in strips for line in aligned(list(map(list, zip(*strip, strict=True))))]


def aligned(lines: list[list[str]]) -> list[str]:
    """Columns two blanks apart, the first to the left, the others to the right."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return [
        "  ".join([line[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(line[1:], widths[1:], strict=True))])
        for line in lines
    ]


def cut(text: str, width: int) -> str:
    """A text, cut where it is too long for its column."""
    return text if len(text) <= width else f"{text[: width - 1]}…"

"""The common look of the report's tables: aligned text for the terminal, one page for the browser."""

from html import escape

WIDTH = 100  # columns of a terminal
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

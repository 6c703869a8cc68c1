"""The doctor's report as one page without scripts or other files."""

from collections.abc import Iterable
from html import escape

NUMBERS = {
    "images": "images",
    "identities": "identities",
    "cameras": "cameras",
    "junk": "junk",
    "distractors": "distractors",
    "generated": "generated",
    "images_per_identity": "images per identity",
    "identities_with_one_image": "identities with one image",
    "width": "width (pixels)",
    "height": "height (pixels)",
}
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62em; margin: 2em auto; padding: 0 1em; color: #1c2733 }
h1 { font-size: 1.5em } h2 { font-size: 1.15em; margin-top: 2em }
.wide { overflow-x: auto } table { border-collapse: collapse; white-space: nowrap }
th, td { padding: .3em .9em; border-bottom: 1px solid #dde3ea; text-align: right }
th:first-child { text-align: left } thead th { border-bottom: 2px solid #8796a8 }
.finding { border-left: .4em solid; padding: .2em 1em; margin: 1em 0; background: #f6f8fa; overflow-wrap: anywhere }
.error { border-color: #c62f2f } .warning { border-color: #d98e04 } .note { border-color: #5b87b5 }
.finding p { margin: .2em 0 } .finding ul { margin: .2em 0; padding-left: 1.2em; color: #51606f; font-size: .9em }
"""


def doctor_html(diagnosis: dict) -> str:
    """Render what ``diagnose`` returned; every text from the data is escaped."""
    return _page(
        f"Data set {', '.join(diagnosis['datasets'])}",
        f"""<p>{_number(diagnosis["images"])} images. Ranges are smallest / median / largest. Distractors are gallery
images of identities that no query shows; identities count neither them nor junk.</p>
{_table(diagnosis["splits"])}
<h2>Findings</h2>
{_findings(diagnosis["findings"])}""",
    )


def findings_html(title: str, findings: list[dict]) -> str:
    """A page of findings alone, as of ``diagnose``; every text is escaped."""
    return _page(title, _findings(findings) if findings else "<p>Nothing is missing.</p>")


def _page(title: str, body: str) -> str:
    """A title, which is text, above HTML."""
    title = escape(title)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{STYLE}</style>
</head>
<body>
<h1>{title}</h1>
{body}
</body>
</html>
"""


def _table(splits: dict) -> str:
    head = _row("th", ["split", *splits])
    body = "\n".join(
        f"<tr><th>{label}</th>{''.join(f'<td>{_cell(split[name])}</td>' for split in splits.values())}</tr>"
        for name, label in NUMBERS.items()
    )
    return f'<div class="wide"><table>\n<thead>{head}</thead>\n<tbody>\n{body}\n</tbody>\n</table></div>'


def _row(tag: str, texts: Iterable[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{escape(text)}</{tag}>' for text in texts)}</tr>"


def _cell(value: int | dict | None) -> str:
    if value is None:
        return "-"
    if isinstance(value, dict):
        return " / ".join(_number(value[key]) for key in ("min", "median", "max"))
    return _number(value)


def _number(value: float) -> str:
    return f"{value:,.10g}"


def _findings(findings: list[dict]) -> str:
    return "\n".join(_finding(each) for each in findings) or "<p>None: the data set looks sound.</p>"


def _finding(each: dict) -> str:
    examples = "".join(f"<li>{escape(text)}</li>" for text in each["examples"])
    rest = each["count"] - len(each["examples"])
    more = f"<li>and {_number(rest)} more</li>" if rest else ""
    advice = f"<p>{escape(each['do'][:1].upper() + each['do'][1:])}</p>" if each["do"] else ""
    return (
        f'<div class="finding {escape(each["severity"])}"><p><b>{escape(each["severity"].capitalize())}</b>:'
        f" {escape(each['what'])} ({_number(each['count'])})</p>{advice}<ul>{examples}{more}</ul></div>"
    )

"""The one exception for a user's mistake."""


class UserError(Exception):
    """Something the user can mend; shown as one message, without a traceback.

    Args:
        what: what was found, in one sentence.
        where: file, row, setting or folder in which it was found.
        expected: what would have been right.
        do: what the user can do about it.
    """

    def __init__(self, what: str, *, where: object = None, expected: str | None = None, do: str | None = None):
        lines = [what]
        for label, text in (("where", where), ("expected", expected), ("do", do)):
            if text is not None:
                lines.append(f"  {label + ':':<10}{text}")
        super().__init__("\n".join(lines))

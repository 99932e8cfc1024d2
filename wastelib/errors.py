"""The one exception that users are meant to read."""


class WasteError(Exception):
    """Something a user can mend: what is wrong, where, and what to do about it.

    The command line prints it without a traceback; in a notebook it is the last line
    of one. Programming mistakes raise Python's own exceptions instead.
    """

    def __init__(self, what: str, *, where: object = None, remedy: str | None = None):
        self.what, self.where, self.remedy = what, where, remedy
        lines = [what]
        if where is not None:
            lines.append(f"  where:  {where}")
        if remedy is not None:
            lines.append(f"  remedy: {remedy}")
        super().__init__("\n".join(lines))

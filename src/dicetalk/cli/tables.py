"""Tables for people: what stands in a cell is shown as it is, brackets included."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table


def table(head: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[str] = ()) -> Table:
    """A table of rows of text; the columns named in `right` end together.

    rich would take `[svd]` for a style, and drop it.
    """
    from rich.box import SIMPLE
    from rich.table import Table
    from rich.text import Text

    made = Table(box=SIMPLE, show_edge=False)
    for name in head:
        made.add_column(Text(name), justify="right" if name in right else "left")
    for row in rows:
        made.add_row(*map(Text, row))
    return made

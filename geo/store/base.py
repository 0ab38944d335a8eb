"""What every store can do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import pandas as pd

from geo import schemas


class Store(Protocol):
    """Tables by their schema; a commit is seen whole or not at all."""

    def read(self, schema: type[schemas.Table]) -> Any:
        """The table, conforming to its schema; without rows when it was never written."""

    def commit(self, tables: Mapping[type[schemas.Table], pd.DataFrame]) -> None:
        """Replace these tables together; the others stay as they are."""

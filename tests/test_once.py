"""What is worked out once is worked out once, whoever asks and when."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from geo.once import once


class Ward:
    """Counts how often it is counted."""

    def __init__(self) -> None:
        self.counted: list[int] = []
        self.together = threading.Barrier(8)

    @once
    def people(self) -> int:
        """Everybody."""
        self.counted.append(threading.get_ident())
        time.sleep(0.05)
        return len(self.counted)

    @once
    def older(self) -> int:
        return self.people // 2 + self.people

    @once
    def broken(self) -> int:
        self.counted.append(0)
        raise ValueError("no census")


def test_eight_who_ask_together_get_one_answer() -> None:
    ward = Ward()

    def ask(_: int) -> int:
        ward.together.wait()
        return ward.people

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(ask, range(8))) == [1] * 8
    assert len(ward.counted) == 1


def test_each_object_has_its_own_and_one_may_ask_for_another() -> None:
    first, second = Ward(), Ward()
    assert first.older == 1
    assert second.people == 1
    assert (len(first.counted), len(second.counted)) == (1, 1)
    assert Ward.people.__doc__ == "Everybody."


def test_what_failed_is_tried_again() -> None:
    ward = Ward()
    for _ in range(2):
        with pytest.raises(ValueError, match="no census"):
            _ = ward.broken
    assert ward.counted == [0, 0]

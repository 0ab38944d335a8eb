"""Worked out when it is first asked for, and once, also when several people ask at the same time."""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


class once(Generic[T]):  # noqa: N801 - used as a decorator, like cached_property
    """A property that is worked out once for an object and then kept in it.

    ``functools.cached_property`` is not enough here: since Python 3.12 it lets everybody who asks meanwhile do the
    same work again, and a server's people move their sliders together.

    Parameters
    ----------
    work : callable
        From the object to the value; it may ask for other such properties, but not in a circle.

    Examples
    --------
    >>> class Ward:
    ...     @once
    ...     def people(self):
    ...         print("counted")
    ...         return 101_851
    >>> ward = Ward()
    >>> ward.people, ward.people
    counted
    (101851, 101851)
    """

    def __init__(self, work: Callable[[Any], T]) -> None:
        self.work = work
        self.__doc__ = work.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        """Under the name that it has in its class."""
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> once[T]: ...

    @overload
    def __get__(self, instance: object, owner: type) -> T: ...

    def __get__(self, instance: object | None, owner: type) -> once[T] | T:
        """The value of an object. Once it is kept there, Python finds it without asking here."""
        if instance is None:
            return self
        kept = vars(instance)
        # Of two who come first together, one lock is kept: setting a default is one step.
        with kept.setdefault(f"_{self.name}_lock", RLock()):
            if self.name not in kept:
                kept[self.name] = self.work(instance)
        value: T = kept[self.name]
        return value

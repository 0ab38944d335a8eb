"""What can go wrong, in one small family.

Each error has a ``code``, an English sentence with the way out, and the values of that sentence. The
sentence stands where the error is raised; ``geo/locales/ja.toml`` holds the Japanese one under the same
code and with the same placeholders, and the two places that speak to people (the command line and the
app) choose the language. Every class is a fitting builtin too, so callers may catch either.
"""

from __future__ import annotations


class AtlasError(Exception):
    """Something that the user can mend: shown as a sentence, never as a traceback.

    Parameters
    ----------
    code : str
        Stable name of the problem, the key of its sentence in other languages.
    template : str
        English sentence with ``{placeholders}`` for the values and the way out.
    **context
        The values.

    Examples
    --------
    >>> error = AtlasError("too_far", "{name} is {metres} m away.", name="Salon A", metres=312)
    >>> str(error), error.code, error.context["metres"]
    ('Salon A is 312 m away.', 'too_far', 312)
    """

    def __init__(self, code: str, template: str, **context: object) -> None:
        self.code = code
        self.template = template
        self.context = context
        super().__init__(template.format(**context))


class Clause(dict[str, object]):
    """A part of a sentence that has words of its own, with its values.

    Its code and sentence are those of an error; as a plain mapping it can be kept in a record.

    Examples
    --------
    >>> clause = Clause("rule_apart", "at least {metres} m apart", metres=200)
    >>> str(clause), clause["code"]
    ('at least 200 m apart', 'rule_apart')
    """

    def __init__(self, code: str, template: str, **values: object) -> None:
        super().__init__(code=code, template=template, values=values)
        self._said = template.format(**values)

    def __str__(self) -> str:
        """In English."""
        return self._said


class Clauses(list[Clause]):
    """Several parts of one sentence.

    Examples
    --------
    >>> str(Clauses([Clause("a", "one"), Clause("b", "{n} more", n=2)]))
    'one; 2 more'
    """

    def __str__(self) -> str:
        """In English."""
        return "; ".join(map(str, self))


class StudyError(AtlasError, ValueError):
    """A value of the study is not allowed."""


class DataError(AtlasError, ValueError):
    """A file or table does not hold what it must; the sentence names file, row, column and value."""


class SourceError(AtlasError, OSError):
    """A foreign file cannot be opened, is not what it says, or is not safe to read."""


class CrsError(AtlasError, ValueError):
    """Coordinates cannot be placed on the earth without a guess."""


class MissingTableError(AtlasError, LookupError):
    """The project lacks a table that this step needs."""


class StoreError(AtlasError, OSError):
    """The project's own store cannot be read or written."""


class InfeasibleError(AtlasError, ValueError):
    """What was asked cannot be had; the sentence names the rule that makes it so."""


class AccessDeniedError(AtlasError, PermissionError):
    """Whoever asks may not do this; nothing was done."""

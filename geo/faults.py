"""What other programs say in English (the system, readers of files, the command line), in the reader's words.

A sentence of our own carries such words as a value: why a file cannot be opened, what is wrong with a setting. The
common ones are known by their wording, since not all of them have a number; what is not known stays as it was said.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Mapping
from functools import cache, partial

_NUMBERED = (
    "ENOENT", "EACCES", "EPERM", "EEXIST", "ENOTDIR", "EISDIR", "ENOSPC", "EDQUOT", "EROFS", "EMFILE", "ENAMETOOLONG",
    "EIO", "EBUSY", "ETIMEDOUT", "ECONNREFUSED", "ECONNRESET", "EHOSTUNREACH", "ENETUNREACH", "EPIPE",
)  # fmt: skip
_WINDOWS = {
    2: "ENOENT",
    3: "ENOENT",
    5: "EACCES",
    32: "EBUSY",
    80: "EEXIST",
    112: "ENOSPC",
    206: "ENAMETOOLONG",
}
_COUNTED = "(?:Tuple|List|Dictionary|Set|String|Value) should have"
_WORDED: tuple[tuple[str, str], ...] = (
    # the command line
    ("use_argument", r"Missing argument '(?P<name>[^']*)'\."),
    ("use_needed", r"Missing option '(?P<name>[^']*)'\."),
    ("use_command", r"No such command '(?P<name>[^']*)'\."),
    ("use_option", r"No such option: (?P<name>\S+)"),
    ("use_options", r" ?\(Possible options: (?P<names>[^)]*)\)"),
    ("use_meant", r" ?Did you mean '?(?P<name>[^'?]*)'?\?"),
    ("use_value", r"Option '(?P<name>[^']*)' requires (?:an argument|(?P<count>\d+) arguments)\."),
    ("use_no_value", r"Option '(?P<name>[^']*)' does not take a value\."),
    ("use_extra", r"Got unexpected extra argument(?:s|\(s\))? \((?P<name>[^)]*)\)"),
    ("use_path", r"Path '(?P<name>[^']*)' does not exist\."),
    ("use_bad", r"Invalid value for '?(?P<name>[^':]*)'?: "),
    ("use_bad_value", r"Invalid value: "),
    # TOML, which tells the place behind the fault
    ("toml_place", r" \(at line (?P<line>\d+), column (?P<column>\d+)\)"),
    ("toml_end", r" \(at end of document\)"),
    ("toml_value", r"Invalid value"),
    ("toml_equals", r"Expected '=' after a key in a key/value pair"),
    ("toml_statement", r"Invalid statement|Expected newline or end of document after a statement"),
    ("toml_twice", r"Cannot overwrite a value|Cannot declare \(.*?\) twice"
                   r"|Cannot mutate immutable namespace .*?(?= \(|$)"),
    ("toml_open", r"Unclosed (?:array|inline table)|Unterminated string(?! starting)"
                  r"|Expected \"'''\"|Expected '\"\"\"'"),
    ("toml_letter", r"(?:Found invalid|Illegal) character '?.+?'?(?= \(|$)"),
    # values of a study or of a question
    ("value_needed", r"Field required"),
    ("value_unknown", r"Extra inputs are not permitted"),
    ("value_at_least", r"Input should be greater than or equal to (?P<bound>[\d.e+-]+)"),
    ("value_at_most", r"Input should be less than or equal to (?P<bound>[\d.e+-]+)"),
    ("value_above", r"Input should be greater than (?P<bound>[\d.e+-]+)"),
    ("value_below", r"Input should be less than (?P<bound>[\d.e+-]+)"),
    ("value_integer", r"Input should be a valid integer"
                      r"(?:, (?:unable to parse .*?integer|got a number with a fractional part))?"),
    ("value_number", r"Input should be a (?:valid|finite) number(?:, unable to parse string as a number)?"),
    ("value_boolean", r"Input should be a valid boolean(?:, unable to interpret input)?"),
    ("value_text", r"Input should be a valid string"),
    ("value_date", r"Input should be a valid (?:date|datetime)[^;]*"),
    ("value_list", r"Input should be a valid (?:list|tuple|array)"),
    ("value_table", r"Input should be a valid (?:dictionary|mapping)(?: or instance of \w+)?"),
    ("value_one_of", r"Input should be (?P<known>'[^;]*')"),
    ("value_or", r"(?<=') or (?=')"),
    ("value_form", r"String should match pattern '(?P<form>[^;]*)'"),
    ("value_few", rf"{_COUNTED} at least (?P<least>\d+) (?:items?|characters?)[^;]*"),
    ("value_many", rf"{_COUNTED} at most (?P<most>\d+) (?:items?|characters?)[^;]*"),
    ("own_interval", r"Value error, the interval of weights ends below its beginning"),
    ("own_distances", r"Value error, give distinct distances from 50 to 5000 m, ascending"),
    ("own_functions", r"Value error, kinds are \((?P<kinds>.*?)\), functions \((?P<functions>.*?)\)"),
    ("own_weekdays", r"Value error, give weekdays from 0 \(Monday\) to 6, ascending"),
    ("own_bands", r"Value error, band_weights: give one weight for each of limits_m, none below 0"),
    ("own_weeks", r"Value error, give whole weeks: 7, 14, 21, 28 … days"),
    ("own_hours", r"Value error, give two full hours from 0 to 24, ascending"),
    ("own_group_once", r"Value error, give each group once"),
    ("own_everybody", r"Value error, one group must count all people \(column people, no targets\)"),
    ("own_rule_once", r"Value error, give each rule once"),
    ("own_new_hours", r"Value error, new_hours: no weekdays and hours can be read from these words"),
    ("own_new_days", r"Value error, new_hours are (?P<days>[\d.]+) days a week, new_days_per_week says otherwise"),
    ("own_change", r"Value error, change needs hours, days, targets or capacity"),
    ("own_lacking", r"Value error, (?P<do>\w+) needs (?P<names>\w+(?:, \w+)*)"),
    ("own_targets", r"Value error, targets (?P<given>\[[^\]]*\]) are none of (?P<known>\w+(?:, \w+)*)"),
    ("own_spot", r"Value error, give latitude, then longitude, within Japan"),
    ("own_days", r"Value error, The opening words (?P<words>'.*?') are (?P<read>[\d.]+) days a week, but "
                 r"(?P<days>[\d.]+) are given\. Leave one of them out\."),
    # files that are not what they should be
    ("encoding", r"'(?P<encoding>[\w-]+)' codec can't decode bytes? (?:0x\w+ )?in position (?P<at>\d+)(?:-\d+)?"
                 r": [\w ]+"),
    ("zip_none", r"File is not a zip file|Bad magic number for (?:central directory|file header)"),
    ("zip_damaged", r"Bad CRC-32 for file '(?P<name>[^']*)'|Error -\d while decompressing data[^)]*"),
    ("cut", r"Truncated[^)]*|unexpected end of data|Compressed file ended before the end-of-stream marker was reached"),
    ("xml_token", r"not well-formed \(invalid token\): line (?P<line>\d+), column (?P<column>\d+)"),
    ("xml_none", r"(?:no element found|unclosed token): line \d+, column \d+"),
    ("xml_tag", r"mismatched tag: line (?P<line>\d+), column \d+"),
    ("json_value", r"Expecting value|Expecting property name enclosed in double quotes|Illegal trailing comma[\w ]*"),
    ("json_sign", r"Expecting (?P<sign>'.') delimiter"),
    ("json_extra", r"Extra data"),
    ("json_text", r"Unterminated string starting at|Invalid (?:control character at|\\+escape|\\+uXXXX escape)"),
    ("field_long", r"field larger than field limit \((?P<limit>\d+)\)"),
    # the store
    ("store_locked", r"database(?: table)? is locked"),
    ("store_none", r"file is not a database"),
    ("store_damaged", r"database disk image is malformed"),
    ("store_read_only", r"attempt to write a readonly database"),
    ("store_full", r"database or disk is full"),
    ("store_unopened", r"unable to open database file"),
    ("store_table", r"no such table: (?P<table>[\w\"]+)"),
    # the network
    ("net_name", r"(?:\[Errno -?\d+\] )?(?:Name or service not known|Temporary failure in name resolution"
                 r"|nodename nor servname provided, or not known|getaddrinfo failed)"),
    ("net_slow", r"(?:The read operation |_ssl\.c:\d+: The handshake operation )?timed out"),
    ("net_closed", r"Remote end closed connection without response"),
    ("net_cut", r"IncompleteRead\((?P<got>\d+) bytes read(?:, (?P<left>\d+) more expected)?\)"),
    ("net_certificate", r"\[SSL: CERTIFICATE_VERIFY_FAILED\][^)]*"),
)  # fmt: skip


@cache
def _known() -> tuple[tuple[str, re.Pattern[str]], ...]:
    numbered = [
        (
            name,
            rf"\[Errno {number}\] {re.escape(os.strerror(number))}|(?<![\w\]]){re.escape(os.strerror(number))}",
        )
        for name in _NUMBERED
        if (number := getattr(errno, name, None)) is not None
    ]
    windows = [(name, rf"\[WinError {number}\] [^:]*") for number, name in _WINDOWS.items()]
    return tuple((name, re.compile(words)) for name, words in (*numbered, *windows, *_WORDED))


def told(said: str, words: Mapping[str, str]) -> str:
    """What was said, as far as it is known in the reader's words.

    Parameters
    ----------
    said : str
        Of an exception.
    words : mapping
        :func:`geo.text.catalogue` of the reader's language; the sentences stand under ``fault``.

    Examples
    --------
    >>> told("[Errno 13] Permission denied: 'a'", {"fault.EACCES": "not allowed"})
    "not allowed: 'a'"
    """
    for name, pattern in _known():
        template = words.get(f"fault.{name}")
        if template is not None:
            said = pattern.sub(partial(_filled, template), said)
    return said


def _filled(template: str, found: re.Match[str]) -> str:
    # A part that was not said is blank.
    return template.format(**{name: part or "" for name, part in found.groupdict().items()})


def names() -> tuple[str, ...]:
    """Every name under which a catalogue keeps words, in order."""
    return tuple(dict.fromkeys(name for name, _ in _known()))

"""Which tables a logged statement truncates, drops, renames, alters or creates."""

import re
from collections.abc import Iterator

from rehearsal.dms.log import TableStatement, Verb

_QUOTED_OR_COMMENT = re.compile(
    r"""(?P<name>`(?:[^`]|``)+`)
        | (?P<text>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*")
        | /\*M?!\d*(?P<executed>.*?)\*/
        | (?P<comment>/\*.*?\*/|(?:--(?=\s|$)|\#)[^\n]*)""",
    re.DOTALL | re.VERBOSE,
)
_QUOTED_NAME = re.compile(r"`(?:[^`]|``)+`")
_VERB = re.compile(
    r"""\s*(?:(?P<truncate>TRUNCATE(?:\s+TABLE)?)
        | (?P<drop>DROP\s+TABLE(?:\s+IF\s+EXISTS)?)
        | (?P<rename>RENAME\s+TABLE(?:\s+IF\s+EXISTS)?)
        | (?P<alter>ALTER(?:\s+ONLINE)?(?:\s+IGNORE)?\s+TABLE(?:\s+IF\s+EXISTS)?)
        | (?P<create>CREATE(?:\s+OR\s+REPLACE)?\s+TABLE(?:\s+IF\s+NOT\s+EXISTS)?))\s+""",
    re.IGNORECASE | re.VERBOSE,
)
_NO_ROWS = re.compile(
    r"""\s*(?:CREATE|ALTER|DROP|RENAME|TRUNCATE|GRANT|REVOKE|FLUSH|OPTIMIZE|REPAIR|INSTALL|UNINSTALL|BEGIN|START|COMMIT
        |ROLLBACK|SAVEPOINT|RELEASE|XA|SET\s+(?!STATEMENT\b)|ANALYZE\s+(?:\w+\s+)?TABLE)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_FILLED = re.compile(r"\s*CREATE\s+(?:OR\s+REPLACE\s+)?TABLE\b.*\bSELECT\b", re.IGNORECASE | re.DOTALL)
_PART = r"(?:`(?:[^`]|``)+`|[\w$]+)"
_NAME = re.compile(rf"\s*({_PART})(?:\s*\.\s*({_PART}))?")
_NEXT = re.compile(r"\s*,\s*")
_TO = re.compile(rf"\s+TO\s+{_PART}(?:\s*\.\s*{_PART})?", re.IGNORECASE)
_RENAMES = re.compile(rf"[\s,]RENAME\s+(?:(?:TO|AS)\s+)?(?!COLUMN\b|INDEX\b|KEY\b)(?:{_PART})", re.IGNORECASE)


def changes_rows(query: str) -> bool:
    """Whether a logged statement stands for the rows that it changed: the log has another format here.

    A log of rows has statements too, but only of definitions, rights and transactions; what is none of these may change
    rows, as a SELECT of a function does.
    """
    text = _without_quoted_names(_plain_statement(query))
    return not _NO_ROWS.match(text) or bool(_FILLED.match(text))


def _plain_statement(query: str) -> str:
    """A statement without comments and with empty texts; what the server executes of comments stays."""

    def plain(found: re.Match[str]) -> str:
        if found["executed"] is not None:
            return f" {_plain_statement(found['executed'])} "
        return found["name"] or ("''" if found["text"] else " ")

    return _QUOTED_OR_COMMENT.sub(plain, query)


def _without_quoted_names(text: str) -> str:
    """A quoted name may have words that mean something elsewhere."""
    return _QUOTED_NAME.sub("`_`", text)


def table_statements(query: str, schema: str) -> Iterator[TableStatement]:
    """The tables that a statement names; `schema` is where it was run."""
    text = _plain_statement(query)
    found = _VERB.match(text)
    if not found:
        return
    (name,) = [name for name, value in found.groupdict().items() if value]
    verb, at = Verb(name.upper()), found.end()
    while named := _NAME.match(text, at):
        at = named.end()
        first, second = (_plain(part) for part in named.groups())
        is_renamed = verb is Verb.ALTER and _RENAMES.search(_without_quoted_names(text[at:]))
        yield TableStatement(Verb.RENAME if is_renamed else verb, first if second else schema, second or first)
        if verb is Verb.RENAME and (renamed := _TO.match(text, at)):
            at = renamed.end()
        following = _NEXT.match(text, at) if verb in (Verb.DROP, Verb.RENAME) else None
        if not following:
            return
        at = following.end()


def _plain(name: str | None) -> str:
    if not name:
        return ""
    return name[1:-1].replace("``", "`") if name.startswith("`") else name

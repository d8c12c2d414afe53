"""What only this host's binary log holds, for tail.py."""

import os
import sys

sys.dont_write_bytecode = True
import binlog  # noqa: E402
import values  # noqa: E402

Unreadable = binlog.Unreadable
INDEX = "/var/log/mysql/mysql-bin.index"
# Text of a statement is told where it begins so and has nothing of a secret about it.
TELLING = ("TABLE", "DATABASE", "SCHEMA", "INDEX", "UNIQUE", "VIEW", "SEQUENCE", "TEMPORARY", "FULLTEXT", "OR")
ACCOUNT_WORDS = ("PASSWORD", "IDENTIFIED", "CONNECTION", "SERVER", "USER ", "ROLE", "GRANT", "REVOKE")

COLUMNS = """SELECT JSON_ARRAY(TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, LOWER(DATA_TYPE), COLUMN_TYPE, CHARACTER_SET_NAME, IS_GENERATED = 'ALWAYS')
  FROM information_schema.COLUMNS WHERE TABLE_SCHEMA NOT IN ('information_schema', 'performance_schema', 'sys')
  ORDER BY TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION"""


def gtids(text):
    """The last sequence number of each domain and server."""
    newest = {}
    for gtid in filter(None, text.split(",")):
        domain, server, sequence = (int(part) for part in gtid.split("-"))
        newest[domain, server] = max(sequence, newest.get((domain, server), 0))
    return newest


def missing(own, other):
    """What the first of two histories holds beyond the second, or None (writer.md, W9)."""
    theirs = gtids(other)
    beyond = [(place, theirs.get(place, 0), last) for place, last in sorted(gtids(own).items()) if last > theirs.get(place, 0)]
    ranges = ["%d-%d-%d..%d-%d-%d" % (*place, before + 1, *place, last) for place, before, last in beyond]
    return {"gtids": ranges} if ranges else None


def asked(found):
    """{(domain, server): (first, last)}"""
    wanted = {}
    for pair in found["gtids"]:
        (domain, server, first), (_, _, last) = ([int(part) for part in gtid.split("-")] for gtid in pair.split(".."))
        wanted[domain, server] = (first, last)
    return wanted


def listed():
    """All files of the log, as the server has them."""
    with open(INDEX, encoding="utf-8") as index:
        return [os.path.join(os.path.dirname(INDEX), line.strip()) for line in index if line.strip()]


def rest(_found):
    """What there is of the log, where it does not hold all."""
    return [path for path in listed() if os.path.exists(path)]


def pieces(found):
    """The files that hold it, in their order. Raises where the log does not go back so far."""
    wanted, needed = asked(found), []
    for path in reversed(listed()):
        needed.insert(0, path)
        with open(path, "rb") as file:
            before = binlog.begins_with(file)
        if all(before.get(place, 0) < first for place, (first, _) in wanted.items()):
            return needed
    raise binlog.Unreadable("the binary log does not go back to where the histories part: its older files are purged")


def transactions(found, client):
    """{"tx", "at", "rows"} in the order of the log."""
    described = {}
    for schema, table, name, kind, definition, charset, generated in client.ask(COLUMNS):
        column = {"name": name, "kind": kind, "type": definition, "charset": charset, "generated": generated == 1}
        described.setdefault((schema, table), []).append(column)
    wanted = asked(found)

    def is_wanted(domain, server, sequence):
        first, last = wanted.get((domain, server), (1, 0))
        return first <= sequence <= last

    for path in pieces(found):
        with open(path, "rb") as file:
            for group in binlog.transactions(file, is_wanted):
                rows = [row for event in group["events"] for row in rows_of(event, described)]
                yield {"tx": "%d-%d-%d" % group["gtid"], "at": values.utc(group["at"]).replace(" ", "T") + "Z", "rows": rows}


def rows_of(event, described):
    if event[0] == "statement":
        yield statement(*event[1:])
        return
    _, op, table_map, images = event
    name, columns = table_map["table"], described.get(table_map["table"])
    if name[0] == "mysql":
        yield {"op": "account", "table": name}
        return
    step = 2 if op == "update" else 1
    for place in range(0, len(images), step):
        row = {"op": op, "table": name}
        try:
            told = [told_image(image, table_map["columns"], columns) for image in images[place : place + step]]
            row["before"] = told[0] if op != "insert" else None
            row["after"] = told[-1] if op != "delete" else None
        except values.Unknown as unknown:
            row["why"] = str(unknown)
        yield row


def told_image(image, kinds, columns):
    if columns is None or len(columns) != len(kinds):
        raise values.Unknown("its table is another one by now")
    told = {}
    for value, (kind, meta), column in zip(image, kinds, columns):
        if column["generated"]:
            continue
        if value is values.MISSING:
            raise values.Unknown("the log has only a part of the row")
        told[column["name"]] = None if value is None else values.text(value, kind, meta, column)
    return told


def statement(database, text):
    words, place = text.strip().upper().split(), (database,) if database else None
    tells = words[:1] == ["TRUNCATE"] or words[:1] == ["RENAME"] or (words[:1] in (["CREATE"], ["ALTER"], ["DROP"]) and words[1:2] and words[1] in TELLING)
    if not tells or any(word in text.upper() for word in ACCOUNT_WORDS):
        is_account = bool(words) and (words[0] in ("GRANT", "REVOKE", "SET") or words[1:2] in (["USER"], ["ROLE"], ["OR"]))
        return {"op": "account" if is_account else "statement", "table": None if is_account else place, "text": None}
    return {"op": "statement", "table": place, "text": text}

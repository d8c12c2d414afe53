"""What the rows of this database are, in few bytes: chunks of a table's rows by key, each with a count and a sum of row
hashes, so that two hosts can be compared while both run. Reads one question as JSON from standard input, answers with
one JSON object. Nothing is written, on a standby nothing can be; no column's content is told but the keys'.

  {"ask": "tables"}                                   {"tables": [{"table", "shape", "keyed"}]}
  {"ask": "walk", "from": [{"table", "after"}], "seconds": N}
                                                      {"chunks": [{"table", "after", "upTo", "rows", "sum"}]}
  {"ask": "ranges", "ranges": [{"table", "after", "upTo"}]}
                                                      {"chunks": [...]} (as above, one a range)
  {"ask": "rows", "range": {"table", "after", "upTo"}}  {"rows": [[key, hash]...], "more"}

A table is [schema, name], a key a list of texts; `after` is exclusive and null at the beginning, `upTo` inclusive and null
at the end. A walk ends with its time: whoever asked goes on behind its last chunk. A table that is gone is told as
{"table", "gone": true}. The sum is of 60-bit numbers from each row's MD5: equal rows in any order have an equal sum, and
two differing sets one by a chance of 2^-60.

The engine's client is on file descriptors 3 (its output) and 4 (its input); engine/dialect.py is its SQL."""

import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "engine"))
sys.dont_write_bytecode = True
import dialect  # noqa: E402

# A chunk takes about this long on the server, so that no read holds much up and no answer waits long.
CHUNK_SECONDS = 0.25
FIRST_ROWS, MOST_ROWS = 1000, 20000
# All of an answer is in memory at once, beside the database.
MOST_TOLD = 50000
# Renewed every second: no two looks would find them alike.
RENEWED = {("evenkeel", "heartbeat", "at"), ("evenkeel", "heartbeat", "changes")}
END = "evenkeel-end"


class Client:
    """The engine's own command line client: statements in, lines of JSON out."""

    def __init__(self):
        self.answers = os.fdopen(3, "r", encoding="utf-8", newline="\n")
        self.questions = os.fdopen(4, "w", encoding="utf-8", newline="\n")

    def ask(self, statement):
        """All rows of the answer; each row is one line of JSON."""
        self.questions.write("%s;\nSELECT '%s';\n" % (statement, END))
        self.questions.flush()
        rows = []
        for line in self.answers:
            if line == END + "\n":
                return rows
            rows.append(json.loads(line))
        sys.exit("the database's client ended: see above")


def catalog(client):
    """By [schema, name]: columns as (name, type, kind), and the key's columns of these; no key where there is none to go by."""
    tables = {}
    for schema, name, column, kind, definition in client.ask(dialect.COLUMNS):
        if (schema, name, column) in RENEWED:
            continue
        table = tables.setdefault((schema, name), {"columns": {}, "key": []})
        table["columns"][column] = (column, definition, kind)
    keys = {}
    for schema, name, index, column in client.ask(dialect.KEYS):
        keys.setdefault((schema, name), {}).setdefault(index, []).append(column)
    for table, indexes in keys.items():
        if table not in tables:
            continue
        columns = tables[table]["columns"]
        for wanted in indexes.values():
            if all(column in columns and dialect.can_be_key(columns[column]) for column in wanted):
                tables[table]["key"] = [columns[column] for column in wanted]
                break
    return tables


def condition(key, after, up_to):
    parts = []
    if after is not None:
        parts.append(dialect.beyond(key, after))
    if up_to is not None:
        parts.append("NOT (%s)" % dialect.beyond(key, up_to))
    return " AND ".join("(%s)" % part for part in parts) or "1 = 1"


def chunk(client, name, table, after, up_to):
    where = condition(table["key"], after, up_to)
    ((rows, total),) = client.ask(
        "SELECT %s FROM %s WHERE %s" % (dialect.counted(table), dialect.source(name), where)
    )
    return {"table": list(name), "after": after, "upTo": up_to, "rows": rows, "sum": total}


def boundary(client, name, table, after, rows):
    """The key of the row that a chunk of so many rows ends with; None where fewer are left."""
    if not table["key"]:
        return None
    found = client.ask(
        "SELECT %s FROM %s WHERE %s ORDER BY %s LIMIT 1 OFFSET %d"
        % (dialect.key_texts(table["key"]), dialect.source(name), condition(table["key"], after, None), dialect.ordered(table["key"]), rows - 1)
    )
    return found[0] if found else None


def walk(client, tables, request):
    end = time.monotonic() + request["seconds"]
    chunks = []
    for begin in request["from"]:
        name, after, rows = tuple(begin["table"]), begin["after"], FIRST_ROWS
        if name not in tables:
            chunks.append({"table": list(name), "gone": True})
            continue
        while True:
            if chunks and time.monotonic() > end:
                return {"chunks": chunks}
            began = time.monotonic()
            up_to = boundary(client, name, tables[name], after, rows)
            chunks.append(chunk(client, name, tables[name], after, up_to))
            if up_to is None:
                break
            after = up_to
            took = max(time.monotonic() - began, 0.001)
            rows = int(min(MOST_ROWS, 4 * rows, max(FIRST_ROWS, rows * CHUNK_SECONDS / took)))
    return {"chunks": chunks}


def ranges(client, tables, request):
    def one(wanted):
        name = tuple(wanted["table"])
        if name not in tables:
            return {"table": list(name), "gone": True}
        return chunk(client, name, tables[name], wanted["after"], wanted["upTo"])

    return {"chunks": [one(wanted) for wanted in request["ranges"]]}


def rows_of(client, tables, request):
    wanted = request["range"]
    name = tuple(wanted["table"])
    if name not in tables:
        return {"rows": [], "gone": True}
    table = tables[name]
    where = condition(table["key"], wanted["after"], wanted["upTo"])
    key = dialect.key_texts(table["key"])
    select = "SELECT %s FROM %s WHERE %s LIMIT %d"
    rows = client.ask(select % (dialect.row_with(key, table), dialect.source(name), where, MOST_TOLD + 1))
    return {"rows": rows[:MOST_TOLD], "more": len(rows) > MOST_TOLD}


def shape(table):
    """Columns with their types, and by which of them a row is told from another."""
    columns = sorted(column[:2] for column in table["columns"].values())
    return [*columns, ("(key)", ", ".join(column[0] for column in table["key"]))]


def main():
    request = json.load(sys.stdin)
    client = Client()
    client.ask(dialect.SESSION)
    tables = catalog(client)
    if request["ask"] == "tables":
        shapes = [
            {"table": list(name), "shape": shape(table), "keyed": bool(table["key"])}
            for name, table in sorted(tables.items())
        ]
        answer = {"tables": shapes}
    else:
        answer = {"walk": walk, "ranges": ranges, "rows": rows_of}[request["ask"]](client, tables, request)
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()

"""What this host holds that the writer lacks, as one JSON object (docs/architecture.md, "The old writer's return"). Looks only.
Reads {"ask", "epoch", "region", "own", "other"} from standard input, the histories being as `evenkeel-db status` tells them.

  {"ask": "range"}   {"range", "id"}: null where the writer has all; the id names this very tail
  {"ask": "tail"}    the document
  {"ask": "pieces"}  {"pieces": [path...]}: the files of the log that hold it

The engine's client is on file descriptors 3 and 4, as for digest.py; log/lost.py reads the engine's log."""

import hashlib
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "engine"), os.path.join(HERE, "log")]
sys.dont_write_bytecode = True
import dialect  # noqa: E402
import digest  # noqa: E402
import lost  # noqa: E402

# What is beyond is counted and not told: it all is in the pieces of the log.
MOST_ROWS, MOST_BYTES = 10000, 16 * 1024 * 1024
# Ours: the heartbeat, the marker and the openings.
INTERNAL = "evenkeel"


def name_of(found):
    """The same as long as the same is missing."""
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()[:16]


def is_internal(row):
    table = row.get("table")
    return table is not None and table[0] == INTERNAL


def key_of(row, table):
    values = row.get("before") or row.get("after")
    if table is None or values is None or any(column[0] not in values for column in table["key"]):
        return {}
    return {column[0]: values[column[0]] for column in table["key"]}


def in_order(row, tables):
    """One whose key changes is a row that goes and one that comes."""
    table = tables.get(row.get("table"))
    key = key_of(row, table)
    after = row.get("after")
    if row["op"] == "update" and key and after is not None and any(after.get(name) != value for name, value in key.items()):
        gone, come = {**row, "op": "delete", "after": None}, {**row, "op": "insert", "before": None}
        return [(gone, key), (come, key_of(come, table))]
    return [(row, key)]


def told(transaction, row, key):
    entry = {"tx": transaction["tx"], "at": transaction["at"], "table": ".".join(row["table"]) if row.get("table") else None}
    entry |= {"op": row["op"], "key": key, "before": row.get("before"), "after": row.get("after")}
    if row.get("why"):
        entry["why"] = row["why"]
    if row.get("text"):
        entry["text"] = row["text"]
    return entry


def collect(transactions, tables):
    """Reads all of them, and keeps as many rows as may be told."""
    rows, count, internal, size, cut, reasons = [], 0, 0, 0, False, []
    for transaction in transactions:
        ours = [row for row in transaction["rows"] if not is_internal(row)]
        if not ours:
            internal += 1
            continue
        count += 1
        for row, key in (pair for row in ours for pair in in_order(row, tables)):
            entry = told(transaction, row, key)
            size += len(json.dumps(entry))
            cut = cut or len(rows) >= MOST_ROWS or size > MOST_BYTES
            if entry.get("why"):
                reasons.append("%s of %s: %s" % (entry["op"], entry["table"], entry["why"]))
            if not cut:
                rows.append(entry)
    return {"transactions": count, "internal": internal, "rows": rows, "truncated": cut}, reasons


def document(request, found, client):
    base = {"epoch": request["epoch"], "region": request["region"], "range": found, "id": None if found is None else name_of(found)}
    empty = {"transactions": 0, "internal": 0, "rows": [], "truncated": False}
    if found is None:
        return base | empty | {"decoded": True, "why": None}
    client.ask(dialect.SESSION)
    try:
        counted, reasons = collect(lost.transactions(found, client), digest.catalog(client))
    except (lost.Unreadable, OSError) as error:
        return base | empty | {"transactions": None, "internal": None, "decoded": False, "why": str(error)}
    return base | counted | {"decoded": not reasons, "why": reasons[0] if reasons else None}


def main():
    request = json.load(sys.stdin)
    found = lost.missing(request["own"], request["other"])
    if request["ask"] == "range":
        answer = {"range": found, "id": None if found is None else name_of(found)}
    elif request["ask"] == "pieces":
        try:
            answer = {"pieces": lost.pieces(found)}
        except (lost.Unreadable, OSError) as error:
            answer = {"pieces": lost.rest(found), "why": str(error)}
    else:
        answer = document(request, found, digest.Client())
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()

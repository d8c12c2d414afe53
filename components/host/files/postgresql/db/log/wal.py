"""pg_waldump's lines as transactions: which tuples each of them put somewhere or took away. Its format is that of
src/bin/pg_waldump and of the heap's and transactions' own descriptions (heapdesc.c, xactdesc.c) in PostgreSQL 17."""

import re

RECORD = re.compile(r"^rmgr: (\S+) +len \(rec/tot\): +\d+/ *\d+, tx: +(\d+), lsn: (\S+), prev \S+, desc: (.*)$")
BLOCK = re.compile(r"blkref #(\d+): rel (\d+)/(\d+)/(\d+)(?: fork (\w+))? blk (\d+)")
SUBTRANSACTIONS = re.compile(r"subxacts: ([\d ]+)")
TIME = re.compile(r"(?:COMMIT|COMMIT_PREPARED)\D* (\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)")
# An insertion that was only tried (ON CONFLICT) is taken back by a deletion with this mark (XLH_DELETE_IS_SUPER).
IS_SUPER = 0x08


def number(name, text):
    found = re.search(r"\b%s: (0x[0-9A-Fa-f]+|\d+)" % name, text)
    return int(found[1], 0) if found else None


def blocks(text):
    """{number: ((tablespace, database, file), block)} of the main fork."""
    found = {}
    for place, space, database, file, fork, block in BLOCK.findall(text):
        if not fork or fork == "main":
            found[int(place)] = ((int(space), int(database), int(file)), int(block))
    return found


def changes(desc):
    """[(op, relation, old place or None, new place or None)] of a heap record, a place being (block, offset)."""
    word, where = desc.split(" ", 1)[0].split("+")[0], blocks(desc)
    if 0 not in where:
        return []
    relation, block = where[0]
    if word == "INSERT":
        return [("insert", relation, None, (block, number("off", desc)))]
    if word == "DELETE":
        op = "untried" if (number("flags", desc) or 0) & IS_SUPER else "delete"
        return [(op, relation, (block, number("off", desc)), None)]
    if word in ("UPDATE", "HOT_UPDATE"):
        old = where.get(1, where[0])[1]
        return [("update", relation, (old, number("old_off", desc)), (block, number("new_off", desc)))]
    if word == "MULTI_INSERT":
        listed = re.search(r"offsets: \[([\d, ]*)\]", desc)
        offsets = [int(offset) for offset in listed[1].split(",")] if listed else range(1, (number("ntuples", desc) or 0) + 1)
        return [("insert", relation, None, (block, offset)) for offset in offsets]
    return []


def transactions(lines, most):
    """{"xids", "at", "changes"} of each committed transaction, in the order of the commits; "cut" where more than `most`
    changes were open at once and are only counted."""
    pending, kept = {}, 0
    for line in lines:
        record = RECORD.match(line)
        if record is None:
            continue
        manager, xid, _, desc = record.groups()
        if manager in ("Heap", "Heap2"):
            for change in changes(desc):
                if kept < most or change[1][1] == 0:
                    pending.setdefault(xid, []).append((xid, *change))
                    kept += 1
                else:
                    pending.setdefault(xid, [])
        elif manager == "Transaction" and desc.startswith(("COMMIT ", "ABORT ", "COMMIT_PREPARED ", "ABORT_PREPARED ")):
            listed = SUBTRANSACTIONS.search(desc)
            xids = [xid, *(listed[1].split() if listed else [])]
            own = [change for one in xids for change in pending.pop(one, [])]
            kept -= len(own)
            if desc.startswith("COMMIT"):
                at = TIME.search(desc)
                yield {"tx": xid, "at": "%sT%sZ" % at.groups() if at else None, "changes": settled(own)}


def settled(own):
    """Without what was only tried."""
    untried = {(relation, old) for _, op, relation, old, _ in own if op == "untried"}
    return [change for change in own if change[1] != "untried" and not (change[1] == "insert" and (change[2], change[4]) in untried)]

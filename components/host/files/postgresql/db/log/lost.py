"""What only this host's log holds, for tail.py: the places of rows come from pg_waldump, what stands there from the closed
database. A row that is there is told by the server; one that was changed or deleted since is read from its page by
pageinspect, as long as nothing has used its place again."""

import os
import subprocess
import sys

sys.dont_write_bytecode = True
import timelines  # noqa: E402
import tuples  # noqa: E402
import wal  # noqa: E402

LOG = "/var/lib/postgresql/17/main/pg_wal"
WALDUMP = "/usr/lib/postgresql/17/bin/pg_waldump"
SEGMENT = 16 * 1024 * 1024
# As many changes are kept of what is not committed yet, and as many blocks are read in one question.
MOST_CHANGES, BLOCKS_AT_ONCE = 50000, 100
ACCOUNTS = {"pg_authid", "pg_auth_members", "pg_db_role_setting", "pg_user_mapping"}
# Of the server's own tables, what a statement changes that is worth a word.
DEFINITIONS = {"pg_class", "pg_proc", "pg_database"}
missing = timelines.missing


class Unreadable(Exception):
    """The log can't be read, and why."""


RELATIONS = """SELECT json_build_array(n.nspname, c.relname, c.oid::bigint, pg_relation_filenode(c.oid)::bigint, c.relkind, c.relisshared)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 't', 'm') AND pg_relation_filenode(c.oid) IS NOT NULL"""
COLUMNS = """SELECT json_build_array(a.attrelid::bigint, a.attname, COALESCE(t.typname, ''), a.attlen, a.attalign, a.attisdropped, a.atthasmissing, a.attgenerated <> '')
  FROM pg_attribute a LEFT JOIN pg_type t ON t.oid = a.atttypid WHERE a.attnum > 0 AND a.attrelid >= 16384 ORDER BY a.attrelid, a.attnum"""
DATABASE = "SELECT json_build_array(oid::bigint, (SELECT nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pageinspect')) FROM pg_database WHERE datname = current_database()"


def dumped(found):
    """pg_waldump's lines, timeline by timeline."""
    for piece in found["timelines"]:
        words = ["--path", LOG, "--timeline", str(piece["timeline"]), "--start", piece["from"], "--end", piece["to"]]
        program = subprocess.Popen([WALDUMP, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace")
        yield from program.stdout
        said = program.stderr.read().strip()
        if program.wait() != 0:
            raise Unreadable("pg_waldump: %s" % said.splitlines()[-1] if said else "pg_waldump ended with %d" % program.returncode)


def segments(found):
    for piece in found["timelines"]:
        first, last = timelines.lsn(piece["from"]) // SEGMENT, (timelines.lsn(piece["to"]) - 1) // SEGMENT
        for number in range(first, last + 1):
            yield os.path.join(LOG, "%08X%08X%08X" % (piece["timeline"], number >> 8, number & 0xFF))


def pieces(found):
    paths = list(segments(found))
    gone = [path for path in paths if not os.path.exists(path)]
    if gone:
        raise Unreadable("the log does not go back to where the histories part: %s is gone" % os.path.basename(gone[0]))
    return paths


def rest(found):
    return [path for path in segments(found) if os.path.exists(path)]


class Catalog:
    """What lies in which file of the site's database."""

    def __init__(self, client):
        ((self.database, self.inspector),) = client.ask(DATABASE)
        self.columns, self.relations = {}, {}
        for relation, name, kind, length, align, dropped, added, generated in client.ask(COLUMNS):
            column = {"name": name, "kind": kind, "length": length, "align": align}
            column |= {"dropped": dropped or generated, "added": added, "gone": dropped}
            self.columns.setdefault(relation, []).append(column)
        for schema, name, oid, file, kind, shared in client.ask(RELATIONS):
            self.relations[0 if shared else self.database, file] = {"table": (schema, name), "oid": oid, "kind": kind}

    def of(self, relation):
        return self.relations.get((relation[1], relation[2]))

    def told(self, known):
        return [column for column in self.columns[known["oid"]] if not column["dropped"]]


def transactions(found, client):
    """{"tx", "at", "rows"} in the order of the commits."""
    pieces(found)
    catalog = Catalog(client)
    held = []
    for transaction in wal.transactions(dumped(found), MOST_CHANGES):
        held.append(transaction)
        if sum(len(one["changes"]) for one in held) >= 2000:
            yield from told(held, catalog, client)
            held = []
    yield from told(held, catalog, client)


def told(held, catalog, client):
    pages = read_pages(held, catalog, client)
    for transaction in held:
        rows, whole = [], set()
        for xid, op, relation, old, new in transaction["changes"]:
            known = catalog.of(relation)
            word = summary(relation, known, catalog)
            if word is not None:
                if word[0] is not None and word not in whole:
                    whole.add(word)
                    rows.append({"op": word[0], "table": word[1]})
                continue
            rows.append(row_of(xid, op, known, (pages.get((relation, old)), pages.get((relation, new))), catalog))
        yield {"tx": transaction["tx"], "at": transaction["at"], "rows": rows}


def summary(relation, known, catalog):
    """(what is told of it once a transaction, of which table), (None, None) where nothing is, None for a row of a table."""
    if known is None:
        place = "of another database" if relation[1] not in (0, catalog.database) else "that is gone"
        return ("statement", ("(a table %s)" % place,))
    schema, name = known["table"]
    if schema == "pg_toast" or known["kind"] != "r":
        return (None, None)
    if schema == "pg_catalog":
        return ("account", None) if name in ACCOUNTS else ("statement", None) if name in DEFINITIONS else (None, None)
    return None


def row_of(xid, op, known, versions, catalog):
    row = {"op": op, "table": known["table"]}
    due = [("before", versions[0], "taken")] if op != "insert" else []
    due += [("after", versions[1], "made")] if op != "delete" else []
    for name, item, word in due:
        try:
            row[name] = version(item, word, xid, known, catalog)
        except tuples.Unknown as unknown:
            row["why"] = str(unknown)
    return row


def version(item, word, xid, known, catalog):
    """What stands at a place, where it is still the tuple that this transaction made there, or took away."""
    if item is None:
        raise tuples.Unknown("its page can't be read: evenkeel-db look --repair on the writer brings pageinspect, for the next time" if catalog.inspector is None else "its page is not there any more")
    if item.get(word) != xid:
        raise tuples.Unknown("its place on the page was used again, or cleaned up")
    if "values" in item:
        return item["values"]
    return tuples.columns_of(bytes.fromhex(item["data"]), item["infomask"], item["nulls"] or "", item["count"], catalog.columns[known["oid"]])


def read_pages(held, catalog, client):
    """{(relation, (block, offset)): {"made", "taken", and "values" or "data", "infomask", "nulls", "count"}}"""
    wanted = {}
    for transaction in held:
        for _, _, relation, old, new in transaction["changes"]:
            known = catalog.of(relation)
            if summary(relation, known, catalog) is None and known["table"][0] != "evenkeel":
                wanted.setdefault(relation, set()).update(place[0] for place in (old, new) if place)
    found = {}
    for relation, numbers in wanted.items():
        ordered = sorted(numbers)
        for start in range(0, len(ordered), BLOCKS_AT_ONCE):
            read_blocks(found, relation, ordered[start : start + BLOCKS_AT_ONCE], catalog, client)
    return found


def read_blocks(found, relation, numbers, catalog, client):
    known = catalog.of(relation)
    table = ".".join('"%s"' % part.replace('"', '""') for part in known["table"])
    list_of = ", ".join(str(number) for number in numbers)
    if catalog.inspector is not None:
        inspector = '"%s"' % catalog.inspector.replace('"', '""')
        literal = table.replace("'", "''")
        for block, offset, made, taken, infomask, count, nulls, data in client.ask(
            "SELECT json_build_array(b, lp, t_xmin, t_xmax, t_infomask, t_infomask2 & 2047, t_bits, encode(t_data, 'hex'))"
            " FROM unnest(ARRAY[%s]::bigint[]) b CROSS JOIN LATERAL %s.heap_page_items(%s.get_raw_page(E'%s', b)) WHERE t_data IS NOT NULL AND b < pg_relation_size(E'%s') / 8192"
            % (list_of, inspector, inspector, literal.replace("\\", "\\\\"), literal.replace("\\", "\\\\"))
        ):
            item = {"made": str(made), "taken": str(taken), "infomask": infomask, "count": count, "nulls": nulls, "data": data}
            found[relation, (block, offset)] = item
    names = [column["name"] for column in catalog.told(known)]
    texts = "".join(', "%s"::text' % name.replace('"', '""') for name in names)
    first, last = numbers[0], numbers[-1]
    ask = "SELECT json_build_array(ctid::text, xmin::text%s) FROM ONLY %s WHERE ctid >= '(%d,0)' AND ctid < '(%d,0)' AND (ctid::text::point)[0] IN (%s)"
    for place, made, *texts_of in client.ask(ask % (texts, table, first, last + 1, list_of)):
        block, offset = (int(part) for part in place.strip("()").split(","))
        item = found.setdefault((relation, (block, offset)), {"made": made})
        item["values"] = dict(zip(names, texts_of))

"""Puts back what a tail holds, on the writer: what does not conflict is done, what does is told. Reads {"rows": [...], "dryRun"}
from standard input, rows as tail.py tells them, and prints {"applied", "already", "conflicts": [{"tx", "table", "key", "why"}]}.

A row goes by what is there under its key: as the row's `before` (or nothing, where it was inserted): it is done; as what it,
or a later row of the tail with that key, left there: it was done already; anything else: somebody wrote here since, and
it stays as it is. Rows of one transaction are committed together. The engine's client is on file descriptors 3 and 4;
names come from the catalog, values go in as literals (engine/dialect.py)."""

import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "engine")]
sys.dont_write_bytecode = True
import dialect  # noqa: E402
import digest  # noqa: E402

# tail.py tells no more than that.
MOST_ROWS, MOST_BYTES = 10000, 64 * 1024 * 1024
OPS = {"insert", "update", "delete"}


class Conflict(Exception):
    """Why a row is not put back."""


def is_image(image):
    return image is None or (isinstance(image, dict) and all(value is None or isinstance(value, str) for value in image.values()))


def read(stream):
    text = stream.read(MOST_BYTES + 1)
    if len(text) > MOST_BYTES:
        raise ValueError("more than %d bytes" % MOST_BYTES)
    request = json.loads(text)
    rows = request.get("rows") if isinstance(request, dict) else None
    if not isinstance(rows, list) or len(rows) > MOST_ROWS:
        raise ValueError("\"rows\" must be a list of at most %d" % MOST_ROWS)
    for row in rows:
        if not isinstance(row, dict) or not isinstance(row.get("tx"), str) or not isinstance(row.get("op"), str):
            raise ValueError("a row has no tx or no op")
        if not is_image(row.get("before")) or not is_image(row.get("after")) or not is_image(row.get("key")):
            raise ValueError("a row's key, before or after holds something else than texts and nulls")
    return rows, request.get("dryRun") is True


class Site:
    """The writer's tables. In a dry run, what would be there by now is remembered instead."""

    def __init__(self, client, dry_run):
        self.client, self.dry_run, self.imagined = client, dry_run, {}
        self.tables = digest.catalog(client)
        self.writable = dialect.writable_columns(client)

    def table(self, row):
        # A name may hold a point: the one that is meant is the one that there is.
        found = [name for name in self.tables if ".".join(name) == row.get("table")]
        if len(found) != 1 or not dialect.may_be_written(found[0]):
            raise Conflict("there is no such table here")
        name = found[0]
        if not self.tables[name]["key"]:
            raise Conflict("the table has no key")
        return name

    def key(self, name, row):
        columns = self.tables[name]["key"]
        given = row.get("key") or {}
        if any(given.get(column[0]) is None for column in columns):
            raise Conflict("its key is not known")
        return tuple(given[column[0]] for column in columns)

    def images(self, name, row):
        """What it was and what it became, in the columns of here. None: no row."""
        wanted = set(self.writable[name])
        images = []
        for image, is_due in ((row.get("before"), row["op"] != "insert"), (row.get("after"), row["op"] != "delete")):
            if is_due and image is None:
                raise Conflict("what it held is not known")
            if is_due and set(image) != wanted:
                raise Conflict("the table has other columns here")
            images.append(self.plain(name, image) if is_due else None)
        return images

    def plain(self, name, image):
        return {column: dialect.plain(kind, image[column]) for column, kind in self.writable[name].items()}

    def now(self, name, key):
        if (name, key) in self.imagined:
            return self.imagined[name, key]
        found = self.client.ask(dialect.current(name, self.writable[name], self.where(name, key)))
        return self.plain(name, dict(zip(self.writable[name], found[0]))) if found else None

    def where(self, name, key):
        return " AND ".join(
            "%s = %s" % (dialect.quoted(column[0]), dialect.literal(column, value)) for column, value in zip(self.tables[name]["key"], key)
        )

    def write(self, name, key, row, after):
        if self.dry_run:
            self.imagined[name, key] = after
            return
        given = None if after is None else row["after"]
        if row["op"] == "update":
            # Not those that stay: some may not be set at all.
            given = {column: value for column, value in given.items() if value != row["before"][column]}
        why = dialect.change(self.client, row["op"], name, self.writable[name], given, self.where(name, key))
        if why is not None:
            raise Conflict(why)


def prepared(site, rows):
    """Each row with its table, key and images, or with why it can't be put back; and for each key what its rows left."""
    steps, left = [], {}
    for row in rows:
        try:
            if row["op"] not in OPS:
                raise Conflict("it changed no row: it is to be done by hand")
            name = site.table(row)
            key = site.key(name, row)
            before, after = site.images(name, row)
        except Conflict as conflict:
            steps.append({"row": row, "why": str(conflict)})
            continue
        states = left.setdefault((name, key), [])
        steps.append({"row": row, "name": name, "key": key, "before": before, "after": after, "place": len(states)})
        states.append(after)
    return steps, left


def replay(site, rows):
    steps, left = prepared(site, rows)
    done, answer = {}, {"applied": 0, "already": 0, "conflicts": []}
    for place, step in enumerate(steps):
        row = step["row"]
        if not site.dry_run and (place == 0 or steps[place - 1]["row"]["tx"] != row["tx"]):
            dialect.begin(site.client)
        try:
            answer[put_back(site, step, left, done)] += 1
        except Conflict as conflict:
            answer["conflicts"].append({"tx": row["tx"], "table": row.get("table"), "key": row.get("key") or {}, "why": str(conflict)})
        if not site.dry_run and (place + 1 == len(steps) or steps[place + 1]["row"]["tx"] != row["tx"]):
            dialect.commit(site.client)
    return answer


def put_back(site, step, left, done):
    """What became of it."""
    if "why" in step:
        raise Conflict(step["why"])
    row, name, key, place = step["row"], step["name"], step["key"], step["place"]
    if (name, key) not in done:
        # Where an earlier replay came to: behind the last row of the tail that left what is there.
        here, states = site.now(name, key), left[name, key]
        done[name, key] = max((i + 1 for i, state in enumerate(states) if state == here), default=0)
        # Nothing there may be how it began as well as how it ended.
        if here == step["before"] and done[name, key] < len(states):
            done[name, key] = 0
    if place < done[name, key]:
        return "already"
    here = site.now(name, key)
    if here == step["before"]:
        site.write(name, key, row, step["after"])
        return "applied"
    if here is None:
        raise Conflict("the row is not there any more")
    raise Conflict("another row has its key here" if row["op"] == "insert" else "the row was changed here since")


def main():
    try:
        rows, dry_run = read(sys.stdin)
    except ValueError as error:
        sys.stderr.write("standard input is no tail: %s\n" % error)
        sys.exit(2)
    client = digest.Client()
    client.ask(dialect.SESSION)
    dialect.begin_replay(client)
    json.dump(replay(Site(client, dry_run), rows), sys.stdout)


if __name__ == "__main__":
    main()

"""MariaDB's binary log as it lies on the disk: transactions, each with the rows that it changed. Read from the bytes, since
mariadb-binlog writes a line break, and a backslash with "x0a" behind it, as the same text.

https://mariadb.com/kb/en/2-binlog-event-header/ and the pages beside it say how an event is laid out; sql/log_event.cc how
a row is. Nothing here asks a server."""

import struct
import sys
import zlib

sys.dont_write_bytecode = True
import values  # noqa: E402

MAGIC = b"\xfebin"
QUERY, STOP, ROTATE, FORMAT, XID, TABLE_MAP, XA_PREPARE = 2, 3, 4, 15, 16, 19, 38
ANNOTATE, CHECKPOINT, GTID, GTID_LIST, ENCRYPTION, QUERY_COMPRESSED = 160, 161, 162, 163, 164, 165
# Number of an event: (what it does to a row, whether it has a part of extra bytes, whether it is compressed).
ROWS = {23: ("insert", False, False), 24: ("update", False, False), 25: ("delete", False, False)}
ROWS |= {30: ("insert", True, False), 31: ("update", True, False), 32: ("delete", True, False)}
ROWS |= {166: ("insert", False, True), 167: ("update", False, True), 168: ("delete", False, True)}
ROWS |= {169: ("insert", True, True), 170: ("update", True, True), 171: ("delete", True, True)}
# Of these nothing is lost with a transaction: they frame the log, or repeat what another event says.
SILENT = {STOP, ROTATE, ANNOTATE, CHECKPOINT}
IGNORABLE = 0x80


class Unreadable(Exception):
    """The log can't be read further, and why."""


def events(file):
    """(type, flags, server, seconds since 1970, body) of each whole event. What a crash cut off at the end is no event."""
    if file.read(4) != MAGIC:
        raise Unreadable("it is no binary log, or an encrypted one")
    checksum = 0
    while True:
        header = file.read(19)
        if len(header) < 19:
            return
        at, kind, server, size, _, flags = struct.unpack("<IBIIIH", header)
        body = file.read(size - 19)
        if len(body) < size - 19:
            return
        if kind == FORMAT:
            checksum = 4 if body[-5] == 1 else 0
            yield kind, flags, server, at, body
        else:
            yield kind, flags, server, at, body[: len(body) - checksum]


def begins_with(file):
    """{(domain, server): the last transaction before this file}."""
    for kind, _, _, _, body in events(file):
        if kind == ENCRYPTION:
            raise Unreadable("the binary log is encrypted")
        if kind == GTID_LIST:
            count = struct.unpack_from("<I", body)[0] & 0x0FFFFFFF
            parts = (struct.unpack_from("<IIQ", body, 4 + 16 * i) for i in range(count))
            return {(domain, server): sequence for domain, server, sequence in parts}
        if kind not in (FORMAT, CHECKPOINT):
            break
    return {}


def transactions(file, wanted):
    """Those whose (domain, server, sequence) is wanted: {"gtid", "at", "events"}, an event being ("rows", op, table map,
    images) or ("statement", database, text). An image is a list with a value's bytes or None for each column of the table,
    MISSING where the log has none; an update has two of them."""
    group, tables = None, {}
    for kind, flags, server, at, body in events(file):
        if kind == ENCRYPTION:
            raise Unreadable("the binary log is encrypted")
        if kind == GTID:
            sequence, domain, marks = struct.unpack_from("<QIB", body)
            asked = wanted(domain, server, sequence)
            group = {"gtid": (domain, server, sequence), "at": at, "events": []} if asked else None
            alone, tables = marks & 1, {}
            continue
        if group is None:
            continue
        ended = kind in (XID, XA_PREPARE)
        if kind == TABLE_MAP:
            number, table = table_map(body)
            tables[number] = table
        elif kind in ROWS:
            group["events"].append(rows(kind, body, tables))
        elif kind in (QUERY, QUERY_COMPRESSED):
            database, text = query(kind, body)
            frame = text.strip().upper()
            ended = alone or frame in ("COMMIT", "ROLLBACK")
            if frame not in ("BEGIN", "COMMIT", "ROLLBACK"):
                group["events"].append(("statement", database, text))
        elif not ended and kind not in SILENT and not flags & IGNORABLE:
            raise Unreadable("the binary log has an event of type %d" % kind)
        if ended:
            yield group
            group = None


def query(kind, body):
    _, _, length, _, status = struct.unpack_from("<IIBHH", body)
    start = 13 + status
    text = body[start + length + 1 :]
    if kind == QUERY_COMPRESSED:
        text = inflated(text)
    return body[start : start + length].decode("utf-8", "replace"), text.decode("utf-8", "replace")


def inflated(data):
    """A byte with the method and how long the length is, the length itself (big-endian), then the data."""
    if (data[0] & 0x70) >> 4 != 0:
        raise Unreadable("the binary log is compressed in a way that is not known here")
    return zlib.decompress(data[1 + (data[0] & 0x07) :])


def packed(data, at):
    """A number in one, three, four or nine bytes, and where it ends."""
    first = data[at]
    if first < 251:
        return first, at + 1
    size = {252: 2, 253: 3, 254: 8}[first]
    return int.from_bytes(data[at + 1 : at + 1 + size], "little"), at + 1 + size


def table_map(body):
    number = int.from_bytes(body[:6], "little")
    length = body[8]
    schema = body[9 : 9 + length].decode("utf-8")
    at = 10 + length
    length = body[at]
    name = body[at + 1 : at + 1 + length].decode("utf-8")
    count, at = packed(body, at + 2 + length)
    kinds = body[at : at + count]
    _, at = packed(body, at + count)
    columns = []
    for kind in kinds:
        size = values.META_BYTES.get(kind, 0)
        columns.append((kind, body[at : at + size]))
        at += size
    return number, {"table": (schema, name), "columns": columns}


def rows(kind, body, tables):
    op, has_extra, is_compressed = ROWS[kind]
    number = int.from_bytes(body[:6], "little")
    at = 8
    if has_extra:
        at += struct.unpack_from("<H", body, at)[0]
    count, at = packed(body, at)
    size = (count + 7) // 8
    present = [bits(body[at : at + size], count)]
    at += size
    if op == "update":
        present.append(bits(body[at : at + size], count))
        at += size
    data = inflated(body[at:]) if is_compressed else body[at:]
    table, images, at = tables[number], [], 0
    while at < len(data):
        for shown in present:
            image, at = row_image(data, at, table["columns"], shown)
            images.append(image)
    return ("rows", op, table, images)


def bits(data, count):
    return [data[i // 8] >> (i % 8) & 1 == 1 for i in range(count)]


def row_image(data, at, columns, present):
    shown = sum(present)
    nulls = bits(data[at : at + (shown + 7) // 8], shown)
    at += (shown + 7) // 8
    image, place = [], 0
    for (kind, meta), there in zip(columns, present):
        if not there:
            image.append(values.MISSING)
            continue
        if nulls[place]:
            image.append(None)
        else:
            start, end = values.extent(data, at, kind, meta)
            image.append(data[start:end])
            at = end
        place += 1
    return image, at

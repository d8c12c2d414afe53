"""A tuple's bytes as they lie in a page (heap_page_items of pageinspect), as the texts that the server would give of its
columns. For rows that are no more: of those that are there the server is asked."""

import datetime
import struct

# Days from 1970 to 2000, where PostgreSQL's times begin.
EPOCH_DAYS = 10957
HAS_NULL = 0x01
NUMERIC_SIGN = {0x0000: "", 0x4000: "-"}
TEXTS = {"text", "varchar", "bpchar", "json", "name"}


class Unknown(Exception):
    """What a value is can't be told, and why."""


def columns_of(data, infomask, nulls, count, columns):
    """{name: text or None}. `columns`: dicts {"name", "kind", "length", "align", "dropped"} in the order of the table; `count`:
    how many of them the tuple has, the others being NULL; `nulls`: its bits as a text of 0 and 1, 1 being a value."""
    told, at = {}, 0
    for place, column in enumerate(columns):
        if place >= count or (infomask & HAS_NULL and nulls[place] == "0"):
            if not column["dropped"]:
                if place >= count and column["added"]:
                    raise Unknown("a column that was added later")
                told[column["name"]] = None
            continue
        start, end, value = extent(data, at, column)
        at = end
        if not column["dropped"]:
            told[column["name"]] = text(value, column["kind"])
    return told


def aligned(at, size):
    return (at + size - 1) // size * size


def extent(data, at, column):
    size = {"c": 1, "s": 2, "i": 4, "d": 8}[column["align"]]
    if column["length"] >= 0:
        at = aligned(at, size)
        return at, at + column["length"], data[at : at + column["length"]]
    if column["length"] != -1:
        raise Unknown("a column of type %s" % column["kind"])
    # A short one has no alignment, and its first byte is not zero as padding is.
    if data[at] == 0:
        at = aligned(at, size)
    first = data[at]
    if first == 0x01:
        raise Unknown("a value that was stored apart")
    if first & 0x01:
        end = at + (first >> 1)
        return at, end, data[at + 1 : end]
    length = struct.unpack_from("<I", data, at)[0] >> 2
    if first & 0x03:
        raise Unknown("a compressed value")
    return at, at + length, data[at + 4 : at + length]


def text(value, kind):
    if kind in ("int2", "int4", "int8"):
        return str(int.from_bytes(value, "little", signed=True))
    if kind == "oid":
        return str(int.from_bytes(value, "little"))
    if kind == "bool":
        return "true" if value[0] else "false"
    if kind in TEXTS:
        return value.split(b"\0")[0].decode("utf-8") if kind == "name" else value.decode("utf-8")
    if kind == "bytea":
        return "\\x" + value.hex()
    if kind == "date":
        return day(struct.unpack("<i", value)[0])
    if kind in ("timestamp", "timestamptz"):
        return moment(struct.unpack("<q", value)[0]) + ("+00" if kind == "timestamptz" else "")
    if kind == "float8":
        return repr(struct.unpack("<d", value)[0])
    if kind == "float4":
        return shortest(value)
    if kind == "numeric":
        return numeric(value)
    if kind == "uuid":
        digits = value.hex()
        return "-".join([digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]])
    raise Unknown("a column of type %s" % kind)


def shortest(value):
    """As few digits as say which of the numbers of four bytes it is."""
    number = struct.unpack("<f", value)[0]
    for digits in range(1, 9):
        text_of = "%.*g" % (digits, number)
        if struct.pack("<f", float(text_of)) == value:
            return text_of
    return "%.9g" % number


def day(days):
    try:
        return str(datetime.date(2000, 1, 1) + datetime.timedelta(days=days))
    except OverflowError:
        raise Unknown("a date beyond the year 9999 or before the first") from None


def moment(microseconds):
    days, rest = divmod(microseconds, 86400 * 10**6)
    seconds, part = divmod(rest, 10**6)
    clock = "%02d:%02d:%02d" % (seconds // 3600, seconds // 60 % 60, seconds % 60)
    return "%s %s%s" % (day(days), clock, ("." + "%06d" % part).rstrip("0") if part else "")


def numeric(value):
    """Four decimal digits in two bytes (numeric.c): a short header with sign, scale and weight, or a long one."""
    header = struct.unpack_from("<H", value)[0]
    if header & 0xC000 == 0x8000:
        sign, scale = "-" if header & 0x2000 else "", (header & 0x1F80) >> 7
        weight = (header & 0x3F) - (0x40 if header & 0x40 else 0)
        digits = value[2:]
    elif header & 0xC000 in NUMERIC_SIGN:
        sign, scale = NUMERIC_SIGN[header & 0xC000], header & 0x3FFF
        weight, digits = struct.unpack_from("<h", value, 2)[0], value[4:]
    else:
        raise Unknown("a number that is none")
    groups = struct.unpack("<%dh" % (len(digits) // 2), digits)
    group = lambda place: groups[place] if 0 <= place < len(groups) else 0  # noqa: E731
    whole = "".join("%04d" % group(place) for place in range(weight + 1)).lstrip("0") or "0"
    behind = "".join("%04d" % group(weight + 1 + place) for place in range((scale + 3) // 4))[:scale]
    return sign + whole + ("." + behind if scale else "")

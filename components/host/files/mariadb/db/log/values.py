"""A column's value as the binary log has it, and as text. The text is what dialect.py's `current` gives of a column."""

import re
import struct

(TINY, SHORT, LONG, FLOAT, DOUBLE, LONGLONG, INT24, DATE, YEAR, NEWDATE, VARCHAR, BIT) = (1, 2, 3, 4, 5, 8, 9, 10, 13, 14, 15, 16)
(TIMESTAMP2, DATETIME2, TIME2, NEWDECIMAL, ENUM, SET, TINYBLOB, MEDIUMBLOB, LONGBLOB, BLOB, STRING, GEOMETRY) = (
    17, 18, 19, 246, 247, 248, 249, 250, 251, 252, 254, 255)  # fmt: skip
BLOB_COMPRESSED, VARCHAR_COMPRESSED = 140, 141
# Bytes of a table map's metadata for a column of a type (Table_map_log_event).
META_BYTES = {FLOAT: 1, DOUBLE: 1, VARCHAR: 2, BIT: 2, NEWDECIMAL: 2, ENUM: 2, SET: 2, STRING: 2, VARCHAR_COMPRESSED: 2}
META_BYTES |= {TINYBLOB: 1, MEDIUMBLOB: 1, LONGBLOB: 1, BLOB: 1, GEOMETRY: 1, BLOB_COMPRESSED: 1}
META_BYTES |= {TIMESTAMP2: 1, DATETIME2: 1, TIME2: 1}
INTEGERS = {TINY: 1, SHORT: 2, INT24: 3, LONG: 4, LONGLONG: 8}
FIXED = INTEGERS | {FLOAT: 4, DOUBLE: 8, YEAR: 1, DATE: 3, NEWDATE: 3}
# Of the digits of a decimal, so many are in so many bytes.
DIGIT_BYTES = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4]
# Character sets of the server as Python knows them; its latin1 is Windows's.
CODECS = {"utf8mb4": "utf-8", "utf8mb3": "utf-8", "ascii": "ascii", "latin1": "cp1252", "ucs2": "utf-16-be"}
CODECS |= {"utf16": "utf-16-be", "utf16le": "utf-16-le", "utf32": "utf-32-be"}
MISSING = object()


class Unknown(Exception):
    """What a value is can't be told, and why."""


def extent(data, at, kind, meta):
    """Where the value's bytes begin and end."""
    if kind in FIXED:
        return at, at + FIXED[kind]
    if kind in (VARCHAR, VARCHAR_COMPRESSED):
        return prefixed(data, at, 1 if int.from_bytes(meta, "little") <= 255 else 2)
    if kind in (BLOB, TINYBLOB, MEDIUMBLOB, LONGBLOB, GEOMETRY, BLOB_COMPRESSED):
        return prefixed(data, at, meta[0])
    if kind == STRING:
        real, length = string_meta(meta)
        return (at, at + length) if real in (ENUM, SET) else prefixed(data, at, 1 if length <= 255 else 2)
    if kind == BIT:
        return at, at + meta[1] + (1 if meta[0] else 0)
    if kind == NEWDECIMAL:
        return at, at + decimal_size(meta[0] - meta[1]) + decimal_size(meta[1])
    if kind in (TIME2, DATETIME2, TIMESTAMP2):
        return at, at + {TIME2: 3, DATETIME2: 5, TIMESTAMP2: 4}[kind] + (meta[0] + 1) // 2
    # Without its length, nothing behind it can be read either.
    raise Unknown("a column of the log's type %d" % kind)


def prefixed(data, at, size):
    start = at + size
    return start, start + int.from_bytes(data[at:start], "little")


def string_meta(meta):
    """The real type and the length: two bits of a long one are kept in the type."""
    if meta[0] & 0x30 != 0x30:
        return meta[0] | 0x30, meta[1] | ((meta[0] & 0x30) ^ 0x30) << 4
    return meta[0], meta[1]


def text(data, kind, meta, column):
    """`column`: {"kind", "type", "charset"} as information_schema has it. Bytes are told as hex digits."""
    if column["kind"] in ("uuid", "inet4", "inet6"):
        raise Unknown("a column of type %s" % column["kind"])
    if kind in INTEGERS:
        return str(int.from_bytes(data, "little", signed="unsigned" not in column["type"]))
    if kind in (FLOAT, DOUBLE):
        return repr(struct.unpack("<f" if kind == FLOAT else "<d", data)[0])
    if kind == YEAR:
        return "%04d" % (1900 + data[0] if data[0] else 0)
    if kind in (DATE, NEWDATE):
        number = int.from_bytes(data, "little")
        return "%04d-%02d-%02d" % (number >> 9, number >> 5 & 15, number & 31)
    if kind in (TIME2, DATETIME2, TIMESTAMP2):
        return {TIME2: time2, DATETIME2: datetime2, TIMESTAMP2: timestamp2}[kind](data, meta[0])
    if kind == NEWDECIMAL:
        return decimal(data, meta[0], meta[1])
    if kind == BIT:
        return str(int.from_bytes(data, "big"))
    if kind == STRING and string_meta(meta)[0] in (ENUM, SET):
        return member(int.from_bytes(data, "little"), column)
    return characters(data, kind, meta, column)


def characters(data, kind, meta, column):
    if kind in (BLOB_COMPRESSED, VARCHAR_COMPRESSED):
        raise Unknown("a compressed column")
    if column["charset"] is None:
        # Trailing zeros of a fixed one are not in the log.
        return (data.ljust(string_meta(meta)[1], b"\0") if kind == STRING else data).hex().upper()
    codec = CODECS.get(column["charset"])
    if codec is None:
        raise Unknown("a column in %s" % column["charset"])
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        raise Unknown("a text that is no %s" % column["charset"]) from None


def fraction(data, digits):
    """What stands behind the seconds: two digits a byte, as many as the column has."""
    if digits == 0:
        return ""
    size = (digits + 1) // 2
    return "." + str(int.from_bytes(data, "big")).rjust(2 * size, "0")[:digits]


def time2(data, digits):
    size = (digits + 1) // 2
    number = int.from_bytes(data, "big") - (0x800000 << 8 * size)
    sign, number = "-" if number < 0 else "", abs(number)
    whole = number >> 8 * size
    part = (number & (1 << 8 * size) - 1).to_bytes(size, "big")
    return "%s%02d:%02d:%02d%s" % (sign, whole >> 12 & 0x3FF, whole >> 6 & 63, whole & 63, fraction(part, digits))


def datetime2(data, digits):
    number = int.from_bytes(data[:5], "big") - 0x8000000000
    months, day = number >> 22, number >> 17 & 31
    clock = (number >> 12 & 31, number >> 6 & 63, number & 63)
    return "%04d-%02d-%02d %02d:%02d:%02d%s" % (months // 13, months % 13, day, *clock, fraction(data[5:], digits))


def timestamp2(data, digits):
    seconds = int.from_bytes(data[:4], "big")
    if seconds == 0 and not any(data[4:]):
        return "0000-00-00 00:00:00" + fraction(data[4:], digits)
    return utc(seconds) + fraction(data[4:], digits)


def utc(seconds):
    """Beyond 2038 too, where the server has it. By the proleptic calendar (days_from_civil turned round)."""
    days, rest = divmod(seconds, 86400)
    era, day = divmod(days + 719468, 146097)
    year = (day - day // 1460 + day // 36524 - day // 146096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    first = (year + 400 * era + (1 if month >= 10 else 0), month + 3 if month < 10 else month - 9)
    return "%04d-%02d-%02d %02d:%02d:%02d" % (*first, day - (153 * month + 2) // 5 + 1, rest // 3600, rest // 60 % 60, rest % 60)


def decimal_size(digits):
    return digits // 9 * 4 + DIGIT_BYTES[digits % 9]


def decimal(data, precision, scale):
    """Nine digits in four bytes each, the odd ones before and behind the point in as few as hold them. The first bit is set
    where it is not negative; where it is, all bits are turned round."""
    negative = not data[0] & 0x80
    plain = bytes([data[0] ^ 0x80]) + data[1:]
    if negative:
        plain = bytes(byte ^ 0xFF for byte in plain)
    before = precision - scale
    sizes = [before % 9, *[9] * (before // 9), *[9] * (scale // 9), scale % 9]
    digits, at = "", 0
    for size in sizes:
        end = at + (4 if size == 9 else DIGIT_BYTES[size])
        if size:
            digits += str(int.from_bytes(plain[at:end], "big")).rjust(size, "0")
        at = end
    whole = digits[:before].lstrip("0") or "0"
    return ("-" if negative else "") + whole + ("." + digits[before:] if scale else "")


def member(number, column):
    """Of an enumeration, or those of a set."""
    if "\\" in column["type"]:
        raise Unknown("an enumeration with a backslash")
    names = [name.replace("''", "'") for name in re.findall(r"'((?:[^']|'')*)'", column["type"])]
    if column["kind"] == "set":
        return ",".join(name for place, name in enumerate(names) if number >> place & 1)
    return "" if number == 0 else names[number - 1]

"""Where two hosts' histories part: PostgreSQL's timelines, as `evenkeel-db status` tells them (history.sh)."""

import json


def lsn(text):
    high, low = text.split("/")
    return int(high, 16) << 32 | int(low, 16)


def lsn_text(number):
    return "%X/%X" % (number >> 32, number & 0xFFFFFFFF)


def chain(history):
    """[(timeline, where it ended, who opened it)], the last one's end being the last position there is."""
    opened = {int(opening.split(" ")[0]): opening for opening in history["openings"]}
    ends = [*history["timelines"], [history["timeline"], history["end"]]]
    return [(number, lsn(end), opened.get(number)) for number, end in ends]


def missing(own_text, other_text):
    """What the first holds beyond the second, timeline by timeline, or None. A timeline of one number may be two that began
    alike: one that they do not both name the same opening of is taken for two, and their histories part before it."""
    own, other = chain(json.loads(own_text)), chain(json.loads(other_text))
    common = 0
    for mine, theirs in zip(own, other):
        if mine[0] != theirs[0] or mine[2] != theirs[2]:
            break
        common += 1
        if mine[1] != theirs[1]:
            break
    if common == 0:
        start = 0
    else:
        start = min(own[common - 1][1], other[common - 1][1])
        if common == len(own) and own[-1][1] <= start:
            return None
    pieces = []
    for place in range(max(common - 1, 0), len(own)):
        begin = start if not pieces and place <= common else pieces[-1][2]
        if own[place][1] > begin:
            pieces.append((own[place][0], begin, own[place][1]))
        start = max(start, own[place][1]) if pieces else start
    told = [{"timeline": number, "from": lsn_text(begin), "to": lsn_text(end)} for number, begin, end in pieces]
    return {"timelines": told, "bytes": sum(end - begin for _, begin, end in pieces)} if told else None

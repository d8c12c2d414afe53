"""Holds each packet that netfilter queues here for some milliseconds, in order, and lets it go: a longer way between hosts.
usage: distance.py QUEUE MILLISECONDS. Ends with standard input. Without it (--queue-bypass) packets pass as ever."""

import collections
import errno
import select
import socket
import struct
import sys
import time

NETLINK_NETFILTER = 12
QUEUE_SUBSYSTEM = 3 << 8
PACKET, VERDICT, CONFIG = 0, 1, 2
ACCEPT = 1


def message(kind, queue, attributes):
    body = struct.pack(">BBH", socket.AF_UNSPEC, 0, queue)
    for number, value in attributes:
        body += struct.pack("=HH", 4 + len(value), number) + value + b"\0" * (-len(value) % 4)
    return struct.pack("=IHHII", 16 + len(body), QUEUE_SUBSYSTEM | kind, 1, 0, 0) + body


def packet_ids(data):
    while len(data) >= 16:
        length, kind = struct.unpack_from("=IH", data)
        if kind == QUEUE_SUBSYSTEM | PACKET:
            at = 20
            while at + 4 <= length:
                size, number = struct.unpack_from("=HH", data, at)
                if number & 0x7FFF == 1:
                    yield struct.unpack_from(">I", data, at + 4)[0]
                    break
                at += size + -size % 4
        elif kind == 2 and struct.unpack_from("=i", data, 16)[0] not in (0, -errno.ENOENT):
            # ENOENT: netfilter drops what it has queued when a chain is taken away, as by whoever ends a cut.
            sys.exit("netfilter refuses: errno %d" % -struct.unpack_from("=i", data, 16)[0])
        data = data[length + -length % 4:]


def main():
    queue, delay = int(sys.argv[1]), float(sys.argv[2]) / 1000
    netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
    netlink.setsockopt(socket.SOL_SOCKET, 33, 1 << 24)  # SO_RCVBUFFORCE
    netlink.bind((0, 0))
    netlink.send(message(CONFIG, queue, [(1, struct.pack(">BxH", 1, 0))]))  # bind
    netlink.send(message(CONFIG, queue, [(2, struct.pack(">IB", 0, 1))]))  # metadata only
    netlink.send(message(CONFIG, queue, [(3, struct.pack(">I", 65535))]))  # longest queue
    print("relays", flush=True)
    held = collections.deque()
    while True:
        now = time.monotonic()
        while held and held[0][0] <= now:
            number = held.popleft()[1]
            netlink.send(message(VERDICT, queue, [(2, struct.pack(">II", ACCEPT, number))]))
        wait = held[0][0] - now if held else None
        ready = select.select([netlink, sys.stdin], [], [], wait)[0]
        if netlink in ready:
            due = time.monotonic() + delay
            held.extend((due, number) for number in packet_ids(netlink.recv(1 << 20)))
        if sys.stdin in ready and not sys.stdin.buffer.read1(1):
            return


main()

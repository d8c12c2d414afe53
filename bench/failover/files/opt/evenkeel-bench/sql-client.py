"""The drill's client (automation/drill/client.ts) for a database alone: the same settings in, the same lines out, but an
order is one INSERT on a connection of its own. `domain` is the database, `item` the user and `ledgerKey` its password.
Ends at the word `stop`, at the end of standard input, or after limitSeconds. What was not acknowledged is asked again."""

import json
import select
import sys
import threading
import time

import psycopg2
import psycopg2.extensions

STARTED = time.time() - time.monotonic()
ACKNOWLEDGED, REFUSED, UNKNOWN = 201, 503, 0
READ_ONLY = "25006"

stopping = threading.Event()
telling = threading.Lock()
patience = threading.local()
count = 0


def now_ms():
    """Wall time that never jumps."""
    return (STARTED + time.monotonic()) * 1000


def wait(connection):
    """psycopg2 waits here for the server, and no longer than this thread may: libpq alone would wait for a dead host."""
    while True:
        state = connection.poll()
        if state == psycopg2.extensions.POLL_OK:
            return
        left = patience.until - time.monotonic()
        if left <= 0:
            raise TimeoutError("deadline")
        reads = [connection.fileno()] if state == psycopg2.extensions.POLL_READ else []
        writes = [] if reads else [connection.fileno()]
        select.select(reads, writes, [], left)


def within(milliseconds):
    patience.until = time.monotonic() + milliseconds / 1000


def tell(attempt):
    global count
    with telling:
        count += 1
        try:
            print(json.dumps({"n": count, **attempt}), flush=True)
        except OSError:
            stopping.set()


class Customer:
    def __init__(self, settings, name):
        self.settings, self.name, self.connection = settings, name, None

    def connect(self):
        settings = self.settings
        within(settings["connectMs"])
        self.connection = psycopg2.connect(
            host=settings["addresses"][0], port=settings["port"], dbname=settings["domain"],
            user=settings["item"], password=settings["ledgerKey"])
        # Outside of a block each statement is a transaction, so its answer is the commit's.
        self.connection.autocommit = True

    def order(self, order_id):
        """What became of it, and why it was not acknowledged."""
        try:
            if self.connection is None:
                self.connect()
            within(self.settings["answerMs"])
            with self.connection.cursor() as cursor:
                cursor.execute("INSERT INTO orders (id) VALUES (%s) ON CONFLICT DO NOTHING", (order_id,))
            if any("synchronous replication" in notice for notice in self.connection.notices):
                raise TimeoutError("a commit that stopped waiting for the standby")
            return ACKNOWLEDGED, None
        except (psycopg2.Error, TimeoutError) as error:
            self.close()
            status = REFUSED if getattr(error, "pgcode", None) == READ_ONLY else UNKNOWN
            return status, (str(error).strip().split("\n") or [""])[0][:200] or type(error).__name__

    def close(self):
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.close()

    def go_on(self):
        settings, number = self.settings, 1
        while not stopping.is_set():
            next_at = time.monotonic() + 1 / settings["rate"]
            order_id = "%s-%s-%06d" % (settings["prefix"], self.name, number)
            sent_ms = now_ms()
            status, error = self.order(order_id)
            tell({"kind": "order", "connection": self.name, "id": order_id, "sentMs": sent_ms, "answeredMs": now_ms(),
                  "status": status, "role": None, "retryAfter": False, "address": settings["addresses"][0], "error": error})
            if status == ACKNOWLEDGED:
                number += 1
            stopping.wait(max(0, next_at - time.monotonic()))
        self.close()


def main():
    settings = json.loads(sys.stdin.readline())
    psycopg2.extensions.set_wait_callback(wait)
    names = [str(i + 1) for i in range(settings["connections"])]
    threads = [threading.Thread(target=Customer(settings, name).go_on, daemon=True) for name in names]
    for thread in threads:
        thread.start()
    limit = threading.Timer(settings["limitSeconds"], stopping.set)
    limit.daemon = True
    limit.start()

    def listen():
        for line in sys.stdin:
            if line.strip() == "stop":
                break
        stopping.set()

    threading.Thread(target=listen, daemon=True).start()
    for thread in threads:
        thread.join()


main()

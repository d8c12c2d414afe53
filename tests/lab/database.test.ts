import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  answerPeers,
  cutShort,
  eventually,
  heldAt,
  killed,
  login,
  reboot,
  silenceSsh,
  verb,
} from "./support/database-faults.ts";
import { awkwardPassword, buildPair, type DatabasePair, type HostName } from "./support/database-pair.ts";

/**
 * The database role on two plain systemd hosts, reached by nothing but SSH: no site, no Pulumi. The tests of one
 * file follow each other: what one leaves is where the next begins.
 */
let pair: DatabasePair;
const hosts = ["one", "two"] as const;
const app = () => ({ user: "wp_user", password: awkwardPassword("app"), tls: true });
const replicator = () => ({ user: "evenkeel_repl", password: awkwardPassword("repl") });
const place = (name: HostName) => pair.settings[name].placeAddress;
const peering = (name: HostName) => pair.settings[name].peeringAddress;
const variable = (name: HostName, variableName: string) => pair.sql(name, `SELECT @@global.${variableName}`);

/** Highest sequence number that a host's history holds of a server id. */
async function ownEvents(name: HostName, serverId: number): Promise<number> {
  const state = (await pair.status(name)).binlogState ?? "";
  const entry = state.split(",").find((gtid) => gtid.split("-")[1] === String(serverId));
  return Number(entry?.split("-")[2] ?? 0);
}

async function insert(from: HostName, to: HostName, text: string) {
  const statement = `CREATE TABLE IF NOT EXISTS wordpress_db.notes (id INT AUTO_INCREMENT PRIMARY KEY, note TEXT);
INSERT INTO wordpress_db.notes (note) VALUES ('${text}');`;
  return login(pair, { from, to: place(to), ...app(), statement });
}

const notes = (name: HostName) => pair.sql(name, "SELECT id, note FROM wordpress_db.notes ORDER BY id");

beforeAll(async () => {
  pair = await buildPair();
  const facts = await Promise.all(hosts.map((name) => pair.applyRole(name)));
  expect(facts.map(({ role, running }) => ({ role, running }))).toEqual([
    { role: "unseeded", running: true },
    { role: "unseeded", running: true },
  ]);
}, 600_000);

afterAll(async () => {
  await pair?.close();
}, 120_000);

describe("a host with the role and nothing else", () => {
  test.each(hosts)(
    "[O16] [O17] %s runs with the settings of its place, read back from the server",
    async (name) => {
      const id = String(pair.settings[name].serverId);
      const wanted: Record<string, string> = {
        server_id: id,
        auto_increment_offset: id,
        auto_increment_increment: "2",
        log_bin_basename: "/var/log/mysql/mysql-bin",
        relay_log: "/var/log/mysql/mysql-relay-bin.log",
        binlog_format: "ROW",
        log_slave_updates: "1",
        gtid_strict_mode: "1",
        sync_binlog: "1",
        innodb_flush_log_at_trx_commit: "1",
        binlog_expire_logs_seconds: "604800",
        read_only: "1",
        skip_name_resolve: "1",
        require_secure_transport: "1",
        character_set_server: "utf8mb4",
      };
      const found = await Promise.all(
        Object.keys(wanted).map(async (key) => [key, await variable(name, key)]),
      );
      expect(Object.fromEntries(found)).toEqual(wanted);
      expect(await pair.sql(name, "SHOW MASTER STATUS")).toMatch(/^mysql-bin\.\d+\t\d+\t*$/);
    },
  );

  test("the role once more changes nothing and restarts nothing", async () => {
    const started = () => pair.script("one", "systemctl show -p ExecMainStartTimestamp mariadb");
    const before = await started();
    expect(await pair.applyRole("one")).toMatchObject({ role: "unseeded", restartNeeded: false });
    expect(await started()).toBe(before);
  });

  test("its history is empty, and no verb but birth and seed moves it", async () => {
    expect(await pair.status("one")).toMatchObject({
      role: "unseeded",
      epoch: 0,
      writable: false,
      binlogState: "",
    });
    for (const words of ["promote --epoch 1", "demote", "follow", "resume --epoch 1", "seed"]) {
      expect({ words, exitCode: (await verb(pair, "one", words)).exitCode }).toEqual({ words, exitCode: 12 });
    }
    expect((await verb(pair, "one", "fence")).answer).toMatchObject({ fenced: false });
  });

  test("birth --report makes nothing, and says that the data is gone where nobody knows an epoch", async () => {
    const { exitCode, stderr } = await verb(pair, "one", "birth --report");
    expect(exitCode).toBe(12);
    expect(stderr).toContain("gone from every database host");
    expect(stderr).toContain("restore a copy");
    expect(await pair.status("one")).toMatchObject({ role: "unseeded", epoch: 0, writable: false });
  });

  test.each([
    "",
    "swim",
    "promote",
    "promote --epoch 0",
    "promote --epoch 10000000000",
    "resume --epoch 10000000000",
    "resume --accept-loss",
    "promote --epoch 2 --accept-loss",
    "promote --epoch 2 --confirmed-off",
    "promote --epoch x",
    "status --epoch 1",
    "seed --deadline soon",
  ])("usage: 'evenkeel-db %s' ends with 2 and says how it is called", async (words) => {
    const { exitCode, stderr } = await verb(pair, "one", words);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("usage: evenkeel-db");
  });

  test("the other regions' user may ask for status and nothing else", async () => {
    const ask = (command: string) =>
      `ssh -F none -i /etc/evenkeel/peer_key -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=no \
        -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR evenkeel-peer@${peering("two")} ${command} </dev/null`;
    expect(await pair.script("one", ask("status"))).toContain('"region":"two"');
    for (const command of [
      "",
      "id",
      "'status; id'",
      "'status --deadline 99'",
      "'sudo -n evenkeel-db fence'",
    ]) {
      await expect(pair.script("one", ask(command))).rejects.toThrow("only status and send");
    }
    const sudo = "runuser -u evenkeel-peer -- sudo -n /usr/local/sbin/evenkeel-db";
    await expect(pair.script("two", `${sudo} fence --deadline 10`)).rejects.toThrow("password is required");
  });
});

describe("birth", () => {
  test("is refused while another region's host can't be asked", async () => {
    await silenceSsh(pair, "one", true);
    const { exitCode, stderr } = await verb(pair, "one", "birth");
    await silenceSsh(pair, "one", false);
    expect(exitCode).toBe(12);
    expect(stderr).toContain("another birth can't be excluded: region two");
    expect(await pair.status("one")).toMatchObject({ role: "unseeded", writable: false });
  });

  test("killed before each of its steps and run again it makes one site at epoch 1, once", async () => {
    for (const step of ["mark_opening", "make_accounts", "write_role", "still_closed=", "remove_durably"]) {
      expect({ step, exitCode: (await cutShort(pair, "one", "birth", step)).exitCode }).toEqual({
        step,
        exitCode: killed,
      });
    }
    expect((await verb(pair, "one", "birth")).answer).toEqual({ born: true, epoch: 1, region: "one" });
    expect((await verb(pair, "one", "birth")).answer).toEqual({ born: false, epoch: 1, region: "one" });
    for (const words of ["birth", "birth --report"]) {
      expect((await verb(pair, "two", words)).answer).toEqual({ born: false, epoch: 1, region: "one" });
    }
    expect(await pair.status("one")).toMatchObject({ role: "active", epoch: 1, writable: true });
    expect(await pair.status("two")).toMatchObject({ role: "unseeded", writable: false });
  });

  test("[O15] the application writes over TLS from a web network, with any printable password", async () => {
    expect(await insert("two", "one", "straße 🛒")).toMatchObject({ exitCode: 0 });
    expect(await notes("one")).toContain("straße 🛒");
  });

  test("[O15] it may do nothing beyond its own database, in clear text, from elsewhere or with another password", async () => {
    const as = (changes: object) =>
      login(pair, { from: "two", to: place("one"), ...app(), statement: "SELECT 1", ...changes });
    for (const statement of [
      "SELECT * FROM mysql.global_priv",
      "UPDATE evenkeel.heartbeat SET epoch = 9",
      "CREATE DATABASE wordpressXdb",
    ]) {
      expect((await as({ statement })).stderr).toMatch(/denied/);
    }
    expect((await as({ tls: false })).exitCode).not.toBe(0);
    expect((await as({ to: peering("one") })).stderr).toContain("Access denied");
    expect((await as({ password: "wrong" })).stderr).toContain("Access denied");
    expect(await pair.sql("one", "SELECT DISTINCT host FROM mysql.user WHERE user = 'wp_user'")).toBe(
      "10.213.0.0/255.255.255.0",
    );
  });

  test("[P3] a clear-text replication login is refused, and one from outside the link", async () => {
    const as = (changes: object) =>
      login(pair, {
        from: "two",
        to: peering("one"),
        ...replicator(),
        tls: true,
        statement: "SELECT 1",
        ...changes,
      });
    expect((await as({})).exitCode).toBe(0);
    expect((await as({ tls: false })).exitCode).not.toBe(0);
    expect((await as({ to: place("one") })).stderr).toContain("Access denied");
  });
});

describe("seed", () => {
  test("killed (-9) in mid-stream it leaves nothing running, and the empty database as it was", async () => {
    const left = await pair.script(
      "two",
      `evenkeel-db seed </dev/null >/dev/null 2>&1 &
until [ -s /var/lib/mysql-evenkeel-seed/ibdata1 ]; do sleep 0.01; done
kill -KILL $!
sleep 0.5
ps -eo comm= | grep -E "^(mbstream|ssh|timeout)$" || :
mariadb -BNe "SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE schema_name = 'wordpress_db'"`,
    );
    expect(left).toBe("0\n");
    expect(await pair.status("two")).toMatchObject({ role: "unseeded", writable: false });
  });

  test("killed before each of its steps, before and after the swap, it starts over and ends joined by TLS", async () => {
    const steps = [
      "BYTES=$(du",
      "bounded_systemctl stop mariadb.service",
      'find "$STAGING"',
      "adopt_history",
      "start_replica",
      "write_role",
    ];
    for (const step of steps) {
      const { exitCode, stderr } = await cutShort(pair, "two", "seed", step);
      expect({ step, exitCode, stderr: exitCode === killed ? "" : stderr }).toEqual({
        step,
        exitCode: killed,
        stderr: "",
      });
    }
    const seeded = await verb(pair, "two", "seed");
    expect(seeded.answer).toMatchObject({ seeded: true, from: "one", epoch: 1 });
    process.stderr.write(`seed: ${seeded.seconds.toFixed(1)} s, ${String(seeded.answer?.bytes)} bytes\n`);
    expect((await verb(pair, "two", "seed")).answer).toEqual({ seeded: false, role: "standby", epoch: 1 });
    const { role, writable, replication } = await pair.status("two");
    expect({ role, writable }).toEqual({ role: "standby", writable: false });
    expect(replication).toEqual({ source: "one", receiving: true, applying: true, tls: true, error: null });
  }, 300_000);

  test("a lag is told only while the standby receives and applies, and never from clocks that differ", async () => {
    const seen = async () => {
      const { lagSeconds, clockSkewSeconds } = await pair.status("two");
      return { lagSeconds, clockSkewSeconds };
    };
    await eventually("a lag is known", 10_000, async () => ((await seen()).lagSeconds ?? 99) < 5);
    expect(await seen()).toMatchObject({ clockSkewSeconds: null });
    await pair.sql("two", "STOP SLAVE IO_THREAD");
    expect(await seen()).toEqual({ lagSeconds: null, clockSkewSeconds: null });
    await pair.sql("two", "START SLAVE IO_THREAD");
    await pair.script(
      "one",
      `systemctl stop evenkeel-heartbeat
mariadb -e "UPDATE evenkeel.heartbeat SET at = NOW(6) + INTERVAL 30 SECOND"`,
    );
    await eventually("the skew arrives", 10_000, async () => ((await seen()).clockSkewSeconds ?? 0) > 20);
    expect(await seen()).toMatchObject({ lagSeconds: null });
    await pair.script("one", "systemctl start evenkeel-heartbeat");
    await eventually("the lag is back", 10_000, async () => ((await seen()).lagSeconds ?? 99) < 5);
  }, 60_000);

  test("[O15] [O17] data and accounts came along; a user's write on the standby is refused", async () => {
    expect(await notes("two")).toContain("straße 🛒");
    const write = await login(pair, {
      from: "one",
      to: place("two"),
      ...app(),
      statement: "INSERT INTO wordpress_db.notes (note) VALUES ('x')",
    });
    expect(write.stderr).toContain("ERROR 1290");
  });

  test("nothing a standby does enters its own history: role again, changed settings, restart, seed", async () => {
    await pair.applyRole("two");
    expect(await pair.applyRole("two", { maxRegions: 3 })).toMatchObject({
      role: "standby",
      restartNeeded: false,
    });
    await pair.applyRole("two");
    await verb(pair, "two", "seed");
    await eventually(
      "the standby receives again",
      30_000,
      async () => (await pair.status("two")).replication?.receiving === true,
    );
    expect(await ownEvents("two", 2)).toBe(0);
  }, 120_000);

  test("the active database is not restarted for new settings: it says that it needs one", async () => {
    expect(await pair.applyRole("one", { maxRegions: 3 })).toMatchObject({
      role: "active",
      restartNeeded: true,
    });
    expect(await pair.status("one")).toMatchObject({ writable: true, restartNeeded: true });
    expect(await variable("one", "auto_increment_increment")).toBe("2");
  }, 60_000);
});

describe("promotion and return", () => {
  test("an epoch that is not greater than the known one is refused, and the active one is no candidate", async () => {
    expect(await verb(pair, "two", "promote --epoch 1")).toMatchObject({
      exitCode: 12,
      stderr: expect.stringContaining("known epoch 1"),
    });
    expect((await verb(pair, "one", "promote --epoch 2")).stderr).toContain("only a standby");
    expect((await verb(pair, "two", "demote")).exitCode).toBe(12);
  });

  test("beside a writer, or a peer that can't be asked, nothing is promoted, whatever is said about it", async () => {
    const refused = async (words: string, reason: string) =>
      expect(await verb(pair, "two", words)).toMatchObject({
        exitCode: 12,
        stderr: expect.stringContaining(reason),
      });
    await refused("promote --epoch 2", "region 'one' is writable at epoch 1");
    await refused("promote --epoch 2 --confirmed-off one", "region 'one' is writable at epoch 1");
    await silenceSsh(pair, "two", true);
    await refused("promote --epoch 2", "region 'one' can't be asked").finally(() =>
      silenceSsh(pair, "two", false),
    );
    await pair.script("one", "kill -STOP $(pidof mariadbd)");
    await refused("promote --epoch 2", "its database does not answer").finally(() =>
      pair.script("one", "kill -CONT $(pidof mariadbd)"),
    );
    expect(await pair.status("one")).toMatchObject({ role: "active", epoch: 1, writable: true });
    expect(await pair.status("two")).toMatchObject({
      role: "standby",
      writable: false,
      replication: { receiving: true },
    });
  }, 60_000);

  test("what was received and can't be applied by the deadline refuses the promotion, and clears nothing", async () => {
    await pair.script(
      "two",
      "systemd-run -q --unit=hold mariadb -e 'LOCK TABLES wordpress_db.notes READ; SELECT SLEEP(60)'",
    );
    const locked = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE info LIKE 'SELECT SLEEP(60)%'";
    await eventually("the table is locked", 10_000, async () => (await pair.sql("two", locked)) === "1");
    await insert("two", "one", "received, not applied");
    const behind = "SELECT Gtid_IO_Pos <> @@gtid_slave_pos FROM information_schema.SLAVE_STATUS";
    const waits = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE state LIKE 'Waiting for table%'";
    await eventually(
      "the applier waits",
      10_000,
      async () => (await pair.sql("two", `${behind}; ${waits}`)) === "1\n1",
    );
    expect((await verb(pair, "one", "demote")).exitCode).toBe(0);
    const { exitCode, stderr } = await verb(pair, "two", "promote --epoch 2 --deadline 6");
    expect({ exitCode, stderr }).toEqual({
      exitCode: 12,
      stderr: expect.stringContaining("could be applied by the deadline"),
    });
    expect(await pair.status("two")).toMatchObject({
      role: "standby",
      writable: false,
      replication: { receiving: true },
    });
    await pair.script("two", "systemctl stop hold");
    await eventually("the row is applied", 20_000, async () =>
      (await notes("two")).includes("received, not applied"),
    );
    expect((await verb(pair, "one", "resume --epoch 1")).answer).toMatchObject({ resumed: true });
  }, 60_000);

  test("a stopped applier refuses it too", async () => {
    await pair.sql("two", "STOP SLAVE SQL_THREAD");
    expect(await verb(pair, "two", "promote --epoch 2")).toMatchObject({
      exitCode: 12,
      stderr: expect.stringContaining("the applier is stopped"),
    });
    await pair.sql("two", "START SLAVE SQL_THREAD");
  });

  test("demote closes the writer, twice, and a user's write is refused there", async () => {
    const open = login(pair, {
      from: "two",
      to: place("one"),
      ...app(),
      statement:
        "START TRANSACTION; INSERT INTO wordpress_db.notes (note) VALUES ('cut off'); SELECT SLEEP(25); COMMIT;",
    });
    const sleeps = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE info LIKE 'SELECT SLEEP(25)%'";
    await eventually("the transaction is open", 10_000, async () => (await pair.sql("one", sleeps)) === "1");
    expect((await verb(pair, "one", "demote")).answer).toMatchObject({
      demoted: true,
      role: "fenced",
      epoch: 1,
    });
    expect((await verb(pair, "one", "demote")).answer).toMatchObject({
      demoted: false,
      role: "fenced",
      epoch: 1,
    });
    expect((await insert("two", "one", "too late")).stderr).toContain("ERROR 1290");
    expect((await open).exitCode).not.toBe(0);
    expect(await notes("one")).not.toContain("cut off");
    expect(await pair.script("one", "systemctl is-active evenkeel-heartbeat || :")).toBe("inactive\n");
  });

  test("a peer that opens while the promotion is under way is seen before the end, and the standby receives again", async () => {
    await answerPeers(
      pair,
      "one",
      `echo >>/run/peer.asked
if [ "$(wc -l </run/peer.asked)" -ge 2 ]; then real | sed 's/"writable":false/"writable":true/'; else real; fi`,
    );
    const { exitCode, stderr } = await verb(pair, "two", "promote --epoch 2");
    expect(await pair.script("one", "wc -l </run/peer.asked")).toBe("2\n");
    await answerPeers(pair, "one", null);
    expect({ exitCode, stderr }).toEqual({ exitCode: 12, stderr: expect.stringContaining("is writable") });
    await eventually(
      "it receives",
      10_000,
      async () => (await pair.status("two")).replication?.receiving === true,
    );
    expect(await pair.status("two")).toMatchObject({ role: "standby", writable: false, opening: null });
  }, 60_000);

  test("promote, killed before each step: the old peer is silenced before anything else, cleared only when proved", async () => {
    const point = async (step: string) => (await cutShort(pair, "two", "promote --epoch 2", step)).exitCode;
    const silenced = () => pair.script("two", "nft list set inet evenkeel_db silenced");
    expect(await point("sql 'STOP SLAVE IO_THREAD'")).toBe(killed);
    expect(await silenced()).toContain(peering("one"));
    expect((await pair.status("two")).replication).toMatchObject({ applying: true });
    expect(await point("mark_opening")).toBe(killed);
    expect((await pair.status("two")).replication).toMatchObject({ receiving: false, applying: true });
    expect(await point("sql 'STOP SLAVE; RESET")).toBe(killed);
    expect((await verb(pair, "one", "resume --epoch 1")).stderr).toContain("has begun to open its database");
    await pair.script("two", "touch /var/lib/evenkeel/seeding");
    expect(await point("write_role")).toBe(killed);
    expect(await pair.status("two")).toMatchObject({ role: "standby", writable: false, replication: null });
    expect(await point("still_closed=")).toBe(killed);
    expect(await pair.status("two")).toMatchObject({ role: "active", epoch: 2, writable: false });
    expect(await point("remove_durably")).toBe(killed);
    expect((await verb(pair, "two", "promote --epoch 2")).answer).toMatchObject({ promoted: true, epoch: 2 });
    expect((await verb(pair, "two", "promote --epoch 2")).answer).toMatchObject({
      promoted: false,
      epoch: 2,
    });
    const markers = "cd /var/lib/evenkeel; ls seeding opening.json fencing 2>/dev/null || :";
    expect(await pair.script("two", markers)).toBe("");
    expect(await notes("two")).not.toContain("too late");
    expect(await insert("one", "two", "by the new writer")).toMatchObject({ exitCode: 0 });
  }, 120_000);

  test("follow joins the old writer, killed or run twice, and no password is ever an argument", async () => {
    await pair.script(
      "one",
      `systemd-run -q --unit=watch bash -c 'while :; do cat /proc/[0-9]*/cmdline 2>/dev/null | tr "\\0" "\\n" >>/run/seen; done'`,
    );
    for (const step of ['sql "STOP SLAVE; SET', "join_source", "start_replica", "write_role"]) {
      expect({ step, exitCode: (await cutShort(pair, "one", "follow", step)).exitCode }).toEqual({
        step,
        exitCode: killed,
      });
    }
    const followed = await verb(pair, "one", "follow");
    process.stderr.write(`follow: ${followed.seconds.toFixed(2)} s\n`);
    await pair.script("one", "systemctl stop watch");
    expect(await pair.script("one", "grep -cE 'repl.\"|app.\"' /run/seen || :")).toBe("0\n");
    expect(await pair.script("one", "grep -c evenkeel-db /run/seen || :")).not.toBe("0\n");
    if (followed.exitCode !== 0)
      throw new Error(`follow ended with ${followed.exitCode}: ${followed.stderr}`);
    expect(followed.answer).toEqual({ followed: true, region: "two", epoch: 2 });
    expect((await verb(pair, "one", "follow two")).answer).toEqual({
      followed: false,
      region: "two",
      epoch: 2,
    });
    expect(await pair.status("one")).toMatchObject({ role: "standby", epoch: 2, writable: false });
    await eventually("the new row arrives", 20_000, async () =>
      (await notes("one")).includes("by the new writer"),
    );
  }, 120_000);

  test("ids of the new writer's rows come from its own offset", async () => {
    const ids = (await notes("two")).split("\n").map((line) => line.split("\t"));
    expect(ids.filter(([, note]) => note === "by the new writer").map(([id]) => Number(id) % 2)).toEqual([0]);
  });

  test("follow is refused to a host that holds what the writer lacks, and names it", async () => {
    await pair.script("one", "mariadb -e 'CREATE DATABASE errant'");
    await pair.sql("one", "STOP SLAVE");
    const { exitCode, stderr } = await verb(pair, "one", "follow");
    expect({ exitCode, stderr }).toEqual({
      exitCode: 12,
      stderr: expect.stringMatching(/holds transactions that region 'two' lacks: up to 0-1-\d+/),
    });
    expect((await verb(pair, "one", "follow three")).exitCode).toBe(12);
    const { binlogState } = await pair.status("two");
    await pair.sql(
      "one",
      `DROP DATABASE errant; RESET SLAVE ALL; RESET MASTER; SET GLOBAL gtid_binlog_state = '${binlogState}'`,
    );
    await pair.sql("one", `SET GLOBAL gtid_slave_pos = '${(await pair.status("two")).position}'`);
  });
});

describe("fence and restart", () => {
  test("the host cleaned of it follows again", async () => {
    expect((await verb(pair, "one", "follow")).answer).toMatchObject({ followed: true, epoch: 2 });
  });

  test("the rebooted writer stays read-only until resume, which asks everyone first", async () => {
    await reboot(pair, "two");
    expect(await pair.status("two")).toMatchObject({ role: "active", epoch: 2, writable: false });
    expect((await insert("one", "two", "after the reboot")).stderr).toContain("ERROR 1290");
    expect(await pair.script("two", "systemctl is-active evenkeel-heartbeat || :")).toBe("inactive\n");
    expect((await verb(pair, "two", "promote --epoch 2")).stderr).toContain("resume --epoch 2");
    expect((await verb(pair, "two", "resume --epoch 3")).stderr).toContain("knows epoch 2, not 3");
    const past = await verb(pair, "two", "resume --epoch 1 --accept-loss");
    expect(past).toMatchObject({ exitCode: 12, stderr: expect.stringContaining("epoch 1 is past") });
    await silenceSsh(pair, "two", true);
    const silent = await verb(pair, "two", "resume --epoch 2");
    await silenceSsh(pair, "two", false);
    expect(silent).toMatchObject({
      exitCode: 12,
      stderr: expect.stringContaining("region 'one' can't be asked"),
    });
    expect((await pair.status("two")).writable).toBe(false);
    expect((await cutShort(pair, "two", "resume --epoch 2", "still_closed=")).exitCode).toBe(killed);
    expect((await verb(pair, "two", "resume --epoch 2")).answer).toEqual({
      resumed: true,
      epoch: 2,
      writable: true,
    });
    expect((await verb(pair, "two", "resume --epoch 2")).answer).toEqual({
      resumed: false,
      epoch: 2,
      writable: true,
    });
    expect(await insert("one", "two", "resumed")).toMatchObject({ exitCode: 0 });
  }, 120_000);

  test("a standby whose server crashes, or whose host reboots, receives again by itself", async () => {
    const receives = async () => (await pair.status("one")).replication?.receiving === true;
    await pair.script("one", "kill -KILL $(pidof mariadbd)");
    await eventually("one receives after a crash", 40_000, receives);
    await reboot(pair, "one");
    await eventually("one receives after a reboot", 40_000, receives);
    expect(await pair.status("one")).toMatchObject({ role: "standby", writable: false });
  }, 150_000);

  test("a crashed writer comes back read-only and beats no more", async () => {
    await pair.script("two", "kill -KILL $(pidof mariadbd)");
    await eventually("two runs again", 40_000, async () => (await pair.status("two")).running);
    expect(await pair.status("two")).toMatchObject({ role: "active", writable: false });
    await eventually("the heartbeat ends", 20_000, async () =>
      (await pair.script("two", "systemctl is-active evenkeel-heartbeat || :")).startsWith("failed"),
    );
    expect((await verb(pair, "two", "resume --epoch 2")).answer).toMatchObject({ resumed: true });
  }, 90_000);

  test.each([
    ["waits for a lock", "systemd-run -q --unit=stall mariadb -e 'FLUSH TABLES WITH READ LOCK; DO SLEEP(7)'"],
    [
      "stands still",
      "systemd-run -q --unit=stall bash -c 'kill -STOP $(pidof mariadbd); sleep 7; kill -CONT $(pidof mariadbd)'",
    ],
  ])(
    "the heartbeat returns by itself to a writer that %s for seven seconds",
    async (_what, stall) => {
      const unit = async (property: string) =>
        (await pair.script("two", `systemctl show -P ${property} evenkeel-heartbeat`)).trim();
      const before = Number(await unit("NRestarts"));
      await pair.script("two", stall);
      await eventually(
        "the heartbeat begins anew",
        15_000,
        async () => Number(await unit("NRestarts")) > before,
      );
      await eventually("it beats again", 30_000, async () => {
        const age = (await pair.status("two")).heartbeat?.ageSeconds ?? 99;
        return age < 3 && (await unit("ActiveState")) === "active";
      });
      expect(await unit("ExecMainStatus")).not.toBe("12");
      const sessions = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE user = 'evenkeel-beat'";
      await eventually(
        "no other session is left",
        10_000,
        async () => (await pair.sql("two", sessions)) === "1",
      );
      expect(await pair.status("two")).toMatchObject({ role: "active", epoch: 2, writable: true });
    },
    60_000,
  );

  test("a fence beats a resume that holds the lock and hears from its peers only after the kill", async () => {
    const dead = async () => (await pair.script("two", "pidof mariadbd || echo none")) === "none\n";
    expect((await verb(pair, "two", "demote")).exitCode).toBe(0);
    await answerPeers(
      pair,
      "one",
      "echo >>/run/peer.asked; until [ -e /run/peer.go ]; do sleep 0.1; done; real",
    );
    const resume = verb(pair, "two", "resume --epoch 2");
    await eventually(
      "resume asks",
      10_000,
      async () => (await pair.script("one", "cat /run/peer.asked")) !== "",
    );
    const fence = verb(pair, "two", "fence --deadline 8");
    await eventually("the database is killed", 15_000, dead);
    await pair.script("one", "touch /run/peer.go");
    expect(await resume).toMatchObject({
      exitCode: 12,
      stderr: expect.stringContaining("fence of this host"),
    });
    expect((await fence).answer).toEqual({ fenced: true, role: "fenced", epoch: 2, method: "killed" });
    await answerPeers(pair, "one", null);
    expect(await dead()).toBe(true);
    expect(await pair.status("two")).toMatchObject({ role: "fenced", running: false });
    expect(await pair.script("two", "nft list set inet evenkeel_db open_ports")).not.toContain("elements");
  }, 60_000);

  test("what slipped past a fence is closed under the lock, and a fence cut short lets nobody open", async () => {
    const step = "close_what_slipped_past";
    expect(await pair.status("two")).toMatchObject({ fencing: false });
    expect((await cutShort(pair, "two", "fence --deadline 6", step)).exitCode).toBe(killed);
    expect(await pair.status("two")).toMatchObject({ fencing: true });
    for (const words of ["resume --epoch 2", "follow", "promote --epoch 9"]) {
      expect(await verb(pair, "two", words)).toMatchObject({
        exitCode: 12,
        stderr: expect.stringContaining("evenkeel-db fence must end first"),
      });
    }
    expect((await verb(pair, "two", "fence")).answer).toMatchObject({ fenced: true, role: "fenced" });
    expect((await verb(pair, "two", "resume --epoch 2")).answer).toMatchObject({ resumed: true });
    await pair.script(
      "two",
      `flock /run/evenkeel-db.lock bash -c 'until ! pidof mariadbd; do sleep 0.1; done
systemctl unmask mariadb; systemctl start mariadb; mariadb -e "SET GLOBAL read_only=0"
nft add element inet evenkeel_db open_ports "{ 3306 }"' >/dev/null 2>&1 &
sleep 0.3`,
    );
    expect((await verb(pair, "two", "fence --deadline 12")).answer).toMatchObject({ method: "killed" });
    expect(await pair.status("two")).toMatchObject({ role: "fenced", running: false });
    expect(await pair.script("two", "nft list set inet evenkeel_db open_ports")).not.toContain("elements");
    expect((await verb(pair, "two", "resume --epoch 2")).answer).toMatchObject({ resumed: true });
  }, 90_000);

  test.each(["closed", "killed"])(
    "a role file that can't be read keeps no fence from closing: the database is %s, nobody opens it, and the fence says what is missing",
    async (how) => {
      const file = "/var/lib/evenkeel/role.json";
      await pair.script("two", `cp -p ${file} /run/role.json; printf '{"epoch": 2, "ro' >${file}`);
      if (how === "killed") await pair.script("two", "kill -STOP $(pidof mariadbd)");
      const fence = await verb(pair, "two", "fence --deadline 8");
      expect({ exitCode: fence.exitCode, answer: fence.answer }).toEqual({ exitCode: 1, answer: null });
      expect(fence.stderr).toContain("role.json can't be read");
      expect(fence.stderr).toContain(
        how === "killed" ? "the database is closed (killed)" : "the database is closed (graceful)",
      );
      expect(await pair.script("two", "nft list set inet evenkeel_db open_ports")).not.toContain("elements");
      expect(await pair.script("two", "systemctl is-active evenkeel-heartbeat || :")).not.toBe("active\n");
      if (how === "killed") expect(await pair.script("two", "pidof mariadbd || echo none")).toBe("none\n");
      else expect(await variable("two", "read_only")).toBe("1");
      expect((await insert("one", "two", "unrecorded")).stderr).toContain("ERROR 2002");
      expect((await verb(pair, "two", "resume --epoch 2")).exitCode).toBe(1);
      await pair.script("two", `cp -p /run/role.json ${file}`);
      expect((await verb(pair, "two", "resume --epoch 2")).stderr).toContain("fence must end first");
      expect((await verb(pair, "two", "fence")).answer).toMatchObject({ fenced: true, epoch: 2 });
      expect((await verb(pair, "two", "resume --epoch 2")).answer).toMatchObject({ resumed: true });
    },
    90_000,
  );

  test("fence closes port and database gracefully, killed or run twice, and stays closed over a reboot", async () => {
    // What the standby has not received when the port closes is lost to it, and the fenced host then rightly may not
    // follow: here nothing shall be lost.
    await pair.script("two", "systemctl stop evenkeel-heartbeat");
    await eventually("the standby holds all that the writer holds", 60_000, async () => {
      const [writer, standby] = await Promise.all([pair.status("two"), pair.status("one")]);
      return writer.position !== null && writer.position === standby.position;
    });
    for (const step of ["stop_heartbeat", "try_lock", "write_role"]) {
      const cut = await cutShort(pair, "two", "fence", step);
      expect({ step, exitCode: cut.exitCode }).toEqual({ step, exitCode: killed });
    }
    const fenced = { fenced: true, role: "fenced", epoch: 2, method: "graceful" };
    expect((await verb(pair, "two", "fence")).answer).toEqual(fenced);
    expect((await verb(pair, "two", "fence")).answer).toEqual(fenced);
    expect((await insert("one", "two", "fenced")).stderr).toContain("ERROR 2002");
    await reboot(pair, "two");
    expect((await insert("one", "two", "fenced")).stderr).toContain("ERROR 2002");
    expect(await pair.status("two")).toMatchObject({
      role: "fenced",
      epoch: 2,
      running: true,
      writable: false,
    });
  }, 120_000);

  test("the standby is promoted beside a fenced peer, and the fenced one follows", async () => {
    await silenceSsh(pair, "one", true);
    const unproved = await verb(pair, "one", "promote --epoch 3");
    const promoted = await verb(pair, "one", "promote --epoch 3 --confirmed-off two");
    await silenceSsh(pair, "one", false);
    expect(unproved.stderr).toContain("--confirmed-off two");
    process.stderr.write(`promote beside a closed peer: ${promoted.seconds.toFixed(2)} s\n`);
    expect(promoted.answer).toMatchObject({ promoted: true, epoch: 3 });
    for (const words of ["resume --epoch 2", "resume --epoch 4 --accept-loss"])
      expect((await verb(pair, "two", words)).stderr).toContain("knows the newer epoch 3");
    const followed = await verb(pair, "two", "follow");
    if (followed.exitCode !== 0)
      throw new Error(`follow ended with ${followed.exitCode}: ${followed.stderr}`);
    expect(followed.answer).toEqual({ followed: true, region: "one", epoch: 3 });
  }, 90_000);

  test("a frozen server is killed and stays masked; status works; the host comes back only by a role", async () => {
    await pair.script("one", "kill -STOP $(pidof mariadbd)");
    const { answer, seconds } = await verb(pair, "one", "fence --deadline 6");
    expect(answer).toEqual({ fenced: true, role: "fenced", epoch: 3, method: "killed" });
    expect(seconds).toBeLessThan(20);
    expect(await pair.status("one")).toMatchObject({
      role: "fenced",
      epoch: 3,
      running: false,
      writable: null,
    });
    await expect(pair.script("one", "systemctl start mariadb")).rejects.toThrow("masked");
    expect((await verb(pair, "two", "promote --epoch 4")).answer).toMatchObject({ promoted: true, epoch: 4 });
    expect((await verb(pair, "one", "follow")).answer).toMatchObject({
      followed: true,
      region: "two",
      epoch: 4,
    });
    expect(await pair.status("one")).toMatchObject({
      role: "standby",
      epoch: 4,
      running: true,
      writable: false,
    });
  }, 120_000);

  test("a second verb waits for the first, and ends with 13 at its deadline", async () => {
    await pair.script("one", "systemd-run -q --unit=holder flock /run/evenkeel-db.lock sleep 30");
    expect((await verb(pair, "one", "follow --deadline 1")).exitCode).toBe(13);
    expect((await verb(pair, "one", "status")).exitCode).toBe(0);
    await pair.script("one", "systemctl stop holder");
    expect((await verb(pair, "one", "follow")).exitCode).toBe(0);
  }, 60_000);
});

describe("a host made anew", () => {
  test("is no place for a birth, is seeded from whoever writes now, and adds nothing to the history", async () => {
    await pair.script(
      "one",
      `systemctl stop mariadb
find /var/lib/mysql /var/log/mysql -mindepth 1 -delete
rm /var/lib/evenkeel/role.json
mariadb-install-db --user=mysql --disable-log-bin --skip-test-db >/dev/null
systemctl start mariadb`,
    );
    expect(await pair.status("one")).toMatchObject({
      role: "unseeded",
      epoch: 0,
      writable: false,
      binlogState: "",
    });
    expect((await verb(pair, "one", "birth")).answer).toEqual({ born: false, epoch: 4, region: "two" });
    const before = await ownEvents("two", 1);
    expect((await verb(pair, "one", "seed")).answer).toMatchObject({ seeded: true, from: "two", epoch: 4 });
    expect(await ownEvents("one", 1)).toBe(before);
    expect(await pair.status("two")).toMatchObject({ role: "active", epoch: 4, writable: true });
    expect(await notes("one")).toBe(await notes("two"));
  }, 120_000);

  test("a database that holds something is never overwritten", async () => {
    await pair.script("one", "mv /var/lib/evenkeel/role.json /run/role.json");
    const { exitCode, stderr } = await verb(pair, "one", "seed");
    await pair.script("one", "mv /run/role.json /var/lib/evenkeel/role.json");
    expect(exitCode).toBe(12);
    expect(stderr).toContain("it holds the databases");
    expect(await pair.status("one")).toMatchObject({ role: "standby", replication: { receiving: true } });
  });

  test("seeded so, it can become the writer again, and the other one returns to it", async () => {
    expect((await verb(pair, "two", "demote")).exitCode).toBe(0);
    const promoted = await verb(pair, "one", "promote --epoch 5");
    process.stderr.write(`promote: ${promoted.seconds.toFixed(2)} s\n`);
    expect(promoted.answer).toMatchObject({ promoted: true, epoch: 5 });
    const followed = await verb(pair, "two", "follow");
    process.stderr.write(`follow: ${followed.seconds.toFixed(2)} s\n`);
    expect(followed.answer).toMatchObject({ followed: true, epoch: 5 });
    expect(await insert("two", "one", "at epoch five")).toMatchObject({ exitCode: 0 });
    await eventually("the row arrives", 20_000, async () => (await notes("two")).includes("at epoch five"));
  }, 90_000);

  test("new settings that waited for a promotion do not restart the database that it made the active one", async () => {
    const started = () => pair.script("two", "systemctl show -P ExecMainStartTimestampMonotonic mariadb");
    const before = await started();
    expect((await verb(pair, "one", "demote")).exitCode).toBe(0);
    const promotion = await heldAt(pair, "two", "promote --epoch 6 --deadline 150", "ask_again");
    const role = pair.applyRole("two", { maxRegions: 4 });
    await eventually(
      "the role waits for the lock",
      60_000,
      async () => (await pair.script("two", "pgrep -x flock || :")).trim() !== "",
    ).finally(async () =>
      expect((await promotion.release()).answer).toMatchObject({ promoted: true, epoch: 6 }),
    );
    expect(await role).toMatchObject({ role: "active", restartNeeded: true });
    expect(await started()).toBe(before);
    expect(await pair.status("two")).toMatchObject({ role: "active", epoch: 6, writable: true });
    expect((await verb(pair, "one", "follow")).answer).toMatchObject({ followed: true, epoch: 6 });
  }, 200_000);
});

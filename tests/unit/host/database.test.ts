import { describe, expect, test } from "@jest/globals";
import { databaseConfig, databaseFiles } from "../../../components/host/database-files.ts";
import type { DatabaseSecrets, DatabaseSettings } from "../../../components/host/database-settings.ts";

const settings: DatabaseSettings = {
  engine: "mariadb",
  site: "shop",
  region: "secondary",
  regionIndex: 2,
  maxRegions: 2,
  serverId: 2,
  placeAddress: "10.20.0.20",
  peeringAddress: "10.99.0.21",
  peers: [{ region: "primary", address: "10.99.0.11", hostKey: "ssh-ed25519 AAAA" }],
  webNetworks: ["10.10.0.0/24", "10.20.0.0/24"],
  portClients: ["10.10.0.31", "10.10.0.32"],
  peeringNetwork: "10.99.0.0/24",
  schema: "wordpress_db",
  users: { app: "wp_user", replication: "evenkeel_repl", health: "evenkeel_health" },
};

const secrets: DatabaseSecrets = {
  passwords: { app: `a'"\\%$ \`ü`, replication: "secret-of-replication", health: "secret-of-health" },
  peerKey: { privateKey: "PRIVATE KEY\n", publicKey: "ssh-ed25519 BBBB peer" },
  tls: { ca: "CA", certificate: "CERTIFICATE", key: "SERVER KEY" },
};

function file(path: string, changes: Partial<DatabaseSettings> = {}) {
  const found = databaseFiles({ ...settings, ...changes }).find((one) => one.path === path);
  if (found === undefined) throw new Error(`no file ${path}`);
  return { ...found, text: found.content(secrets) };
}

const cnf = "/etc/mysql/mariadb.conf.d/60-evenkeel.cnf";
const lines = (text: string) => text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));

describe("the settings of a database host", () => {
  test("server id and offset are the place's, the increment leaves room for every region", () => {
    expect(lines(file(cnf).text)).toEqual(
      expect.arrayContaining(["server_id = 2", "auto_increment_increment = 2", "auto_increment_offset = 2"]),
    );
    expect(lines(file(cnf, { maxRegions: 5 }).text)).toContain("auto_increment_increment = 5");
    expect(lines(file(cnf, { maxRegions: 1, regionIndex: 1 }).text)).toContain(
      "auto_increment_increment = 2",
    );
  });

  test("it boots read-only, and no binlog filter stands in the file", () => {
    const text = lines(file(cnf).text);
    expect(text).toEqual(expect.arrayContaining(["read_only = 1", "skip_slave_start = 1"]));
    expect(text.filter((line) => /binlog_(do|ignore)_db|replicate/.test(line))).toEqual([]);
  });

  test("the packet filter knows the own addresses and who may come: the web tier and the peers, no whole network", () => {
    expect(file("/etc/evenkeel/database.nft").text).toContain(
      "ip daddr { 10.20.0.20, 10.99.0.21 } ip saddr { 10.10.0.31, 10.10.0.32, 10.99.0.11 } accept",
    );
  });

  test("commits wait for a replica from the first start on, without an end, and no replica acknowledges unasked", () => {
    expect(lines(file(cnf).text)).toEqual(
      expect.arrayContaining([
        "rpl_semi_sync_master_enabled = ON",
        "rpl_semi_sync_master_timeout = 18446744073709551615",
        "rpl_semi_sync_master_wait_no_slave = ON",
        "rpl_semi_sync_master_wait_point = AFTER_SYNC",
        "rpl_semi_sync_slave_enabled = OFF",
      ]),
    );
  });

  test("a shut port is refused before any set that opens it, and says nothing more but resets", () => {
    const rules = lines(file("/etc/evenkeel/database.nft").text);
    const at = (part: string) => rules.findIndex((rule) => rule.includes(part));
    expect(at("input tcp dport 3306 tcp dport @shut_ports")).toBeGreaterThan(-1);
    expect(at("input tcp dport 3306 tcp dport @shut_ports")).toBeLessThan(at("tcp dport @open_ports"));
    expect(at("output tcp sport 3306 tcp sport @shut_ports")).toBeLessThan(
      at("tcp sport @open_ports accept"),
    );
    expect(rules.at(-1)).toBe(
      "add rule inet evenkeel_db output tcp sport 3306 counter reject with tcp reset",
    );
  });

  test("another region's host may come in from the link only, with one command and nothing else", () => {
    expect(file("/var/lib/evenkeel-peer/.ssh/authorized_keys").text).toBe(
      'restrict,from="10.99.0.0/24",command="/usr/local/sbin/evenkeel-db-peer" ssh-ed25519 BBBB peer\n',
    );
  });

  test("the configuration keeps a password's every sign", () => {
    const config = JSON.parse(databaseConfig(settings, secrets));
    expect(config.users.app).toEqual({ name: "wp_user", password: `a'"\\%$ \`ü` });
    expect(config).toMatchObject({ address: "10.99.0.21", placeAddress: "10.20.0.20", serverId: 2 });
  });

  test("secrets stand in files that only their reader may open", () => {
    const holders = databaseFiles(settings).filter((one) =>
      /secret-of|PRIVATE KEY|SERVER KEY/.test(one.content(secrets)),
    );
    expect(holders.map(({ path, mode, owner = "root:root" }) => `${path} ${mode} ${owner}`)).toEqual([
      "/etc/evenkeel/database.json 0600 root:root",
      "/etc/evenkeel/peer_key 0600 root:root",
      "/etc/evenkeel/tls/database-key.pem 0640 root:mysql",
    ]);
  });
});

describe("PostgreSQL", () => {
  const postgresql = { engine: "postgresql" as const };
  const conf = "/etc/evenkeel/postgresql.conf";

  test("[D7] keeps what it kept by the older names of the settings, under today's", () => {
    expect(lines(file(conf, postgresql).text)).toEqual(
      expect.arrayContaining([
        "wal_level = replica",
        "max_wal_senders = 5",
        // 64 segments of 16 MB.
        "wal_keep_size = 1024MB",
        "hot_standby = on",
        "max_slot_wal_keep_size = 8GB",
      ]),
    );
  });

  test("lets the application and the probes in from web networks, the peers from the link, and only by TLS", () => {
    const rules = lines(file("/etc/evenkeel/pg_hba.conf", postgresql).text).map((line) => line.split(/ +/));
    expect(rules.filter(([type]) => type !== "local")).toEqual([
      ["hostssl", "wordpress_db", "wp_user", "10.10.0.0/24", "scram-sha-256"],
      ["hostssl", "wordpress_db", "evenkeel_health", "10.10.0.0/24", "scram-sha-256"],
      ["hostssl", "wordpress_db", "wp_user", "10.20.0.0/24", "scram-sha-256"],
      ["hostssl", "wordpress_db", "evenkeel_health", "10.20.0.0/24", "scram-sha-256"],
      ["hostssl", "replication", "evenkeel_repl", "10.99.0.0/24", "scram-sha-256"],
      ["hostssl", "postgres", "evenkeel_repl", "10.99.0.0/24", "scram-sha-256"],
    ]);
    expect(rules.filter(([type]) => type === "local").every((rule) => rule.at(-1) === "peer")).toBe(true);
  });

  test("has its own port in the packet filter, and its unit in the others'", () => {
    expect(file("/etc/evenkeel/database.nft", postgresql).text).toContain(
      "tcp dport 5432 tcp dport @open_ports",
    );
    expect(file("/etc/evenkeel/database.nft", postgresql).text).not.toContain("3306");
    for (const unit of ["evenkeel-db-boot.service", "evenkeel-heartbeat.service"])
      expect(file(`/etc/systemd/system/${unit}`, postgresql).text).toContain(
        "After=postgresql@17-main.service",
      );
    const dropIn = "/etc/systemd/system/postgresql@17-main.service.d/evenkeel.conf";
    expect(file(dropIn, postgresql).text).toContain("evenkeel-db prestart");
  });

  test("has a file under the same name for each that MariaDB has of its own", () => {
    const own = (engine: "mariadb" | "postgresql") =>
      databaseFiles({ ...settings, engine }).flatMap(({ path }) =>
        path.includes("/db/engine/") ? [path] : [],
      );
    expect(own("postgresql")).toEqual(own("mariadb"));
    expect(own("postgresql")).toHaveLength(9);
  });

  test("its key is its own group's", () => {
    const key = databaseFiles({ ...settings, ...postgresql }).find(({ path }) =>
      path.endsWith("database-key.pem"),
    );
    expect(key).toMatchObject({ mode: "0640", owner: "root:postgres" });
  });
});

describe("settings that can't work together are refused by name", () => {
  test.each([
    ["regionIndex", { regionIndex: 3 }],
    ["serverId", { serverId: 0 }],
    ["peers", { peers: [{ region: "secondary", address: "10.99.0.21", hostKey: "ssh-ed25519 AAAA" }] }],
    ["webNetworks", { webNetworks: [] }],
    ["portClients", { portClients: [] }],
  ])("%s", (name, changes) => {
    expect(() => databaseFiles({ ...settings, ...changes })).toThrow(name);
  });
});

import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { inside } from "../../automation/lab/faults.ts";
import { render } from "../../components/host/render.ts";
import {
  addressOf,
  containerOf,
  type HostFile,
  type HostName,
  hostNames,
  network,
  putFile,
} from "./patroni-hosts.ts";
import { isSettled, type Member, type PatroniSetting, parseMembers, versionIn } from "./patroni-settings.ts";
import { type Clock, until } from "./waits.ts";

/** Patroni of Debian's packages on the bench's hosts: two databases, etcd on all three, HAProxy on the third. */

const dataHosts = ["one", "two"] as const;
type DataHost = (typeof dataHosts)[number];
const installMs = 600_000;
const bootstrapMs = 180_000;
const restPort = 8008;

/** Passwords of this run; the application's is told to the client. */
export interface Passwords {
  superuser: string;
  replication: string;
  application: string;
}

export const newPasswords = (): Passwords => ({
  superuser: randomBytes(12).toString("hex"),
  replication: randomBytes(12).toString("hex"),
  application: randomBytes(12).toString("hex"),
});

export const on = (name: HostName, script: string, timeoutMs?: number) =>
  inside(containerOf(name), script, timeoutMs);

const text = (path: string) => readFileSync(join(import.meta.dirname, "files", path), "utf8");

/** A package's scripts start nothing: what would be started is not configured yet. */
const install = (packages: string) => `set -euo pipefail
printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d
chmod 0755 /usr/sbin/policy-rc.d
export DEBIAN_FRONTEND=noninteractive
mkdir -p /etc/postgresql-common
echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
apt-get -qq -y update >&2
apt-get -qq -y -o Dpkg::Options::=--force-confold install --no-install-recommends ${packages} >&2
rm /usr/sbin/policy-rc.d`;

const packages: Record<HostName, string> = {
  one: "etcd-server etcd-client postgresql-17 patroni python3-etcd curl iptables",
  two: "etcd-server etcd-client postgresql-17 patroni python3-etcd curl iptables",
  third: "etcd-server etcd-client haproxy python3-psycopg2 curl",
};

/** Installs all three, one after the other: the first fills the gateway's cache of packages, and the cores are few. */
export async function installHosts(clock: Clock): Promise<void> {
  for (const name of hostNames) {
    clock.check();
    await on(name, install(packages[name]), installMs);
  }
}

function etcdFile(name: HostName): HostFile {
  const members = hostNames.map((one) => `${one}=http://${addressOf(one)}:2380`).join(",");
  const content = render(text("etc/default/etcd"), {
    NAME: name,
    ADDRESS: addressOf(name),
    MEMBERS: members,
  });
  return { path: "/etc/default/etcd", owner: "root:root", mode: "0644", content };
}

function patroniFile(name: HostName, passwords: Passwords): HostFile {
  const content = render(text("etc/patroni/config.yml"), {
    NAME: name,
    ADDRESS: addressOf(name),
    NETWORK: network,
    ETCD: hostNames.map((one) => `${addressOf(one)}:2379`).join(","),
    SUPERUSER: passwords.superuser,
    REPLICATION: passwords.replication,
  });
  return { path: "/etc/patroni/config.yml", owner: "postgres:postgres", mode: "0600", content };
}

/** A server that is judged anew for each setting. */
async function setHaproxy({ check }: PatroniSetting): Promise<void> {
  const content = render(text("etc/haproxy/haproxy.cfg"), {
    ADDRESS: addressOf("third"),
    ONE: addressOf("one"),
    TWO: addressOf("two"),
    CHECK_MS: check.everyMs,
    FALL: check.fall,
    RISE: check.rise,
  });
  await putFile("third", {
    path: "/etc/haproxy/haproxy.cfg",
    owner: "root:root",
    mode: "0644",
    content,
  });
  await on("third", "systemctl enable -q haproxy && systemctl restart haproxy");
}

/** etcd, Patroni on both with the first as leader, the application's table and its client. */
export async function startCluster(passwords: Passwords, clock: Clock): Promise<void> {
  for (const name of hostNames) {
    await putFile(name, etcdFile(name));
    // The first one waits for the second: none of them is waited for here.
    await on(
      name,
      "install -d -o etcd -g etcd -m 0700 /var/lib/etcd/bench; systemctl enable -q etcd; systemctl start --no-block etcd",
    );
  }
  await until(clock, { what: "etcd has a leader", limitMs: bootstrapMs }, async () => {
    const health =
      "etcdctl --command-timeout=2s endpoint health --cluster >/dev/null 2>&1 && echo well || true";
    return (await on("third", `export ETCDCTL_API=3; ${health}`)) === "well" ? true : null;
  });
  for (const name of dataHosts) {
    await putFile(name, patroniFile(name, passwords));
    await on(name, "systemctl enable -q patroni && systemctl start --no-block patroni");
    if (name === "one") await waitForLeader(clock);
  }
  await waitUntilSettled(clock, "one");
  await makeTable(passwords);
  await putFile("third", {
    path: "/opt/evenkeel-bench/sql-client.py",
    owner: "root:root",
    mode: "0644",
    content: text("opt/evenkeel-bench/sql-client.py"),
  });
}

async function waitForLeader(clock: Clock): Promise<void> {
  await until(clock, { what: "Patroni has a leader", limitMs: bootstrapMs }, async () =>
    (await members())?.some(({ role, state }) => role === "leader" && state === "running") ? true : null,
  );
}

async function makeTable({ application }: Passwords): Promise<void> {
  await sql("one", `CREATE ROLE bench LOGIN PASSWORD '${application}'`);
  await sql("one", "CREATE DATABASE bench OWNER bench");
  await sql("one", "CREATE TABLE orders (id text PRIMARY KEY); ALTER TABLE orders OWNER TO bench", "bench");
}

/** As the administrator, by standard input. */
export async function sql(name: HostName, statement: string, database = "postgres"): Promise<string> {
  const psql = `psql -X -q -A -t -v ON_ERROR_STOP=1 -h 127.0.0.1 -U postgres -d ${database}`;
  return await on(name, `${psql} <<'STATEMENT'\n${statement};\nSTATEMENT`);
}

/** As whichever data host answers says; null where none does. */
async function members(): Promise<Member[] | null> {
  const ask = (name: HostName) => `curl -s -m 2 http://${addressOf(name)}:${restPort}/cluster`;
  return parseMembers(await on("third", `${ask("two")} || ${ask("one")} || true`));
}

/** Whoever leads, the other one being its synchronous standby; one of them alone where it is named. */
export async function waitUntilSettled(clock: Clock, wanted?: DataHost): Promise<DataHost> {
  const what = `${wanted ?? "one of both"} leads, and the other one is its synchronous standby`;
  const able = wanted === undefined ? dataHosts : [wanted];
  return await until(clock, { what, limitMs: bootstrapMs, everyMs: 500 }, async () => {
    const found = await members();
    return able.find((leader) => isSettled(found, leader, leader === "one" ? "two" : "one")) ?? null;
  });
}

/** Puts a setting in force: in the leader's lease, in a standby that starts with it, and in HAProxy. */
export async function putSetting(setting: PatroniSetting, clock: Clock): Promise<void> {
  const { ttl, loopWait, retryTimeout } = setting;
  const words = [`ttl=${ttl}`, `loop_wait=${loopWait}`, `retry_timeout=${retryTimeout}`].map(
    (one) => `-s ${one}`,
  );
  await on("two", `${patronictl} edit-config --force --quiet ${words.join(" ")} bench`, 60_000);
  await until(clock, { what: `the leader's lease is ${ttl} s`, limitMs: bootstrapMs }, async () =>
    (await leaseSeconds()) === ttl ? true : null,
  );
  await on("two", "systemctl restart patroni", 120_000);
  await waitUntilSettled(clock, "one");
  await setHaproxy(setting);
}

export const patronictl = "patronictl -c /etc/patroni/config.yml";

/** Of the key of the leader in etcd. */
async function leaseSeconds(): Promise<number | null> {
  const script = `export ETCDCTL_API=3
lease=$(etcdctl --command-timeout=3s get /service/bench/leader -w json | grep -o '"lease":[0-9]*' | cut -d: -f2)
etcdctl --command-timeout=3s lease timetolive "$(printf '%x' "$lease")" -w json | grep -o '"granted-ttl":[0-9]*' | cut -d: -f2`;
  const found = await on("third", script).catch(() => "");
  return found === "" ? null : Number(found);
}

/** "Patroni 4.0.7, etcd 3.5.16, HAProxy 3.0.11" and the engine, as the hosts say. */
export async function versions(): Promise<{ engine: string; tools: string }> {
  const [patroni, postgres] = [
    await on("one", "patroni --version"),
    await on("one", "/usr/lib/postgresql/17/bin/postgres --version"),
  ];
  const [etcd, haproxy] = [await on("third", "etcd --version"), await on("third", "haproxy -v")];
  return {
    engine: `PostgreSQL ${versionIn(postgres)}`,
    tools: `Patroni ${versionIn(patroni)}, etcd ${versionIn(etcd)}, HAProxy ${versionIn(haproxy)}`,
  };
}

import { readdirSync, readFileSync } from "node:fs";
import type { SiteSecrets } from "../../../components/secrets.ts";

/** Every secret of the site, public parts and the armour of keys left out. Written down here on purpose. */
export function secretsOf({ ssh, tls, database, wordpress, dns, cache, store, ledger }: SiteSecrets): {
  words: string[];
  keyLines: string[];
} {
  const keys = [
    ...[ssh.user, ssh.peer, ...Object.values(ssh.hosts)].map(({ privateKey }) => privateKey),
    ...[tls.ca, tls.site].map(({ key }) => key),
    ...[tls.databases, tls.stores, tls.etcd, tls.keepers].flatMap((section) =>
      Object.values(section).map(({ key }) => key),
    ),
  ];
  const lines = keys.flatMap((key) => key.split("\n"));
  return {
    words: [
      wordpress.adminPassword,
      ...Object.values(wordpress.salts),
      ...Object.values(database),
      ...Object.values(cache),
      ...Object.values(store).flatMap(({ operator, media }) => [operator.secretKey, media.secretKey]),
      dns.apiKey,
      ledger.key,
    ],
    keyLines: lines.filter((line) => line.length >= 8 && !line.startsWith("-----")),
  };
}

/** The ways in which a value usually stands in a text. */
export function encodingsOf(value: string): string[] {
  const form = new URLSearchParams({ "": value }).toString().slice(1);
  return [
    value,
    Buffer.from(value).toString("base64"),
    Buffer.from(value).toString("base64url"),
    encodeURIComponent(value),
    form,
    form.replaceAll(/%\w\w/g, (hex) => hex.toLowerCase()),
  ];
}

/** As HTTP Basic writes it behind a user's name: one for each place in a group of three bytes. */
export function basicOf(value: string): string[] {
  return ["wp:", "wpu:", "user:"].map((before) => Buffer.from(`${before}${value}`).toString("base64"));
}

/** Every form in which a secret of the site may show. */
export function canaries(secrets: SiteSecrets): string[] {
  const { words, keyLines } = secretsOf(secrets);
  const forms = [
    ...[...words, ...keyLines].flatMap(encodingsOf),
    ...words.flatMap((word) => [encodingsOf(word), JSON.stringify(word).slice(1, -1)].flat()),
    // Without the ends, in which the neighbours have a part.
    ...words.flatMap(basicOf).map((text) => text.slice(8, -4)),
  ];
  return [...new Set(forms)].filter((form) => form.length >= 8);
}

/** By role, one secret of each kind of file that it is sent in this region. Redis' is sent a hash alone. */
export function sentByRole(
  { database, wordpress, dns, store, tls }: SiteSecrets,
  region: string,
): Record<string, string[]> {
  const keyLines = tls.site.key.split("\n").slice(1, 2);
  return {
    mariadb: [database.app],
    web: [database.app, wordpress.adminPassword, wordpress.salts.AUTH_KEY],
    store: [store[region]?.operator.secretKey ?? "", store[region]?.media.secretKey ?? ""],
    dns: [dns.apiKey],
    balancer: keyLines,
    edge: keyLines,
    etcd: (tls.etcd[region]?.key ?? "").split("\n").slice(1, 2),
    keeper: (tls.keepers[`${region}/web-1`]?.key ?? "").split("\n").slice(1, 2),
  };
}

/**
 * A program that fails in the place of systemctl, and before that repeats the words of the role that called it, in every
 * encoding on a line of their own. Whoever else calls it is told none: a unit's standard error is in the host's journal.
 */
export function brokenSystemctl(wordsByRole: Readonly<Record<string, readonly string[]>>): string {
  const cases = Object.entries(wordsByRole).map(([role, words]) => {
    const lines = words.map(
      (word) => `${role} repeats ${[...encodingsOf(word), ...basicOf(word)].join(" ")}`,
    );
    return [`${role}) cat >&2 <<'WORDS'`, ...lines, "WORDS", ";;"].join("\n");
  });
  // The last line stands in every error, however much of its end is shown.
  const end = ["esac", 'echo "systemctl is broken: $*" >&2', "exit 7"];
  return ["#!/bin/sh", 'case "$EVENKEEL_ROLE" in', ...cases, ...end, ""].join("\n");
}

/** An entry of the environment that processes of one name are given on purpose. */
export interface Given {
  process: string;
  entry: string;
}

/** What the object store's own unit is given: its operator's key, in an environment that it and root alone can read. */
export function givenByUnits({ store }: Pick<SiteSecrets, "store">): Given[] {
  return Object.values(store).map(({ operator }) => ({
    process: "versitygw",
    entry: `ROOT_SECRET_KEY=${operator.secretKey}`,
  }));
}

/**
 * Looks at the arguments and the environment of every process of this machine (those of its containers are among them)
 * again and again. `stop` gives what held one of the texts: "arguments of NAME", never the text. What is `given` is not
 * looked at: that entry, in a process of that name.
 */
export function watchProcesses(
  texts: readonly string[],
  given: readonly Given[] = [],
): { names: () => string[]; stop: () => string[] } {
  const seen = new Set<string>();
  const hits = new Set<string>();
  const names = new Set<string>();
  const holds = (text: string) => texts.some((one) => text.includes(one));
  const isGiven = (name: string, entry: string) =>
    given.some((one) => one.process === name && one.entry === entry);
  const lookAt = (pid: string) => {
    try {
      const argv = readFileSync(`/proc/${pid}/cmdline`, "latin1");
      if (seen.has(`${pid} ${argv}`)) return;
      const name = readFileSync(`/proc/${pid}/comm`, "utf8").trim();
      if (holds(argv)) hits.add(`arguments of ${name}`);
      // Where it can't be read by this user, no secret can be read there either.
      const environment = readFileSync(`/proc/${pid}/environ`, "latin1").split("\0");
      if (environment.some((entry) => holds(entry) && !isGiven(name, entry)))
        hits.add(`environment of ${name}`);
      seen.add(`${pid} ${argv}`);
      names.add(name);
    } catch {
      // It ended meanwhile.
    }
  };
  const look = () => {
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) lookAt(pid);
  };
  look();
  // Whoever ends early without stopping it must not be kept from ending.
  const timer = setInterval(look, 50).unref();
  return {
    names: () => [...names],
    stop: () => {
      clearInterval(timer);
      look();
      return [...hits].sort();
    },
  };
}

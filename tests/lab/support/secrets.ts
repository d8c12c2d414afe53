import { readdirSync, readFileSync } from "node:fs";
import type { SiteSecrets } from "../../../components/secrets.ts";

/** Every secret of the site, public parts and the armour of keys left out. Written down here on purpose. */
export function secretsOf({ ssh, tls, database, wordpress, dns, cache, store }: SiteSecrets): {
  words: string[];
  keyLines: string[];
} {
  const keys = [
    ...[ssh.user, ssh.peer, ...Object.values(ssh.hosts)].map(({ privateKey }) => privateKey),
    ...[tls.ca, tls.site, ...Object.values(tls.databases), ...Object.values(tls.stores)].map(
      ({ key }) => key,
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

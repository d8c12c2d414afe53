import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { ensureLabImage } from "../../../automation/lab/image.ts";
import { type DatabaseStatus, parseDatabaseStatus } from "../../../automation/remote/database.ts";
import {
  openSsh,
  type RemoteCommand,
  type RemoteResult,
  type SshHost,
} from "../../../automation/remote/ssh.ts";
import { makeAuthority, makeCertificate } from "../../../automation/site/certificates.ts";
import { sshKeyPair } from "../../../automation/site/keys.ts";
import { databaseFiles, databaseScript } from "../../../components/host/database-files.ts";
import type {
  DatabaseSecrets,
  DatabaseSettings,
  Engine,
} from "../../../components/host/database-settings.ts";
import { roleProgram } from "../../../components/host/job.ts";
import type { KeyPair } from "../../../components/secrets.ts";

/** Two plain systemd hosts behind one gateway, joined by a link, and nothing of a site: what a database role needs. */
export interface DatabasePair {
  engine: Engine;
  names: readonly ["one", "two"];
  settings: Record<HostName, DatabaseSettings>;
  passwords: DatabaseSecrets["passwords"];
  /** Container of a host, for faults that only the machine's owner can cause. */
  container(name: HostName): string;
  /** Applies the database role over SSH, as host/remote.ts does, and gives its facts. */
  applyRole(name: HostName, edit?: FileEdit): Promise<Record<string, unknown>>;
  run(name: HostName, command: RemoteCommand, timeoutMs?: number): Promise<RemoteResult>;
  /** A shell script as root, from standard input; throws unless it succeeds. */
  script(name: HostName, text: string): Promise<string>;
  /** SQL as the administrator by the local socket; of MariaDB kept out of the binary log. */
  sql(name: HostName, statement: string): Promise<string>;
  status(name: HostName): Promise<DatabaseStatus>;
  close(): Promise<void>;
}

export type HostName = "one" | "two";

/** Another text for one of the role's files. */
export interface FileEdit {
  path: string;
  name: string;
  from: string;
  to: string;
}

/** Every kind of sign that some layer takes for its own. */
export const awkwardPassword = (purpose: string) => `${purpose}'"\\%$ \`ü#;--\\' \\n{}&<>|~`;

const names = ["one", "two"] as const;
/** Own networks for each engine, so that both pairs may be there at once. */
const networks = {
  mariadb: { place: "10.213.0", link: "10.214.0" },
  postgresql: { place: "10.215.0", link: "10.216.0" },
} as const;
const site = "pair";

/** Statements come by standard input. */
const clients: Record<Engine, readonly string[]> = {
  mariadb: ["mariadb", "--default-character-set=utf8mb4", "-BNr"],
  postgresql: "runuser -u postgres -- psql -X -q -A -t -F \t -v ON_ERROR_STOP=1".split(" "),
};

/** psql: in the site's database, once there is one. */
const inSiteDatabase = `SELECT EXISTS (SELECT FROM pg_database WHERE datname = 'wordpress_db') AS there \\gset
\\if :there
\\c wordpress_db
\\endif
`;

const labHost = join(import.meta.dirname, "../../../components/lab/lab-host.sh");

async function lab(words: readonly string[], input: unknown = {}): Promise<void> {
  await execa("bash", [labHost, ...words], { input: JSON.stringify(input), timeout: 180_000 });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === "string") throw new Error("no port is free");
  return address.port;
}

/** Builds the pair under names that begin with `prefix`; what is left of an earlier run is taken away first. */
export async function buildPair(
  engine: Engine = "mariadb",
  prefix = `evenkeel-pair-${engine}`,
): Promise<DatabasePair> {
  await removePair(prefix);
  const { placeAddress } = addresses(engine);
  const directory = await mkdtemp(join(tmpdir(), "evenkeel-pair-"));
  const key = (comment: string) => sshKeyPair(directory, comment);
  const keys = {
    user: await key("user"),
    peer: await key("peer"),
    gateway: await key("gateway"),
    one: await key("one"),
    two: await key("two"),
  };
  const port = await freePort();
  await buildMachines(engine, prefix, port, keys);
  const hop = { port: 22, user: "evenkeel" };
  const gateway: SshHost = {
    ...hop,
    alias: "gateway",
    host: "127.0.0.1",
    port,
    hostKey: keys.gateway.publicKey,
  };
  const hosts = names.map((name) => ({
    ...hop,
    alias: name,
    host: placeAddress(name),
    hostKey: keys[name].publicKey,
    proxy: gateway,
  }));
  const ssh = await openSsh({ directory: join(directory, "ssh"), privateKey: keys.user.privateKey, hosts });
  const passwords = {
    app: awkwardPassword("app"),
    replication: awkwardPassword("repl"),
    health: awkwardPassword("health"),
  };
  const settings = {
    one: settingsOf(engine, "one", keys),
    two: settingsOf(engine, "two", keys),
  };
  const tls = await certificates(engine);
  const run = (name: HostName, command: RemoteCommand, timeoutMs = 120_000) =>
    ssh.run(name, command, { timeoutMs });
  const must = async (name: HostName, command: RemoteCommand, timeoutMs?: number) => {
    const { exitCode, stdout, stderr } = await run(name, command, timeoutMs);
    if (exitCode !== 0)
      throw new Error(`${command.argv.join(" ")} on ${name} ended with ${exitCode}: ${stderr}`);
    return stdout;
  };
  return {
    engine,
    names,
    settings,
    passwords,
    container: (name) => `${prefix}-${name}`,
    async applyRole(name, edit) {
      const program = databaseProgram(
        settings[name],
        { passwords, peerKey: keys.peer, tls: tls[name] },
        edit,
      );
      const argv = ["sudo", "-n", "timeout", "-k", "10", "600", "python3", "-I", "-"];
      return JSON.parse(await must(name, { argv, stdin: program }, 620_000)) as Record<string, unknown>;
    },
    run,
    script: (name, text) =>
      must(name, { argv: ["sudo", "-n", "bash", "-euo", "pipefail", "-s"], stdin: text }),
    sql: async (name, statement) => {
      const first = engine === "mariadb" ? "SET SESSION sql_log_bin=0;\n" : inSiteDatabase;
      const argv = ["sudo", "-n", ...clients[engine]];
      return (await must(name, { argv, stdin: `${first}${statement};\n` })).trimEnd();
    },
    status: async (name) =>
      parseDatabaseStatus(await must(name, { argv: ["sudo", "-n", "evenkeel-db", "status"] })),
    async close() {
      await ssh.close();
      await rm(directory, { recursive: true, force: true });
      await removePair(prefix);
    },
  };
}

const addresses = (engine: Engine) => {
  const { place, link } = networks[engine];
  return {
    place,
    link,
    placeAddress: (name: HostName) => `${place}.${20 + names.indexOf(name)}`,
    peeringAddress: (name: HostName) => `${link}.${11 + 10 * names.indexOf(name)}`,
  };
};

async function buildMachines(
  engine: Engine,
  prefix: string,
  port: number,
  keys: Record<"user" | "gateway" | HostName, KeyPair>,
): Promise<void> {
  const { place, link, placeAddress, peeringAddress } = addresses(engine);
  const { tag } = await ensureLabImage({ report: () => {} });
  const base = { site, place: "pair", image: tag, extraHosts: {}, resolver: null, guard: true };
  const login = (pair: KeyPair) => ({
    authorizedKey: keys.user.publicKey,
    hostPrivateKey: pair.privateKey,
    hostPublicKey: pair.publicKey,
  });
  await lab(["network", "create", `${prefix}-place`], {
    site,
    place: "pair",
    subnet: `${place}.0/24`,
    internal: true,
  });
  await lab(["network", "create", `${prefix}-outside`], {
    site,
    place: "pair",
    subnet: null,
    internal: false,
  });
  await lab(["host", "create", `${prefix}-gateway`], {
    ...base,
    role: "gateway",
    networks: [
      { name: `${prefix}-outside`, address: null },
      { name: `${prefix}-place`, address: `${place}.2` },
    ],
    gatewayAddress: null,
    publish: [{ port, target: 22, protocol: "tcp" }],
    ssh: login(keys.gateway),
  });
  for (const name of names) {
    await lab(["host", "create", `${prefix}-${name}`], {
      ...base,
      role: "database",
      guard: false,
      networks: [{ name: `${prefix}-place`, address: placeAddress(name) }],
      gatewayAddress: `${place}.2`,
      publish: [],
      ssh: login(keys[name]),
    });
  }
  const members = names.map((name) => ({ container: `${prefix}-${name}`, address: peeringAddress(name) }));
  await lab(["link", "create", `${prefix}-link`], { site, place: "pair", subnet: `${link}.0/24`, members });
}

async function removePair(prefix: string): Promise<void> {
  for (const name of [...names, "gateway"]) await lab(["host", "delete", `${prefix}-${name}`]);
  for (const network of ["link", "place", "outside"])
    await lab(["network", "delete", `${prefix}-${network}`]);
}

async function certificates(engine: Engine): Promise<Record<HostName, DatabaseSecrets["tls"]>> {
  const authority = await makeAuthority(site);
  const { placeAddress, peeringAddress } = addresses(engine);
  const leaf = async (name: HostName) => {
    const ip = [placeAddress(name), peeringAddress(name)];
    const commonName = `database.${name}`;
    const { key, certificate } = await makeCertificate(authority, { commonName, use: "server", dns: [], ip });
    return { ca: authority.certificate, certificate, key };
  };
  return { one: await leaf("one"), two: await leaf("two") };
}

function settingsOf(engine: Engine, name: HostName, keys: Record<HostName, KeyPair>): DatabaseSettings {
  const { place, link, placeAddress, peeringAddress } = addresses(engine);
  const index = names.indexOf(name) + 1;
  const other = name === "one" ? "two" : "one";
  return {
    engine,
    site,
    region: name,
    regionIndex: index,
    maxRegions: 2,
    serverId: index,
    placeAddress: placeAddress(name),
    peeringAddress: peeringAddress(name),
    peers: [{ region: other, address: peeringAddress(other), hostKey: keys[other].publicKey }],
    webNetworks: [`${place}.0/24`],
    portClients: [`${place}.0/24`, `${link}.0/24`],
    peeringNetwork: `${link}.0/24`,
    schema: "wordpress_db",
    users: { app: "wp_user", replication: "evenkeel_repl", health: "evenkeel_health" },
  };
}

function databaseProgram(settings: DatabaseSettings, secrets: DatabaseSecrets, edit?: FileEdit): string {
  const files = databaseFiles(settings).map((file) => {
    const content = file.content(secrets);
    return { ...file, content: edit?.path === file.path ? edited(content, edit) : content };
  });
  const script = databaseScript(settings.engine);
  return roleProgram({ role: settings.engine, machineId: "scratch", files, script });
}

function edited(content: string, { path, name, from, to }: FileEdit): string {
  const changed = content.replace(`${name} = ${from}\n`, `${name} = ${to}\n`);
  if (changed === content) throw new Error(`${path} has no line "${name} = ${from}"`);
  return changed;
}

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DockerResult, docker, removeLeftovers, tryDocker } from "../../../automation/lab/docker.ts";
import { ensureLabImage } from "../../../automation/lab/image.ts";
import { freeNetworks } from "../../../automation/lab/networks.ts";
import { ensureSecrets } from "../../../automation/site/secrets.ts";
import { parseConfig, type SiteConfig } from "../../../components/config.ts";
import { type EtcdSettings, etcdFiles } from "../../../components/host/etcd.ts";
import { roleProgram } from "../../../components/host/job.ts";
import { hostFile } from "../../../components/host/render.ts";
import { etcdMembers } from "../../../components/plan.ts";
import type { Certificate, SiteSecrets } from "../../../components/secrets.ts";
import { hostSpec, runLabHost } from "./scratch.ts";

/** The hosts of a site's etcd and one web host of the primary, with a site's own certificates, and no more of a site. */
export interface EtcdMembers {
  secrets: SiteSecrets;
  /** Of a member, on the link; of the primary's gateway, in its region. */
  address: Record<MemberName | "place", string>;
  /** Applies the role, as host/remote.ts has it applied, and gives its facts. */
  applyRole(name: MemberName, change?: Partial<EtcdSettings>): Promise<Record<string, unknown>>;
  /** A shell line as root on a host; how it ended is part of the answer. */
  run(host: MemberName | "web", line: string, input?: string): Promise<DockerResult>;
  /** A verb of evenkeel-etcd; throws unless it ends with 0. */
  etcd(name: MemberName, words: string): Promise<EtcdStatus>;
  /** A question to one address as a client of this certificate (null: of none), by etcd's gateway for JSON. */
  ask(question: EtcdQuestion): Promise<DockerResult>;
  /** Takes a member's leg off the link, or puts all of them back. */
  cut(name: MemberName): Promise<unknown>;
  heal(): Promise<unknown>;
  /** A machine goes with all that it has; another one is made in its place. */
  lose(name: MemberName): Promise<unknown>;
  makeAnew(name: MemberName): Promise<void>;
  close(): Promise<void>;
}

export const memberNames = ["primary", "secondary", "third"] as const;
export type MemberName = (typeof memberNames)[number];

export interface EtcdStatus {
  changed: boolean;
  joined: boolean;
  running: boolean;
  restartNeeded: boolean;
  majority: boolean;
  leader: string | null;
  revision: number | null;
  alarms: string[];
  members: { name: string | null; url: string; voter: boolean }[] | null;
}

export interface EtcdQuestion {
  from: MemberName | "web";
  to: string;
  port?: number;
  as: Certificate | null;
  path: string;
  body?: object;
}

const site = "scratch-etcd";
const link = `${site}-link`;
const container = (host: string) => `${site}-${host}`;
const network = (place: string) => `${site}-${place}-place`;
const outside = (place: string) => `${site}-${place}-outside`;
const longest = 240_000;
const quickly = { timeoutMs: 30_000 };

/** Builds the hosts, each member with its role applied; what is left of an earlier run is taken away first. */
export async function buildMembers(): Promise<EtcdMembers> {
  await removeLeftovers(site);
  await ensureLabImage({ report: () => {} });
  const config = await configOf();
  const directory = await mkdtemp(join(tmpdir(), "evenkeel-etcd-"));
  const secrets = await ensureSecrets(join(directory, "secrets.json"), config);
  const [primary] = config.regionPlans;
  if (primary === undefined) throw new Error("the configuration has no region");
  const onLink = Object.fromEntries(etcdMembers(config).map(({ name, address }) => [name, address]));
  const address = { ...onLink, place: primary.gateway } as EtcdMembers["address"];
  const heal = () => joinLink(config);
  const members: EtcdMembers = {
    secrets,
    address,
    heal,
    async applyRole(name, change = {}) {
      const input = roleOf(config, secrets, name, change);
      const argv = ["exec", "-i", container(name), "timeout", "-k", "10", "420", "python3", "-I", "-"];
      return JSON.parse(await docker(argv, { input, timeoutMs: longest })) as Record<string, unknown>;
    },
    run: (host, line, input = "") =>
      tryDocker(["exec", "-i", container(host), "bash", "-c", line], { input, timeoutMs: longest }),
    async etcd(name, words) {
      const { exitCode, stdout, stderr } = await members.run(name, `evenkeel-etcd ${words}`);
      if (exitCode !== 0)
        throw new Error(`evenkeel-etcd ${words} on ${name} ended with ${exitCode}: ${stderr}`);
      return JSON.parse(stdout) as EtcdStatus;
    },
    ask: (question) => members.run(question.from, "bash -s", asker(secrets, question)),
    cut: (name) => docker(["network", "disconnect", link, container(name)], quickly),
    lose: (name) => runLabHost("host delete", container(name)),
    async makeAnew(name) {
      await makeMember(config, name);
      await heal();
      await members.applyRole(name);
    },
    async close() {
      await rm(directory, { recursive: true, force: true });
      await removeLeftovers(site);
    },
  };
  for (const { name, subnet } of [...config.regionPlans, { name: "third", subnet: config.third.subnet }]) {
    await runLabHost("network create", network(name), { site, place: name, subnet, internal: true });
    await runLabHost("network create", outside(name), { site, place: name, subnet: null, internal: false });
  }
  for (const name of memberNames) await makeMember(config, name);
  await runLabHost("host create", container("web"), {
    ...hostSpec(site, {
      name: container("web"),
      place: "primary",
      role: "web",
      networks: [{ name: network("primary"), address: primary.web[0] ?? null }],
      gatewayAddress: primary.gateway,
    }),
  });
  await heal();
  await Promise.all(memberNames.map((name) => members.applyRole(name)));
  return members;
}

async function configOf(): Promise<SiteConfig> {
  const wanted = {
    primary: "10.217.1.0/24",
    secondary: "10.217.2.0/24",
    third: "10.217.3.0/24",
    peering: "10.217.4.0/24",
  };
  const networks = await freeNetworks(site, wanted);
  return parseConfig(
    site,
    {
      provider: "lab",
      regions: ["primary", "secondary"],
      initialActive: "primary",
      engine: "mariadb",
      domain: "etcd.lab.test",
      adminEmail: "admin@etcd.lab.test",
      networks,
    },
    {},
  );
}

function placeAddress({ regionPlans, third }: SiteConfig, name: MemberName): string {
  return regionPlans.find((plan) => plan.name === name)?.gateway ?? third.edge;
}

async function makeMember(config: SiteConfig, name: MemberName): Promise<void> {
  const host = {
    name: container(name),
    place: name,
    role: "gateway" as const,
    networks: [
      { name: outside(name), address: null },
      { name: network(name), address: placeAddress(config, name) },
    ],
  };
  await runLabHost("host create", host.name, hostSpec(site, host));
}

/** The link with a leg of each member that is there. */
async function joinLink(config: SiteConfig): Promise<void> {
  const there = await docker(["ps", "--format", "{{.Names}}"], quickly);
  const members = etcdMembers(config)
    .map(({ name, address }) => ({ container: container(name), address }))
    .filter((member) => there.split("\n").includes(member.container));
  await runLabHost("link create", link, { site, subnet: config.peering.subnet, members });
}

function roleOf(
  config: SiteConfig,
  { tls }: SiteSecrets,
  name: MemberName,
  change: Partial<EtcdSettings>,
): string {
  const own = tls.etcd[name];
  if (own === undefined) throw new Error(`no certificate for ${name}`);
  const files = etcdFiles({
    ...{ site, member: name, members: etcdMembers(config), domain: config.domain },
    clientAddresses: name === "third" ? [] : [placeAddress(config, name)],
    tls: { ca: tls.ca.certificate, ...own },
    ...change,
  });
  const texts = files.map((file) => ({ ...file, content: String(file.content) }));
  return roleProgram({ role: "etcd", machineId: "scratch", files: texts, script: hostFile("etcd/setup.sh") });
}

/** The certificates lie on the host for as long as the question takes. */
function asker({ tls }: SiteSecrets, { to, port = 2379, as, path, body = {} }: EtcdQuestion): string {
  const file = (name: string, text: string) => `cat >"$d/${name}" <<'PEM'\n${text}PEM\n`;
  const own = as === null ? "" : file("own.pem", as.certificate) + file("own-key.pem", as.key);
  const flags = as === null ? "" : `--cert "$d/own.pem" --key "$d/own-key.pem"`;
  return `d=$(mktemp -d); trap 'rm -rf "$d"' EXIT; umask 077
${file("ca.pem", tls.ca.certificate)}${own}
curl -sS -m 6 --fail-with-body --cacert "$d/ca.pem" ${flags} -d '${JSON.stringify(body)}' 'https://${to}:${port}${path}'`;
}

import { z } from "zod";
import type { SiteConfig } from "../../components/config.ts";
import type { RegionOutputs } from "../../components/outputs.ts";
import type { SiteOutputs } from "../hosts.ts";
import type { SshSession } from "../remote/ssh.ts";
import { askEtcd } from "./etcd.ts";
import { databaseFacts, edgeAnswers, storeAnswers, webFacts } from "./facts.ts";
import { withLag } from "./lag.ts";
import {
  type EtcdObservation,
  type MachineProblem,
  type Observation,
  type RegionObservation,
  type ThirdPlaceObservation,
  unbuiltRegion,
} from "./observation.ts";
import { dnsAnswers, type HttpAnswer, httpsGet } from "./probe.ts";
import { heartbeatLimit } from "./writers.ts";

/**
 * What is asked: "site" is all of it; "writers" is what a failover decides by, which visitors wait for: databases, etcd, the
 * third place and what regions serve, but not what web hosts and object stores say of themselves.
 */
export type Scope = "site" | "writers";

/** Hosts that a look logs in at. */
export function askedHosts({ regions, global }: SiteOutputs, scope: Scope): string[] {
  const roles = ["gateway", "database", "edge", ...(scope === "site" ? ["web"] : [])];
  const built = [...Object.values(regions), global];
  return built
    .flatMap((one) => one?.hosts ?? [])
    .filter(({ role }) => roles.includes(role))
    .map(({ id }) => id);
}

export interface ObserveOptions {
  config: Pick<SiteConfig, "site" | "regions" | "boundedWaitSeconds" | "durability" | "cooldownSeconds">;
  outputs: SiteOutputs;
  session: SshSession;
  /** Certificate of the site's authority, PEM. */
  ca: string;
  scope: Scope;
  /** Missing and stopped machines; null where the provider can't be asked. */
  machines: () => Promise<MachineProblem[] | null>;
  /** For each single question. */
  timeoutMs: number;
}

/** Asks everything at once, each with its own deadline. Never throws for a host that doesn't answer. */
export async function observe(options: ObserveOptions): Promise<Observation> {
  const { config, outputs } = options;
  const [regions, third, etcd, machines] = await Promise.all([
    Promise.all(config.regions.map((name) => observeRegion(name, outputs.regions[name] ?? null, options))),
    observeThirdPlace(options),
    askEtcd(options.session, outputs, options.timeoutMs),
    options.machines(),
  ]);
  const global = outputs.global;
  return {
    site: config.site,
    url: global?.url ?? null,
    dns: global?.dns ?? null,
    regions: withLag(regions, heartbeatLimit(config)),
    thirdPlace: third === null ? null : { ...third, witness: witnessOf(etcd) },
    etcd,
    durability: config.durability,
    heartbeatSeconds: heartbeatLimit(config),
    cooldownSeconds: config.cooldownSeconds,
    machines,
  };
}

async function observeRegion(
  name: string,
  outputs: RegionOutputs | null,
  options: ObserveOptions,
): Promise<RegionObservation> {
  if (outputs === null) return unbuiltRegion(name);
  const database = outputs.hosts.find(({ id }) => id === outputs.database.hostId);
  const whole = options.scope === "site";
  const web = whole ? outputs.hosts.filter(({ role }) => role === "web") : [];
  const ask = (question: string) => httpsGet(`${outputs.url}/evenkeel/${question}`, options);
  const gateway = outputs.hosts.find(({ role }) => role === "gateway");
  const { endpoint } = outputs.store ?? { endpoint: null };
  const [live, ready, active, known, gates, store] = await Promise.all([
    ask("live"),
    ask("ready"),
    ask("active"),
    database === undefined ? null : databaseFacts(options.session, database, options.timeoutMs),
    Promise.all(web.map((host) => webFacts(options.session, host, options.timeoutMs))),
    gateway === undefined || endpoint === null || !whole
      ? null
      : storeAnswers(options.session, gateway, endpoint, options.timeoutMs),
  ]);
  const said = readySaid(ready);
  return {
    name,
    built: true,
    url: outputs.url,
    http: { live: isOk(live), ready: isOk(ready), active: isOk(active) },
    notReady: said.problems,
    database: {
      host: database?.name ?? null,
      engine: outputs.database.engine,
      facts: known?.facts ?? null,
      why: known === null ? "the stack names no database host" : known.why,
    },
    web: gates,
    store: endpoint === null ? null : { endpoint, reachable: store },
    cache: outputs.hosts.some(({ role }) => role === "cache") ? { reachable: said.cache } : null,
  };
}

function isOk(answer: HttpAnswer | null): boolean {
  return answer?.status === 200;
}

const readySchema = z.object({
  cache: z.enum(["up", "down"]).nullable(),
  problems: z.array(z.string().max(200)).max(20),
});

/**
 * What the web host that answered `/evenkeel/ready` said: whether its region's cache is there (null where it said
 * nothing of it), and what keeps it from being ready.
 */
export function readySaid(answer: HttpAnswer | null): { cache: boolean | null; problems: string[] } {
  try {
    const { cache, problems } = readySchema.parse(JSON.parse(answer?.body ?? ""));
    return { cache: cache === null ? null : cache === "up", problems };
  } catch {
    return { cache: null, problems: [] };
  }
}

/** The edge is up when anything speaks TLS with the site's certificate there: 503 is an answer of the edge too. */
async function observeThirdPlace(
  options: ObserveOptions,
): Promise<Omit<ThirdPlaceObservation, "witness"> | null> {
  const { global } = options.outputs;
  if (global === null) return null;
  const [answer, dns, hosts] = await Promise.all([
    httpsGet(`${global.url}/evenkeel/active`, options),
    dnsAnswers({ ...global.dns, timeoutMs: options.timeoutMs }),
    Promise.all(global.hosts.map((host) => edgeAnswers(options.session, host, options.timeoutMs))),
  ]);
  const edge = answer !== null;
  const reachable = edge || dns || hosts.some(Boolean);
  return { reachable, edge, dns, servesWrites: isOk(answer) };
}

/** The third place's member of etcd; null where its host has none yet. */
export function witnessOf(etcd: EtcdObservation | null): boolean | null {
  const member = etcd?.members.find(({ stack }) => stack === "global");
  return member === undefined || member.state === "absent" ? null : member.state === "well";
}

import type { SiteConfig } from "../config.ts";
import type { CacheHostArgs } from "../host/cache.ts";
import type { DatabaseHostArgs } from "../host/database.ts";
import type { EtcdHostArgs } from "../host/etcd.ts";
import type { SiteTls } from "../host/haproxy.ts";
import { type StorageHostArgs, storePort } from "../host/storage.ts";
import type { WebHostArgs } from "../host/web.ts";
import type { RegionOutputs } from "../outputs.ts";
import { etcdMembers, type RegionPlan } from "../plan.ts";
import { type Certificate, hostKeyPair, type SiteSecrets } from "../secrets.ts";
import { type LabAccess, siteUrls } from "./connections.ts";
import { labVolumeDevice } from "./machine.ts";

/** The names of the designs: one schema, one application account. */
const schema = "wordpress_db";
const accounts = { app: "wp_user", replication: "evenkeel_repl", health: "evenkeel_health" };
const cacheUser = "evenkeel_web";

/** What a role needs beyond its machine. */
type WithoutTarget<T> = Omit<T, "target">;

export function webTierTls(secrets: SiteSecrets): SiteTls {
  const { ca, site } = secrets.tls;
  return { ca: ca.certificate, certificate: site.certificate, key: site.key };
}

/** Arguments of a region's database host: the same for every region but for its own place. */
export function databaseArgs(
  config: SiteConfig,
  plan: RegionPlan,
  { secrets }: LabAccess,
): WithoutTarget<DatabaseHostArgs> {
  const others = config.regionPlans.filter(({ name }) => name !== plan.name);
  return {
    engine: config.engine,
    site: config.site,
    region: plan.name,
    regionIndex: plan.index,
    maxRegions: config.maxRegions,
    serverId: plan.index,
    placeAddress: plan.database,
    peeringAddress: plan.peering.database,
    peers: others.map((other) => ({
      region: other.name,
      address: other.peering.database,
      hostKey: hostKeyPair(secrets, `${other.name}/database`).publicKey,
    })),
    webNetworks: config.regionPlans.map(({ subnet }) => subnet),
    portClients: plan.webPlaces,
    peeringNetwork: config.peering.subnet,
    schema,
    users: accounts,
    secrets: {
      passwords: secrets.database,
      peerKey: secrets.ssh.peer,
      tls: { ca: secrets.tls.ca.certificate, ...databaseCertificate(secrets, plan.name) },
    },
  };
}

function databaseCertificate(secrets: SiteSecrets, region: string): Certificate {
  const own = secrets.tls.databases[region];
  if (own === undefined)
    throw new Error(`the secrets hold no database certificate for ${region}: run npx evenkeel env`);
  return own;
}

/** Arguments of a place's member of etcd. `clientAddresses`: its further addresses inside the place. */
export function etcdArgs(
  config: SiteConfig,
  member: string,
  clientAddresses: readonly string[],
  { secrets }: LabAccess,
): WithoutTarget<EtcdHostArgs> {
  const own = secrets.tls.etcd[member];
  if (own === undefined)
    throw new Error(`the secrets hold no certificate for the etcd of ${member}: run npx evenkeel env`);
  return {
    site: config.site,
    member,
    members: etcdMembers(config),
    clientAddresses,
    domain: config.domain,
    tls: { ca: secrets.tls.ca.certificate, ...own },
  };
}

/** Arguments of a region's Redis. */
export function cacheArgs(
  config: SiteConfig,
  plan: RegionPlan,
  { secrets }: LabAccess,
): WithoutTarget<CacheHostArgs> {
  return {
    address: plan.cache,
    user: { name: cacheUser, password: secrets.cache.web },
    maxMemoryMb: config.cacheMemoryMb,
  };
}

/** Arguments of a region's object store. Throws where set-up left no program for it. */
export function storageArgs(
  config: SiteConfig,
  plan: RegionPlan,
  { secrets, store }: LabAccess,
): WithoutTarget<StorageHostArgs> {
  const keys = secrets.store[plan.name];
  const certificate = secrets.tls.stores[plan.name];
  if (store === null || keys === undefined || certificate === undefined)
    throw new Error(`the site's files hold nothing for the store of ${plan.name}: run npx evenkeel env`);
  return {
    address: plan.store,
    tls: { ca: secrets.tls.ca.certificate, certificate: certificate.certificate, key: certificate.key },
    region: plan.name,
    bucket: storeOutputs(config, plan).bucket,
    ...keys,
    program: store,
  };
}

/** What the region tells of its store. Bucket names are shared by all of a provider's users, so they carry the site. */
export function storeOutputs(config: SiteConfig, plan: RegionPlan): NonNullable<RegionOutputs["store"]> {
  return {
    hostId: `${plan.name}/store`,
    endpoint: `https://${plan.store}:${storePort}`,
    bucket: `${config.site}-uploads-${plan.name}`,
  };
}

/** WordPress needs MariaDB, or PostgreSQL with its drop-in; a site without has the order ledger alone. */
export function hasWordpress(
  { engine }: Pick<SiteConfig, "engine">,
  { dropIn }: Pick<LabAccess, "dropIn">,
): boolean {
  return engine === "mariadb" || dropIn !== null;
}

/** Arguments of a region's web hosts: each uses its own region's database, whoever is active. */
export function webArgs(
  config: SiteConfig,
  plan: RegionPlan,
  address: string,
  access: LabAccess,
): WithoutTarget<WebHostArgs> {
  const { secrets, ports, core, dropIn } = access;
  const wordpress = hasWordpress(config, access);
  const urls = siteUrls(config, ports);
  return {
    engine: config.engine,
    wordpress,
    site: config.site,
    region: plan.name,
    address,
    domain: config.domain,
    databaseHost: plan.database,
    schema,
    users: {
      app: { name: accounts.app, password: secrets.database.app },
      health: { name: accounts.health, password: secrets.database.health },
    },
    ledgerKey: secrets.ledger.key,
    cache:
      config.cache === "none"
        ? null
        : { host: plan.cache, user: { name: cacheUser, password: secrets.cache.web } },
    php: config.php,
    storeEndpoint: config.objectStore === "none" ? null : storeOutputs(config, plan).endpoint,
    uploadsDevice: plan.uploadsVolumeGb === 0 ? null : labVolumeDevice,
    salts: secrets.wordpress.salts,
    tls: webTierTls(secrets),
    urls: [urls.edge, ...Object.values(urls.regions)],
    // The edge too: what comes by way of both shows the edge first.
    balancerAddresses: [plan.gateway, config.third.peering.edge],
    boundedWaitSeconds: config.boundedWaitSeconds,
    wordpressCore: wordpress ? core : null,
    dropIn,
    title: config.title,
    admin: {
      user: secrets.wordpress.adminUser,
      email: config.adminEmail,
      password: secrets.wordpress.adminPassword,
    },
    // No host of the lab can reach anything outside: WordPress is told, so that it does not wait for it.
    outboundHttp: "blocked",
  };
}

import * as pulumi from "@pulumi/pulumi";
import { saltNames, secretShapes } from "../secrets.ts";
import type { Engine } from "./database-settings.ts";
import { requireAddress } from "./haproxy.ts";
import type { HostFile } from "./remote.ts";
import { hostFile, render } from "./render.ts";

/** How much older than `boundedWaitSeconds` the heartbeat of an active region may be (writer.md, W13). Seconds. */
const heartbeatSlackSeconds = 3;
const fpmSocket = "/run/php/evenkeel.sock";
const fpmPort = 9000;

/** PHP-FPM's pool. A number that isn't given is reckoned from the host's memory (host/files/php/pool-size). */
export interface PhpSettings {
  /** "tcp": at the host's own address, port 9000, for nginx of the same host only. */
  listen: "socket" | "tcp";
  maxChildren?: number | undefined;
  startServers?: number | undefined;
  minSpareServers?: number | undefined;
  maxSpareServers?: number | undefined;
}

interface Account {
  name: string;
  password: pulumi.Input<string>;
}

/** The official archive, on this machine, with its checksum. */
interface WordpressCore {
  version: string;
  sha256: string;
  localPath: string;
}

/** PG4WP, on this machine, with the hash that its files must have. */
interface DropIn {
  version: string;
  treeHash: string;
  localPath: string;
}

/** What a web host is given beyond its machine. */
export interface WebSettings {
  engine: Engine;
  /** False: the order ledger alone. */
  wordpress: boolean;
  site: string;
  region: string;
  /** The host's own address in the region. */
  address: string;
  /** The site's public name, without scheme. */
  domain: string;
  /** The own region's database: an address or name that stands in its certificate. */
  databaseHost: string;
  schema: string;
  users: { app: Account; health: Account };
  /** Who has it may use the order ledger. */
  ledgerKey: pulumi.Input<string>;
  /** The own region's Redis; null where there is none. */
  cache: { host: string; user: Account } | null;
  php: PhpSettings;
  /** The own region's object store; null where there is none. */
  storeEndpoint: string | null;
  /** The block device that is the uploads' own, by a name that outlives a reboot; null: they lie on the host's disk. */
  uploadsDevice: string | null;
  /** WordPress's eight keys and salts, the same in every region. */
  salts: pulumi.Input<Record<string, string>>;
  /** PEM texts: the site's CA and the certificate of the web tier. */
  tls: { ca: pulumi.Input<string>; certificate: pulumi.Input<string>; key: pulumi.Input<string> };
  /** Further URLs that the site may be called by (edge, regions); the public one is always the first. */
  urls: pulumi.Input<string[]>;
  /** Whose X-Forwarded-For is believed: the region's balancers. */
  balancerAddresses: string[];
  boundedWaitSeconds: number;
  /** null: Debian's package. */
  wordpressCore: WordpressCore | null;
  /** What lets WordPress run on PostgreSQL; null where there is none of the two. */
  dropIn: DropIn | null;
  title: string;
  admin: { user: string; email: string; password: pulumi.Input<string> };
  /** "blocked" where nothing outside can be reached, so that WordPress does not wait for it. */
  outboundHttp: "allowed" | "blocked";
}

/** The files that are the same on every web host, by their place below host/files. */
export function webFiles(): HostFile[] {
  const library = "/usr/local/lib/evenkeel/web";
  const units = "/etc/systemd/system";
  const places: [source: string, path: string, mode?: string][] = [
    ["nginx/evenkeel-gate.conf", "/etc/nginx/snippets/evenkeel-gate.conf"],
    ["nginx/evenkeel-headers.conf", "/etc/nginx/snippets/evenkeel-headers.conf"],
    ["nginx/evenkeel-tls.conf", "/etc/nginx/snippets/evenkeel-tls.conf"],
    ["nginx/evenkeel-php.conf", "/etc/nginx/snippets/evenkeel-php.conf"],
    ["nginx/evenkeel-ledger.conf", "/etc/nginx/snippets/evenkeel-ledger.conf"],
    ["nginx/evenkeel-probe.conf", "/etc/nginx/snippets/evenkeel-probe.conf"],
    ["nginx/evenkeel-probes.conf", "/etc/nginx/snippets/evenkeel-probes.conf"],
    ["php/limits.ini", "/etc/evenkeel/php/limits.ini"],
    ["php/pool-size", `${library}/pool-size`, "0755"],
    ["systemd/evenkeel-cron.service", `${units}/evenkeel-cron.service`],
    ["systemd/evenkeel-cron.timer", `${units}/evenkeel-cron.timer`],
    ["systemd/evenkeel-settle.service", `${units}/evenkeel-settle.service`],
    ["systemd/evenkeel-drain.service", `${units}/evenkeel-drain.service`],
    ["systemd/evenkeel-web.tmpfiles", "/etc/tmpfiles.d/evenkeel-web.conf"],
    ["wordpress/environment.php", `${library}/environment.php`],
    ["wordpress/database.php", `${library}/database.php`],
    ["wordpress/cache.php", `${library}/cache.php`],
    ["wordpress/health.php", `${library}/health.php`],
    ["wordpress/heartbeat.php", `${library}/heartbeat.php`],
    ["wordpress/cron.php", `${library}/cron.php`],
    ["ledger/ledger.php", `${library}/ledger.php`],
    ["ledger/install-ledger.php", `${library}/install-ledger.php`],
    ["ledger/page.php", `${library}/page.php`],
    ["wordpress/install.php", `${library}/install.php`],
    ["wordpress/wp-config.php", `${library}/wp-config.php`],
    ["wordpress/redis-object-cache.php", `${library}/redis-object-cache.php`],
    ["wordpress/object-cache.php", `${library}/object-cache.php`],
    ["pg4wp/db.php", `${library}/db.php`],
    ["pg4wp/evenkeel-no-shop.php", `${library}/evenkeel-no-shop.php`],
    ["pg4wp/install-drop-in", `${library}/install-drop-in`, "0755"],
    ["wordpress/install-core", `${library}/install-core`, "0755"],
    ["wordpress/core-files", `${library}/core-files`, "0755"],
    ["wordpress/uploads-volume", `${library}/uploads-volume`, "0755"],
    ["wordpress/drain", `${library}/drain`, "0755"],
    ["wordpress/purge-cache", `${library}/purge.d/cache`, "0755"],
    ["wordpress/evenkeel-web", "/usr/local/sbin/evenkeel-web", "0755"],
  ];
  return places.map(([source, path, mode = "0644"]) => ({ path, content: hostFile(source), mode }));
}

/** What differs between sites and hosts, and is no secret. */
export function siteFiles(args: WebSettings): HostFile[] {
  const engine = hostFile(`${args.engine}/engine.php`);
  return [
    { path: "/usr/local/lib/evenkeel/web/engine.php", content: engine },
    { path: "/etc/nginx/sites-available/evenkeel", content: nginxSite(args) },
    { path: "/etc/evenkeel/php/pool.conf", content: poolConfig(args) },
    { path: "/etc/evenkeel/tls/ca.pem", content: args.tls.ca },
    { path: "/etc/evenkeel/tls/site.pem", content: args.tls.certificate },
  ];
}

export function secretFiles(args: WebSettings): HostFile[] {
  const resolved = pulumi.all([
    args.urls,
    args.salts,
    args.users.app.password,
    args.users.health.password,
    args.admin.password,
    args.cache?.user.password ?? "",
    args.ledgerKey,
  ]);
  const environment = resolved.apply(([urls, salts, app, health, , cache, ledger]) =>
    wordpressEnvironment(args, { urls, salts, app, health, cache, ledger }),
  );
  const config = resolved.apply(([urls, , , , admin]) => webConfig(args, { urls, admin }));
  return [
    { path: "/etc/evenkeel/tls/site-key.pem", content: args.tls.key, mode: "0600" },
    { path: "/etc/evenkeel/wordpress.env", content: environment, mode: "0600", owner: "www-data:www-data" },
    { path: "/etc/evenkeel/web.json", content: config, mode: "0600" },
  ];
}

type Listening = Pick<WebSettings, "address" | "php">;

/** Where PHP-FPM listens, as nginx's `server` takes it. */
function fpmServer(listen: PhpSettings["listen"], address: string): string {
  if (listen === "socket") return `unix:${fpmSocket}`;
  requireAddress("address", address);
  return `${address}:${fpmPort}`;
}

/** The nginx site with what differs between hosts: public name, trusted balancers, where PHP is. */
export function nginxSite(args: Pick<WebSettings, "domain" | "balancerAddresses"> & Listening): string {
  const trusted = args.balancerAddresses.map((address) => `    set_real_ip_from ${address};`).join("\n");
  return render(hostFile("nginx/evenkeel"), {
    DOMAIN: args.domain,
    TRUSTED_BALANCERS: trusted,
    PHP: fpmServer(args.php.listen, args.address),
    PHP_BEFORE: fpmServer(args.php.listen === "socket" ? "tcp" : "socket", args.address),
  });
}

/** PHP-FPM's pool; how many workers stands in a file that the host writes itself. */
export function poolConfig(args: Listening): string {
  const lines =
    args.php.listen === "socket"
      ? [`listen = ${fpmSocket}`, "listen.owner = www-data", "listen.group = www-data", "listen.mode = 0660"]
      : [`listen = ${fpmServer("tcp", args.address)}`, `listen.allowed_clients = ${args.address}`];
  return render(hostFile("php/pool.conf"), { LISTEN: lines.join("\n") });
}

type PlainArgs = Pick<
  WebSettings,
  | "engine"
  | "wordpress"
  | "site"
  | "region"
  | "domain"
  | "databaseHost"
  | "schema"
  | "boundedWaitSeconds"
  | "outboundHttp"
  | "wordpressCore"
  | "dropIn"
  | "title"
  | "php"
  | "storeEndpoint"
  | "uploadsDevice"
> & {
  users: { app: { name: string }; health: { name: string } };
  cache: { host: string; user: { name: string } } | null;
  admin: { user: string; email: string };
};

/** /etc/evenkeel/wordpress.env: lines of KEY="JSON string". Throws when a salt is missing or is no secret. */
export function wordpressEnvironment(
  args: PlainArgs,
  secrets: {
    urls: string[];
    salts: Record<string, string>;
    app: string;
    health: string;
    cache: string;
    ledger: string;
  },
): string {
  const [siteUrl, ...furtherUrls] = siteUrls(args.domain, secrets.urls);
  const values: Record<string, string> = {
    SITE: args.site,
    REGION: args.region,
    SITE_URL: siteUrl,
    FURTHER_URLS: furtherUrls.join(" "),
    OUTBOUND_HTTP: args.outboundHttp,
    HEARTBEAT_MAX_AGE_SECONDS: String(heartbeatMaxAgeSeconds(args)),
    DB_HOST: args.databaseHost,
    DB_NAME: args.schema,
    DB_USER: args.users.app.name,
    DB_PASSWORD: secrets.app,
    HEALTH_USER: args.users.health.name,
    HEALTH_PASSWORD: secrets.health,
    HEALTH_SCHEMA: healthSchema(args),
    LEDGER_ACCESS: secrets.ledger,
    ...cacheValues(args, secrets.cache),
    ...(args.storeEndpoint === null ? {} : { STORE_ENDPOINT: args.storeEndpoint }),
    ...Object.fromEntries(saltNames.map((name) => [name, saltOf(secrets.salts, name)])),
  };
  const lines = Object.entries(values).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return `# Written by the set-up. Readable by PHP only.\n${lines.join("\n")}\n`;
}

/** Where the heartbeat's table is: MariaDB's schema of its own, or PostgreSQL's one database. */
function healthSchema({ engine, schema }: Pick<PlainArgs, "engine" | "schema">): string {
  return engine === "mariadb" ? "evenkeel" : schema;
}

function cacheValues({ cache }: Pick<PlainArgs, "cache">, password: string): Record<string, string> {
  if (cache === null) return {};
  return { REDIS_HOST: cache.host, REDIS_USER: cache.user.name, REDIS_PASSWORD: password };
}

/** /etc/evenkeel/web.json, which evenkeel-web and pool-size read. */
export function webConfig(args: PlainArgs, secrets: { urls: string[]; admin: string }): string {
  const { wordpressCore: core, dropIn } = args;
  const { listen: _, ...poolSize } = args.php;
  const config = {
    engine: args.engine,
    wordpress: args.wordpress,
    site: args.site,
    region: args.region,
    domain: args.domain,
    urls: siteUrls(args.domain, secrets.urls),
    databaseHost: args.databaseHost,
    schema: args.schema,
    heartbeatMaxAgeSeconds: heartbeatMaxAgeSeconds(args),
    php: poolSize,
    title: args.title,
    adminUser: args.admin.user,
    adminEmail: args.admin.email,
    adminPassword: secrets.admin,
    uploadsDevice: args.uploadsDevice,
    core: core === null ? null : { version: core.version, sha256: core.sha256 },
    dropIn: dropIn === null ? null : { version: dropIn.version, treeHash: dropIn.treeHash },
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

/** Every URL of the site once, the public one first, without a trailing slash. */
function siteUrls(domain: string, further: readonly string[]): [string, ...string[]] {
  const plain = further.map((url) => url.replace(/\/+$/, ""));
  const own = `https://${domain}`;
  return [own, ...new Set(plain.filter((url) => url !== own))];
}

function saltOf(salts: Record<string, string>, name: string): string {
  const salt = salts[name] ?? "";
  const { pattern, words } = secretShapes.salt;
  if (!pattern.test(salt)) throw new Error(`the salt ${name} is missing or wrong: ${words} are needed`);
  return salt;
}

function heartbeatMaxAgeSeconds(args: { boundedWaitSeconds: number }): number {
  return args.boundedWaitSeconds + heartbeatSlackSeconds;
}

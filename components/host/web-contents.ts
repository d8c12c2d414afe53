import { saltNames, secretShapes } from "../secrets.ts";
import { requireAddress } from "./haproxy.ts";
import { hostFile, render } from "./render.ts";
import type { PhpSettings, WebSettings } from "./web-settings.ts";

/** How much older than `boundedWaitSeconds` the heartbeat of an active region may be (writer.md, W13). Seconds. */
const heartbeatSlackSeconds = 3;
const fpmSocket = "/run/php/evenkeel.sock";
const fpmPort = 9000;

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

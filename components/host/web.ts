import * as pulumi from "@pulumi/pulumi";
import { saltNames } from "../secrets.ts";
import { copyToHost, facts, type HostFile, type HostTarget, hostRole } from "./remote.ts";
import { hostFile, render } from "./render.ts";

/** How much older than `boundedWaitSeconds` the heartbeat of an active region may be (writer.md, W13). Seconds. */
const heartbeatSlackSeconds = 3;

const roleTimeoutSeconds = 900;
/** Where the archive is left by the login user; the role checks and takes it over. */
const pushedArchive = "/var/tmp/evenkeel-wordpress-core.tar.gz";

interface DatabaseUser {
  name: string;
  password: pulumi.Input<string>;
}

/** The official archive, on this machine, with its checksum. */
interface WordpressCore {
  version: string;
  sha256: string;
  localPath: string;
}

export interface WebHostArgs {
  target: HostTarget;
  site: string;
  region: string;
  /** The site's public name, without scheme. */
  domain: string;
  /** The own region's database: an address or name that stands in its certificate. */
  databaseHost: string;
  schema: string;
  users: { app: DatabaseUser; health: DatabaseUser };
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
  title: string;
  admin: { user: string; email: string; password: pulumi.Input<string> };
  /** "blocked" where nothing outside can be reached, so that WordPress does not wait for it. */
  outboundHttp: "allowed" | "blocked";
}

/** What the role reports: the same object as `evenkeel-web status`. */
interface WebFacts {
  gate: "open" | "closed";
  epoch: number;
  versions: { nginx: string; php: string; wordpress: string };
  core: { version: string; source: "archive" | "package"; treeHash: string };
}

/** A web host: nginx, PHP-FPM and WordPress with the gate of writer.md, W13. Refuses arguments that can't work. */
export class WebHost extends pulumi.ComponentResource {
  readonly facts: pulumi.Output<WebFacts>;
  /** To depend on: resolves when the host answers at /evenkeel/live. */
  readonly ready: pulumi.Output<string>;

  constructor(name: string, args: WebHostArgs, opts?: pulumi.ComponentResourceOptions) {
    super("evenkeel:host:Web", name, {}, opts);
    refuseWrong(args);
    const archive = pushArchive(name, args, this);
    const role = hostRole(
      `${name}-role`,
      {
        target: args.target,
        role: "web",
        files: [...webFiles(), ...siteFiles(args), ...secretFiles(args)],
        script: render(hostFile("wordpress/setup.sh"), { ARCHIVE_WANTED: archive ? "yes" : "no" }),
        timeoutSeconds: roleTimeoutSeconds,
      },
      { parent: this, dependsOn: archive ? [archive] : [] },
    );
    this.facts = facts<WebFacts>(role);
    this.ready = role.id;
    this.registerOutputs({ facts: this.facts, ready: this.ready });
  }
}

function refuseWrong(args: WebHostArgs): void {
  if (args.balancerAddresses.length === 0) {
    throw new Error(
      `${args.site}: balancerAddresses is empty: every visitor would seem to come from the balancer`,
    );
  }
  if (args.wordpressCore !== null && !/^[0-9a-f]{64}$/.test(args.wordpressCore.sha256)) {
    throw new Error("wordpressCore.sha256 is no SHA-256 checksum (64 hexadecimal digits)");
  }
}

function pushArchive(name: string, args: WebHostArgs, parent: pulumi.Resource) {
  if (args.wordpressCore === null) return null;
  const copy = { target: args.target, localPath: args.wordpressCore.localPath, remotePath: pushedArchive };
  return copyToHost(`${name}-core`, copy, { parent });
}

/** The files that are the same on every web host, by their place below host/files. */
export function webFiles(): HostFile[] {
  const library = "/usr/local/lib/evenkeel/web";
  const places: [source: string, path: string, mode?: string][] = [
    ["nginx/evenkeel-gate.conf", "/etc/nginx/snippets/evenkeel-gate.conf"],
    ["nginx/evenkeel-tls.conf", "/etc/nginx/snippets/evenkeel-tls.conf"],
    ["nginx/evenkeel-php.conf", "/etc/nginx/snippets/evenkeel-php.conf"],
    ["nginx/evenkeel-probe.conf", "/etc/nginx/snippets/evenkeel-probe.conf"],
    ["nginx/evenkeel-probes.conf", "/etc/nginx/snippets/evenkeel-probes.conf"],
    ["php/pool.conf", "/etc/evenkeel/php/pool.conf"],
    ["php/limits.ini", "/etc/evenkeel/php/limits.ini"],
    ["systemd/evenkeel-cron.service", "/etc/systemd/system/evenkeel-cron.service"],
    ["systemd/evenkeel-cron.timer", "/etc/systemd/system/evenkeel-cron.timer"],
    ["systemd/evenkeel-settle.service", "/etc/systemd/system/evenkeel-settle.service"],
    ["wordpress/environment.php", `${library}/environment.php`],
    ["wordpress/database.php", `${library}/database.php`],
    ["wordpress/health.php", `${library}/health.php`],
    ["wordpress/heartbeat.php", `${library}/heartbeat.php`],
    ["wordpress/cron.php", `${library}/cron.php`],
    ["wordpress/install.php", `${library}/install.php`],
    ["wordpress/wp-config.php", `${library}/wp-config.php`],
    ["wordpress/install-core", `${library}/install-core`, "0755"],
    ["wordpress/evenkeel-web", "/usr/local/sbin/evenkeel-web", "0755"],
  ];
  return places.map(([source, path, mode = "0644"]) => ({ path, content: hostFile(source), mode }));
}

function siteFiles(args: WebHostArgs): HostFile[] {
  return [
    { path: "/etc/nginx/sites-available/evenkeel", content: nginxSite(args) },
    { path: "/etc/evenkeel/tls/ca.pem", content: args.tls.ca },
    { path: "/etc/evenkeel/tls/site.pem", content: args.tls.certificate },
  ];
}

function secretFiles(args: WebHostArgs): HostFile[] {
  const resolved = pulumi.all([
    args.urls,
    args.salts,
    args.users.app.password,
    args.users.health.password,
    args.admin.password,
  ]);
  const environment = resolved.apply(([urls, salts, app, health]) =>
    wordpressEnvironment(args, { urls, salts, app, health }),
  );
  const config = resolved.apply(([urls, , , , admin]) => webConfig(args, { urls, admin }));
  return [
    { path: "/etc/evenkeel/tls/site-key.pem", content: args.tls.key, mode: "0600" },
    { path: "/etc/evenkeel/wordpress.env", content: environment, mode: "0600", owner: "www-data:www-data" },
    { path: "/etc/evenkeel/web.json", content: config, mode: "0600" },
  ];
}

/** The nginx site with what differs between hosts: public name and trusted balancers. */
export function nginxSite(args: Pick<WebHostArgs, "domain" | "balancerAddresses">): string {
  const trusted = args.balancerAddresses.map((address) => `    set_real_ip_from ${address};`).join("\n");
  return render(hostFile("nginx/evenkeel"), { DOMAIN: args.domain, TRUSTED_BALANCERS: trusted });
}

type PlainArgs = Pick<
  WebHostArgs,
  | "site"
  | "region"
  | "domain"
  | "databaseHost"
  | "schema"
  | "boundedWaitSeconds"
  | "outboundHttp"
  | "wordpressCore"
  | "title"
> & { users: { app: { name: string }; health: { name: string } }; admin: { user: string; email: string } };

/** /etc/evenkeel/wordpress.env: lines of KEY="JSON string". Throws when a salt is missing or is no secret. */
export function wordpressEnvironment(
  args: PlainArgs,
  secrets: { urls: string[]; salts: Record<string, string>; app: string; health: string },
): string {
  const values: Record<string, string> = {
    SITE: args.site,
    REGION: args.region,
    URLS: siteUrls(args.domain, secrets.urls).join(" "),
    OUTBOUND_HTTP: args.outboundHttp,
    HEARTBEAT_MAX_AGE_SECONDS: String(heartbeatMaxAgeSeconds(args)),
    DB_HOST: args.databaseHost,
    DB_NAME: args.schema,
    DB_USER: args.users.app.name,
    DB_PASSWORD: secrets.app,
    HEALTH_USER: args.users.health.name,
    HEALTH_PASSWORD: secrets.health,
    ...Object.fromEntries(saltNames.map((name) => [name, saltOf(secrets.salts, name)])),
  };
  const lines = Object.entries(values).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return `# Written by the set-up. Readable by PHP only.\n${lines.join("\n")}\n`;
}

/** /etc/evenkeel/web.json, which evenkeel-web reads. */
export function webConfig(args: PlainArgs, secrets: { urls: string[]; admin: string }): string {
  const core = args.wordpressCore;
  const config = {
    site: args.site,
    region: args.region,
    domain: args.domain,
    urls: siteUrls(args.domain, secrets.urls),
    databaseHost: args.databaseHost,
    schema: args.schema,
    heartbeatMaxAgeSeconds: heartbeatMaxAgeSeconds(args),
    title: args.title,
    adminUser: args.admin.user,
    adminEmail: args.admin.email,
    adminPassword: secrets.admin,
    core: core === null ? null : { version: core.version, sha256: core.sha256 },
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

/** Every URL of the site once, the public one first, without a trailing slash. */
function siteUrls(domain: string, further: readonly string[]): string[] {
  return [...new Set([`https://${domain}`, ...further].map((url) => url.replace(/\/+$/, "")))];
}

function saltOf(salts: Record<string, string>, name: string): string {
  const salt = salts[name] ?? "";
  if (salt.length < 32) throw new Error(`the salt ${name} is missing or shorter than 32 characters`);
  return salt;
}

function heartbeatMaxAgeSeconds(args: { boundedWaitSeconds: number }): number {
  return args.boundedWaitSeconds + heartbeatSlackSeconds;
}

import * as pulumi from "@pulumi/pulumi";
import type { HostFile } from "./remote.ts";
import { hostFile } from "./render.ts";
import { nginxSite, poolConfig, webConfig, wordpressEnvironment } from "./web-contents.ts";
import type { WebSettings } from "./web-settings.ts";

/** What evenkeel-web is made of. */
const parts = ["gate", "heartbeat", "host", "install", "lease", "settle", "status"] as const;

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
    ["wordpress/gate.php", `${library}/gate.php`],
    ["wordpress/gate-check.php", `${library}/gate-check.php`],
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
    ...parts.map((part): [string, string] => [`wordpress/web/${part}.py`, `${library}/parts/${part}.py`]),
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

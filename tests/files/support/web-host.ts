import { hostFile } from "../../../components/host/render.ts";
import { nginxSite, webConfig, wordpressEnvironment } from "../../../components/host/web-contents.ts";
import { webFiles } from "../../../components/host/web-files.ts";
import type { ScratchHost } from "./scratch-host.ts";

/** What reaches PHP answers so: the host's PHP-FPM has no pool of ours (web/lease.ts gives it one). */
export const toPhp = "502";
/** The application's password. */
export const nasty = `quote" 'back\\slash $(x) %s é`;
const saltNames = ["AUTH", "SECURE_AUTH", "LOGGED_IN", "NONCE"].flatMap((n) => [`${n}_KEY`, `${n}_SALT`]);
export const site = {
  engine: "mariadb" as const,
  wordpress: true,
  site: "shop",
  region: "primary",
  domain: "shop.lab.test",
  databaseHost: "127.0.0.1",
  schema: "wordpress_db",
  users: { app: { name: "wp_user" }, health: { name: "evenkeel_health" } },
  boundedWaitSeconds: 2,
  wordpressCore: null,
  dropIn: null,
  title: "Shop",
  admin: { user: "admin", email: "admin@shop.lab.test" },
  outboundHttp: "blocked" as const,
  address: "127.0.0.1",
  cache: null,
  php: { listen: "socket" as const },
  storeEndpoint: null,
  uploadsDevice: null,
};
const urls = ["https://localhost:9443", "https://localhost:8443"];
const salts = Object.fromEntries(saltNames.map((name) => [name, name.padEnd(64, "x")]));
export const library = "/usr/local/lib/evenkeel/web";
export const scripts = [
  `${library}/install-core`,
  "/usr/local/lib/evenkeel/roles-web-setup.sh",
  `${library}/uploads-volume`,
  `${library}/install-drop-in`,
];
export const coreFiles = `${library}/core-files`;
export const phpFiles = webFiles().flatMap(({ path }) => (path.endsWith(".php") ? [path] : []));

/** Packages that `layWebFiles` and the tests need on the host. */
export const webPackages = ["nginx-light", "php-cli", "php-fpm", "php-mysql", "shellcheck", "openssl"];

/** Makes a scratch host a web host. Below its root lies what visitors may have, and what they may not. */
export async function layWebFiles(host: ScratchHost): Promise<void> {
  await host.bash(`mkdir -p /etc/evenkeel/tls && cd /etc/evenkeel/tls
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=shop.lab.test \\
      -keyout site-key.pem -out site.pem 2>/dev/null
    cd /var/www/html && mkdir -p .git wp-admin wp-content/uploads wp-includes
    for name in index.php wp-login.php wp-config.php xmlrpc.php wp-admin/index.php wp-admin/install.php \\
      wp-content/uploads/a.php wp-content/uploads/a.jpg .git/config .env .htaccess dump.sql wp-config.php.bak \\
      wp-includes/a.css; do echo secret >"$name"; done`);
  const secrets = { urls, salts, app: nasty, health: "health", cache: "", ledger: "ledger-key-of-the-site" };
  const files = [
    ...webFiles(),
    {
      path: "/etc/nginx/sites-available/evenkeel",
      content: nginxSite({ ...site, balancerAddresses: ["10.10.0.2"] }),
    },
    { path: "/usr/local/lib/evenkeel/web/engine.php", content: hostFile(`${site.engine}/engine.php`) },
    { path: "/etc/evenkeel/wordpress.env", content: wordpressEnvironment(site, secrets) },
    { path: "/etc/evenkeel/web.json", content: webConfig(site, { urls, admin: "password" }) },
    { path: scripts[1] as string, content: hostFile("wordpress/setup.sh") },
  ];
  const script = `ln -sf ../sites-available/evenkeel /etc/nginx/sites-enabled/evenkeel
    rm -f /etc/nginx/sites-enabled/default; systemctl daemon-reload; systemctl restart nginx; echo '{}'`;
  const applied = await host.apply({ role: "web", files, script });
  if (applied.exitCode !== 0) throw new Error(applied.stderr);
}

/** How evenkeel-web ended: its one JSON object, or null where it printed none. */
interface WebVerb {
  exitCode: number;
  stderr: string;
  answer: Record<string, unknown> | null;
}

/** One web host, and what the chapters of its tests ask of it. */
export interface WebHost {
  /** Only for what runs inside a test or a hook: the host is made when all tests are registered already. */
  readonly host: ScratchHost;
  evenkeelWeb(...words: string[]): Promise<WebVerb>;
  /** What curl prints, there. */
  curl(words: string): Promise<string>;
  /** The status of one request. */
  code(words: string): Promise<string>;
  /** The statuses of many requests, by one call. */
  codes(requests: readonly string[]): Promise<Record<string, string>>;
}

/** `host` is asked again each time, so that it may be made later. */
export function webHost(host: () => ScratchHost): WebHost {
  const base = "curl -gksS -m 5 --path-as-is --resolve shop.lab.test:443:127.0.0.1";
  const curl = (words: string) => host().bash(`${base} ${words}`);
  return {
    get host() {
      return host();
    },
    async evenkeelWeb(...words) {
      const { exitCode, stdout, stderr } = await host().run(["evenkeel-web", ...words]);
      return {
        exitCode,
        stderr,
        answer: stdout === "" ? null : (JSON.parse(stdout) as Record<string, unknown>),
      };
    },
    curl,
    code: (words) => curl(`-o /dev/null -w '%{http_code}' ${words}`),
    async codes(requests) {
      const line = (words: string) => `${base} -o /dev/null -w '%{http_code}\\n' ${words}`;
      const answers = (await host().bash(requests.map(line).join("\n"))).trim().split("\n");
      return Object.fromEntries(answers.map((answer, i) => [requests[i], answer]));
    },
  };
}

/** What `codes` gives where every request is answered alike. */
export const all = (requests: readonly string[], answer: string) =>
  Object.fromEntries(requests.map((words) => [words, answer]));
export const at = (path: string) => `'https://shop.lab.test${path}'`;

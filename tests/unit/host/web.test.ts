import { beforeAll, describe, expect, test } from "@jest/globals";
import * as pulumi from "@pulumi/pulumi";
import type { WebHostArgs } from "../../../components/host/web.ts";

interface Made {
  type: string;
  name: string;
  inputs: Record<string, unknown>;
}

interface Job {
  role: string;
  script: string;
  files: { path: string; mode: string; owner: string; content: string }[];
}

const made: Made[] = [];
const stdout = JSON.stringify({ gate: "closed", epoch: 0, core: { version: "6.8.12" } });
let web: typeof import("../../../components/host/web.ts");
let files: typeof import("../../../components/host/web-contents.ts");

beforeAll(async () => {
  await pulumi.runtime.setMocks({
    newResource: ({ type, name, inputs }) => {
      made.push({ type, name, inputs });
      return { id: `${name}-id`, state: { ...inputs, stdout } };
    },
    call: ({ inputs }) => inputs,
  });
  web = await import("../../../components/host/web.ts");
  files = await import("../../../components/host/web-contents.ts");
});

const saltNames = ["AUTH", "SECURE_AUTH", "LOGGED_IN", "NONCE"].flatMap((n) => [`${n}_KEY`, `${n}_SALT`]);
const nasty = `quote" back\\slash $(x) %s new\nline`;

function args(change: Partial<WebHostArgs> = {}): WebHostArgs {
  return {
    target: {
      connection: { host: "10.10.0.31", port: 22, user: "evenkeel", privateKey: "key", hostKey: "host key" },
      machineId: "machine",
    },
    engine: "mariadb",
    wordpress: true,
    ledgerKey: "ledger-key-of-the-site",
    site: "shop",
    region: "primary",
    address: "10.10.0.31",
    domain: "shop.lab.test",
    databaseHost: "10.10.0.20",
    schema: "wordpress_db",
    users: {
      app: { name: "wp_user", password: nasty },
      health: { name: "evenkeel_health", password: "health" },
    },
    cache: { host: "10.10.0.21", user: { name: "evenkeel_web", password: "cache's" } },
    php: { listen: "socket" },
    storeEndpoint: null,
    uploadsDevice: null,
    salts: Object.fromEntries(saltNames.map((name) => [name, `${name} "'\\`.padEnd(64, "x")])),
    tls: { ca: "CA", certificate: "CERTIFICATE", key: "KEY" },
    urls: ["https://localhost:9443", "https://localhost:8443/"],
    balancerAddresses: ["10.10.0.2", "10.99.0.200"],
    boundedWaitSeconds: 2,
    wordpressCore: null,
    dropIn: null,
    title: "Shop",
    admin: { user: "admin", email: "admin@shop.lab.test", password: "admin's" },
    outboundHttp: "blocked",
    ...change,
  };
}

async function build(name: string, change: Partial<WebHostArgs> = {}) {
  const host = new web.WebHost(name, args(change));
  await new Promise((done) => host.ready.apply(done));
  const own = made.filter((one) => one.name.startsWith(name));
  const role = own.find(({ type }) => type === "command:remote:Command");
  return { host, own, role: role as Made, job: jobOf(role as Made) };
}

/** The job that travels by standard input, a line of JSON in the program's text. */
function jobOf(role: Made): Job {
  const stdin = role.inputs.stdin as string | { value: string };
  const program = typeof stdin === "string" ? stdin : stdin.value;
  return JSON.parse(/^\{"role":.*$/m.exec(program)?.[0] ?? "") as Job;
}

function environmentOf(job: Job): Record<string, string> {
  const text = job.files.find(({ path }) => path === "/etc/evenkeel/wordpress.env")?.content ?? "";
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf("=");
      return [line.slice(0, at), JSON.parse(line.slice(at + 1)) as string];
    }),
  );
}

describe("a web host", () => {
  test("is one role, and nothing is copied where Debian's package is used", async () => {
    const { own, job } = await build("plain");
    expect(own.map(({ type }) => type).sort()).toEqual(["command:remote:Command", "evenkeel:host:Web"]);
    expect(job.role).toBe("web");
    expect(job.script).toContain("archive_wanted='no'");
  });

  test("[O10] a pinned archive is copied first and named with its checksum", async () => {
    const wordpressCore = { version: "6.8.5", sha256: "ab".repeat(32), localPath: import.meta.filename };
    const { own, job } = await build("pinned", { wordpressCore });
    expect(own.map(({ type }) => type)).toContain("command:remote:CopyToRemote");
    expect(job.script).toContain("archive_wanted='yes'");
    const config = JSON.parse(job.files.find(({ path }) => path.endsWith("web.json"))?.content ?? "");
    expect(config.core).toEqual({ version: "6.8.5", sha256: "ab".repeat(32) });
  });

  test("[D9] on PostgreSQL WordPress comes with the pinned PG4WP, and does not come without", async () => {
    const dropIn = { version: "3.4", treeHash: "cd".repeat(32), localPath: import.meta.filename };
    const { own, job } = await build("pg4wp", { engine: "postgresql", dropIn });
    expect(own.find(({ type }) => type === "command:remote:CopyToRemote")?.inputs.remotePath).toBe(
      "/var/tmp/evenkeel-pg4wp.tar.gz",
    );
    expect(job.script).toContain("drop_in='yes'");
    const config = JSON.parse(job.files.find(({ path }) => path.endsWith("web.json"))?.content ?? "");
    expect(config.dropIn).toEqual({ version: "3.4", treeHash: "cd".repeat(32) });
    const ledger = await build("ledger", { engine: "postgresql", wordpress: false });
    expect(ledger.job.script).toContain("drop_in='no'");
    expect(ledger.own.map(({ type }) => type)).not.toContain("command:remote:CopyToRemote");
  });

  test("[O10] secrets stand in files that nobody else reads, and in no argument", async () => {
    const { job, role } = await build("secret");
    const secret = job.files.filter(({ content }) => /quote|health"|KEY|admin's/.test(content));
    const open = secret.filter(({ mode, path }) => mode !== "0600" && !path.startsWith("/usr/local/lib"));
    expect(open).toEqual([]);
    const environment = job.files.find(({ path }) => path === "/etc/evenkeel/wordpress.env");
    expect(environment).toMatchObject({ mode: "0600", owner: "www-data:www-data" });
    expect(JSON.stringify([role.inputs.create, role.inputs.update])).not.toMatch(/quote|admin's|health/);
  });

  test("[O13] the environment holds any printable character, URLs with the public one first", async () => {
    const values = environmentOf((await build("values")).job);
    expect(values).toMatchObject({
      DB_PASSWORD: nasty,
      DB_HOST: "10.10.0.20",
      SITE_URL: "https://shop.lab.test",
      FURTHER_URLS: "https://localhost:9443 https://localhost:8443",
      HEARTBEAT_MAX_AGE_SECONDS: "5",
      OUTBOUND_HTTP: "blocked",
    });
  });

  test("[O14] two regions get the same eight salts", async () => {
    const [one, two] = [await build("here"), await build("there", { region: "secondary" })].map(({ job }) =>
      environmentOf(job),
    ) as [Record<string, string>, Record<string, string>];
    expect(saltNames.filter((name) => one[name] !== two[name])).toEqual([]);
    expect(new Set(saltNames.map((name) => one[name])).size).toBe(8);
    expect([one.REGION, two.REGION]).toEqual(["primary", "secondary"]);
  });

  test("[O14] a missing or short salt is refused, without its value", () => {
    const salts = { ...(args().salts as Record<string, string>), NONCE_SALT: "put your phrase here" };
    const make = () =>
      files.wordpressEnvironment(args(), { urls: [], salts, app: "a", health: "h", cache: "c", ledger: "l" });
    expect(make).toThrow(/NONCE_SALT/);
    expect(make).not.toThrow(/phrase/);
  });

  test("nginx believes the balancers and nobody else", () => {
    const site = files.nginxSite(args());
    expect(site.match(/set_real_ip_from .*/g)).toEqual([
      "set_real_ip_from 10.10.0.2;",
      "set_real_ip_from 10.99.0.200;",
    ]);
    expect(site).toContain("return 301 https://shop.lab.test$request_uri;");
  });

  test("nginx knows both places of PHP, so that a change of `listen` leaves no request without one", () => {
    const places = (listen: "socket" | "tcp") =>
      files.nginxSite({ ...args(), php: { listen } }).match(/^ {4}server .*;$/gm);
    const [socket, tcp] = ["unix:/run/php/evenkeel.sock", "10.10.0.31:9000"];
    expect(places("socket")).toEqual([
      `    server ${socket} max_fails=0;`,
      `    server ${tcp} max_fails=0 backup;`,
    ]);
    expect(places("tcp")).toEqual([
      `    server ${tcp} max_fails=0;`,
      `    server ${socket} max_fails=0 backup;`,
    ]);
  });

  test.each([
    ["no balancer", { balancerAddresses: [] }, /balancerAddresses/],
    ["WordPress on PostgreSQL without PG4WP", { engine: "postgresql" }, /dropIn/],
    ["PG4WP on MariaDB", { dropIn: { version: "1", treeHash: "ab".repeat(32), localPath: "y" } }, /dropIn/],
    [
      "a hash that is none",
      { engine: "postgresql", dropIn: { version: "1", treeHash: "x", localPath: "y" } },
      /treeHash/,
    ],
    ["a checksum that is none", { wordpressCore: { version: "1", sha256: "x", localPath: "y" } }, /sha256/],
    ["a device with more than its path", { uploadsDevice: "/dev/sdb'; reboot" }, /uploadsDevice/],
  ] as const)("%s is refused before anything is made", (_, change, message) => {
    const before = made.filter(({ type }) => type.startsWith("command:")).length;
    expect(() => new web.WebHost("wrong", args(change as Partial<WebHostArgs>))).toThrow(message);
    expect(made.filter(({ type }) => type.startsWith("command:"))).toHaveLength(before);
  });

  test("the role's facts are what it printed", async () => {
    const { host } = await build("facts");
    const seen = await new Promise((done) => host.facts.apply(done));
    expect(seen).toMatchObject({ gate: "closed", core: { version: "6.8.12" } });
  });
});

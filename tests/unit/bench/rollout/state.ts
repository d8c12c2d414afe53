import { roleProgram } from "../../../../components/host/job.ts";

/** Exports of stacks as Pulumi writes them, for a site of one region with a gateway, a database and a web host. */

const secretMark = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };
const assetMark = { "4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17" };

export const secret = (value: unknown) => ({ ...secretMark, plaintext: JSON.stringify(value) });

interface Options {
  dependencies?: string[];
  parent?: string;
}

export function urn(stack: string, type: string, name: string): string {
  return `urn:pulumi:${stack}::bench::${type}::${name}`;
}

export function resource(
  stack: string,
  type: string,
  name: string,
  inputs: Record<string, unknown>,
  { dependencies = [], parent }: Options = {},
) {
  return {
    urn: urn(stack, type, name),
    type,
    custom: true,
    inputs,
    outputs: inputs,
    dependencies,
    ...(parent === undefined ? {} : { parent }),
  };
}

const local = "command:local:Command";
const remote = "command:remote:Command";
const copy = "command:remote:CopyToRemote";
const component = "evenkeel:host:Web";

const hop = (host: string, port: number, name: string) => ({
  host,
  port,
  user: "evenkeel",
  privateKey: secret("THE KEY\n"),
  hostKey: `ssh-ed25519 ${name}`,
});
const gateway = hop("127.0.0.1", 2201, "gateway");
const edge = hop("127.0.0.1", 2203, "edge");
const behind = (host: string, name: string) => ({ ...hop(host, 22, name), proxy: gateway });

function lab(stack: string, thing: string, name: string, input: object, after: string[] = []) {
  const create = `bash "$EVENKEEL_HOME/components/lab/lab-host.sh" ${thing} create evenkeel-bench-${name}`;
  const stdin = secret(JSON.stringify({ site: "bench", ...input }));
  return resource(stack, local, name, { create, stdin }, { dependencies: after });
}

function machine(
  stack: string,
  name: string,
  role: string,
  place: string,
  ports: Record<number, number>,
  after: string[],
) {
  const address = { database: "10.10.0.21", web: "10.10.0.31" }[role] ?? "10.10.0.2";
  const publish = Object.entries(ports).map(([target, port]) => ({
    port,
    target: Number(target),
    protocol: "tcp",
  }));
  const volume = role === "web" ? { name: "evenkeel-bench-uploads", sizeGb: 1 } : null;
  const input = { place, role, networks: [{ name: place, address }], publish, volume };
  return lab(stack, "host", name, input, after);
}

export function role(stack: string, name: string, connection: object, files: object[], options: Options) {
  const job = { role: name, machineId: "m1", files: files as never, script: `echo ${name}'s\n` };
  const inputs = {
    connection,
    create: "sudo -n timeout -k 10 900 python3 -I -",
    stdin: secret(roleProgram(job)),
  };
  return resource(stack, remote, `${name}-role`, inputs, options);
}

export function verb(stack: string, name: string, connection: object, command: string, after: string[]) {
  const inputs = { connection, create: `sudo -n timeout -k 10 60 ${command}`, stdin: "for m1\n" };
  return resource(stack, remote, name, inputs, { dependencies: after });
}

function region() {
  const at = (name: string) => urn("primary", local, name);
  const web = behind("10.10.0.31", "web");
  const parent = urn("primary", component, "web-host");
  const core = urn("primary", copy, "core");
  const asset = { ...assetMark, path: "/cache/core.tar.gz", hash: "ab12" };
  return [
    resource("primary", "pulumi:pulumi:Stack", "stack", {}),
    lab("primary", "network", "net", { place: "primary" }),
    lab("primary", "volume", "uploads", { place: "primary" }),
    machine("primary", "gateway", "gateway", "primary", { 22: 2201, 443: 2443 }, [at("net")]),
    machine("primary", "database", "database", "primary", {}, [at("gateway")]),
    machine("primary", "web", "web", "primary", {}, [at("gateway"), at("uploads")]),
    role("primary", "balancer", gateway, [], { dependencies: [at("gateway")] }),
    role("primary", "database", behind("10.10.0.21", "database"), [], { dependencies: [at("database")] }),
    resource("primary", component, "web-host", {}),
    resource(
      "primary",
      copy,
      "core",
      { connection: web, source: asset, remotePath: "/var/tmp/core" },
      {
        dependencies: [at("web")],
        parent,
      },
    ),
    role(
      "primary",
      "web",
      web,
      [
        { path: "/etc/evenkeel/tls/ca.pem", content: "CA ${#x[@]} {{ y }}\n" },
        { path: "/etc/evenkeel/web.env", content: "PASSWORD=1\n", mode: "0600", owner: "www-data:www-data" },
        { path: "/etc/evenkeel/db.pem", content: "KEY\n", mode: "0640", owner: "root:mysql" },
      ],
      { dependencies: [core, at("web")], parent },
    ),
  ];
}

function global() {
  const reference = urn("global", "pulumi:pulumi:StackReference", "global-primary");
  const at = (name: string) => urn("global", local, name);
  const done = (name: string) => urn("global", remote, name);
  const database = behind("10.10.0.21", "database");
  const web = behind("10.10.0.31", "web");
  return [
    resource("global", "pulumi:pulumi:StackReference", "global-primary", {
      name: "organization/bench/primary",
    }),
    lab("global", "link", "peering", { members: [] }, [reference]),
    lab("global", "network", "third", { place: "third" }),
    machine("global", "edge", "edge", "third", { 22: 2203, 443: 2445 }, [at("third"), at("peering")]),
    role("global", "edge", edge, [], { dependencies: [at("edge")] }),
    verb("global", "birth", database, "evenkeel-db birth --deadline 60", [at("edge"), reference]),
    verb("global", "install", web, "evenkeel-web install", [done("birth")]),
    verb("global", "gate-1", web, "evenkeel-web settle", [done("install")]),
    verb("global", "gate-2", database, "evenkeel-web settle", [done("install")]),
  ];
}

export const exported = (resources: unknown[]) => ({ version: 3, deployment: { resources } });

/** All stacks of the site. */
export function siteExports(): Record<string, unknown> {
  return { primary: exported(region()), global: exported(global()) };
}

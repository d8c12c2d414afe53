/**
 * Reads what lab-host.sh was told (JSON on standard input), for a shell that has no JSON of its own.
 *   spec.mjs variables            prints shell assignments; nothing secret is among them
 *   spec.mjs files OUTSIDE RESOLVERS MACHINE_ID   prints a tar archive of the files that make a container this host
 * OUTSIDE is a list of subnets=gateway, RESOLVERS a list of addresses, both separated by blanks.
 * The archive goes straight into `docker cp`: a private key is never an argument and never lies on this disk.
 * Plain JavaScript: it runs by whatever Node the machine has.
 */
import { readFileSync } from "node:fs";

const EVENKEEL_UID = 1000;

/** The first address of a subnet, which Docker gives to the bridge: "10.10.0.0/24" -> "10.10.0.1". */
function firstAddress(subnet) {
  const octets = subnet.split("/")[0].split(".").map(Number);
  octets[3] += 1;
  return octets.join(".");
}

function quoted(value) {
  return `'${String(value ?? "").replaceAll("'", `'\\''`)}'`;
}

function variables(spec) {
  const scalars = {
    site: spec.site,
    place: spec.place,
    role: spec.role,
    image: spec.image,
    subnet: spec.subnet,
    bridge_address: spec.subnet ? firstAddress(spec.subnet) : "",
    internal: spec.internal ? "yes" : "",
    guard: spec.guard ? "yes" : "",
    gateway_address: spec.gatewayAddress,
    volume: spec.volume?.name,
  };
  const lists = {
    networks: (spec.networks ?? []).map(({ name, address }) => `${name} ${address ?? "-"}`),
    members: (spec.members ?? []).map(({ container, address }) => `${container} ${address}`),
    publish: (spec.publish ?? []).map((p) => `127.0.0.1:${p.port}:${p.target}/${p.protocol ?? "tcp"}`),
    extra_hosts: Object.entries(spec.extraHosts ?? {}).map(([name, address]) => `${name}:${address}`),
  };
  return [
    ...Object.entries(scalars).map(([name, value]) => `${name}=${quoted(value)}`),
    ...Object.entries(lists).map(([name, items]) => `${name}=(${items.map(quoted).join(" ")})`),
  ].join("\n");
}

/** The address at which this host serves its place: its first given address. */
function placeAddress(spec) {
  return (spec.networks ?? []).find(({ address }) => address)?.address ?? "";
}

function guardFile(outside, resolvers) {
  const subnets = outside.map((leg) => leg.split("=")[0]);
  return [
    `define outside = { ${subnets.join(", ")} }`,
    // An empty set is no nftables syntax; Docker's own resolver address never takes an outside leg.
    `define resolvers = { ${(resolvers.length > 0 ? resolvers : ["127.0.0.11"]).join(", ")} }`,
    "",
  ].join("\n");
}

/** No upstream: names that aren't known here are refused at once, never looked for. */
function resolverFile(spec) {
  const { zone, zoneServer } = spec.resolver ?? {};
  return [
    "port=53",
    `listen-address=${placeAddress(spec)}`,
    "bind-dynamic",
    "user=nobody",
    "pid-file",
    "no-resolv",
    "no-poll",
    "localise-queries",
    "cache-size=0",
    ...(zone && zoneServer ? [`server=/${zone}/${zoneServer}`] : []),
    "",
  ].join("\n");
}

function cacheFile(spec) {
  // Mirrors that only speak TLS are tunnelled, not cached.
  return `BindAddress: ${placeAddress(spec)}\nPassThroughPattern: :443$\n`;
}

function proxyFile(spec) {
  const proxy = `http://${spec.gatewayAddress}:3142`;
  return `Acquire::http::Proxy "${proxy}";\nAcquire::https::Proxy "${proxy}";\n`;
}

function files(spec, outside, resolvers, machineId) {
  const owner = { uid: EVENKEEL_UID, gid: EVENKEEL_UID };
  const gateway = spec.role === "gateway" || spec.role === "edge";
  const route = `outside_gateway=${outside[0]?.split("=")[1] ?? ""}\n`;
  const list = [
    { path: "etc/machine-id", mode: 0o444, content: `${machineId}\n` },
    { path: "etc/ssh/ssh_host_ed25519_key", mode: 0o600, content: ended(spec.ssh.hostPrivateKey) },
    { path: "etc/ssh/ssh_host_ed25519_key.pub", mode: 0o644, content: ended(spec.ssh.hostPublicKey) },
    {
      path: "home/evenkeel/.ssh/authorized_keys",
      mode: 0o600,
      content: ended(spec.ssh.authorizedKey),
      ...owner,
    },
    { path: "etc/evenkeel-lab/host.conf", mode: 0o644, content: route },
  ];
  if (spec.volume) {
    list.push({
      path: "etc/evenkeel-lab/volume.conf",
      mode: 0o644,
      content: `size_gb=${Number(spec.volume.sizeGb)}\n`,
    });
  }
  if (spec.guard) {
    list.push({ path: "etc/evenkeel-lab/guard.conf", mode: 0o644, content: guardFile(outside, resolvers) });
  }
  if (spec.role === "gateway" || spec.resolver) {
    list.push({ path: "etc/evenkeel-lab/dnsmasq.conf", mode: 0o644, content: resolverFile(spec) });
  }
  if (gateway) {
    list.push({ path: "etc/apt-cacher-ng/zz_evenkeel-lab.conf", mode: 0o644, content: cacheFile(spec) });
  }
  if (spec.gatewayAddress) {
    list.push({ path: "etc/apt/apt.conf.d/90evenkeel-lab-proxy", mode: 0o644, content: proxyFile(spec) });
  }
  return list;
}

function ended(text) {
  return text.endsWith("\n") ? text : `${text}\n`;
}

/** One file in the POSIX ustar form: a header of 512 bytes, then the content filled up to a multiple of 512. */
function tarEntry({ path, mode, content, uid = 0, gid = 0 }) {
  const body = Buffer.from(content);
  const header = Buffer.alloc(512);
  const octal = (value, width) => `${value.toString(8).padStart(width - 1, "0")}\0`;
  header.write(path, 0);
  header.write(octal(mode, 8), 100);
  header.write(octal(uid, 8), 108);
  header.write(octal(gid, 8), 116);
  header.write(octal(body.length, 12), 124);
  header.write(octal(Math.floor(Date.now() / 1000), 12), 136);
  header.write("        ", 148);
  header.write("0", 156);
  header.write("ustar\x0000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return Buffer.concat([header, body, Buffer.alloc((512 - (body.length % 512)) % 512)]);
}

function words(text) {
  return (text ?? "").split(/\s+/).filter((word) => word !== "");
}

const [verb, ...rest] = process.argv.slice(2);
const spec = JSON.parse(readFileSync(0, "utf8"));
if (verb === "variables") {
  process.stdout.write(`${variables(spec)}\n`);
} else if (verb === "files") {
  const [outside, resolvers, machineId] = rest;
  const entries = files(spec, words(outside), words(resolvers), machineId).map(tarEntry);
  process.stdout.write(Buffer.concat([...entries, Buffer.alloc(1024)]));
} else {
  throw new Error(`spec.mjs knows variables and files, not ${verb}`);
}

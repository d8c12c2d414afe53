import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, jest, test } from "@jest/globals";
import { execa } from "execa";
import type { HostOutputs } from "../../components/outputs.ts";
import { databaseStatus } from "./support/database.ts";
import { connections, declared, listening, type Offered, scan, scanFromHere } from "./support/ports.ts";
import { eventually, home, onHost, type SiteHandle, site } from "./support/site.ts";

jest.setTimeout(180_000);

let now: SiteHandle;
let hosts: HostOutputs[];

beforeAll(async () => {
  now = await site();
  hosts = [...Object.values(now.regions).flatMap((region) => region.hosts), ...now.global.hosts];
}, 60_000);

/** A host's address on the link; throws where it has none. */
function onLink(id: string): string {
  const { peeringAddress } = now.host(id);
  if (peeringAddress === null) throw new Error(`${id} is not on the link`);
  return peeringAddress;
}

const inOrder = (ports: readonly number[]) => [...new Set(ports)].sort((one, other) => one - other);

const oneOf = (role: HostOutputs["role"]) => {
  const { tcp, udp, link, outside } = declared[role];
  return [
    role,
    tcp.join(", "),
    udp.join(", ") || "–",
    ...[link, outside].map((ports) => ports?.join(", ") ?? "–"),
  ];
};

test("[O6] docs/architecture.md declares the ports that are tested here", () => {
  const page = readFileSync(join(home, "docs/architecture.md"), "utf8");
  const section = page.slice(page.indexOf("### Ports"), page.indexOf("## Where things lie"));
  const rows = section.split("\n").filter((line) => /^\| \w/.test(line));
  const cells = rows.map((line) => line.split("|").map((cell) => cell.trim()));
  expect(cells.slice(1).map((row) => row.slice(1, 6))).toEqual(
    (Object.keys(declared) as HostOutputs["role"][]).map(oneOf),
  );
});

describe("[O6] ports", () => {
  test("the open ones of a region's hosts are the declared ones, scanned from hosts of that region", async () => {
    // One region is enough: both are the same program (provision.test.ts).
    const targets = now.regions.primary?.hosts ?? [];
    const of = (...roles: HostOutputs["role"][]) =>
      targets.filter(({ role }) => roles.includes(role)).map(({ address }) => address);
    const [one, other] = await Promise.all([
      scan(now, "primary/web-1", of("gateway", "database", "cache")),
      scan(now, "primary/gateway", of("web", "store")),
    ]);
    expect(targets.map(({ id, address }) => [id, { ...one, ...other }[address]])).toEqual(
      targets.map(({ id, role }) => [id, declared[role].tcp]),
    );
  });

  test("over the link a gateway and a database find the declared ones, and no way past it into the other region", async () => {
    const inside = now.regions.secondary?.hosts ?? [];
    const beyond = inside.map(({ address }) => address);
    const [gateway, database, edge] = ["secondary/gateway", "secondary/database", "third/edge"].map(onLink);
    const link = [gateway, database, edge] as string[];
    // A database host has no route but to its own networks, so nothing of its question can leave the machine.
    const [asGateway, asDatabase] = await Promise.all([
      scan(now, "primary/gateway", link),
      scan(now, "primary/database", [...link.slice(0, 2), ...beyond]),
    ]);
    expect(asGateway).toEqual({
      [link[0] as string]: declared.gateway.link,
      // MariaDB is for the other database alone.
      [link[1] as string]: [22],
      [link[2] as string]: declared.edge.link,
    });
    expect(asDatabase).toEqual({
      [link[0] as string]: declared.gateway.link,
      [link[1] as string]: declared.database.link,
      ...Object.fromEntries(beyond.map((address) => [address, null])),
    });
  });

  test("nothing but the declared listens for TCP on any host, at whatever leg", async () => {
    const found = await Promise.all(
      hosts.map(async ({ id }) => {
        const addresses = listening(await onHost(now, id, ["ss", "-Hltn"]));
        return [id, inOrder(addresses.map((address) => Number(address.slice(address.lastIndexOf(":") + 1))))];
      }),
    );
    const anywhere = ({ tcp, link, outside }: Offered) => inOrder([tcp, link ?? [], outside ?? []].flat());
    expect(found).toEqual(hosts.map(({ id, role }) => [id, anywhere(declared[role])]));
  });

  test("the outside legs of gateways and edge offer this machine the declared ones, and the others have none", async () => {
    const format = "{{json .NetworkSettings.Networks}}";
    const names = hosts.map(({ name }) => name);
    const { stdout } = await execa("docker", ["inspect", "-f", format, ...names], { timeout: 20_000 });
    const legs = stdout.split("\n").map((line) => {
      const networks = Object.entries(JSON.parse(line) as Record<string, { IPAddress: string }>);
      return networks.find(([name]) => name.endsWith("-outside"))?.[1].IPAddress ?? null;
    });
    const found = await scanFromHere(legs.filter((address) => address !== null));
    expect(hosts.map(({ id }, i) => [id, found[legs[i] ?? ""] ?? null])).toEqual(
      hosts.map(({ id, role }) => [id, declared[role].outside]),
    );
  });

  test("nothing but the declared listens for UDP on any host", async () => {
    // What is there at one look only was a question's own socket.
    const look = (id: string) => onHost(now, id, ["ss", "-Hlun"]).then(listening);
    const found = await Promise.all(
      hosts.map(async ({ id }) => {
        const [first, second] = [await look(id), await look(id)];
        return [id, first.filter((address) => second.includes(address))];
      }),
    );
    const wanted = ({ role, address }: HostOutputs) =>
      // A region's resolver is for that region; the zone's name server is asked from all sides.
      declared[role].udp.map((port) => `${role === "edge" ? "0.0.0.0" : address}:${port}`);
    expect(found).toEqual(hosts.map((host) => [host.id, wanted(host)]));
  });

  test("a listener for UDP that is not declared would be found", async () => {
    const code = `
import socket, subprocess
lines = [socket.socket(type=socket.SOCK_DGRAM) for _ in range(2)]
for line, address in zip(lines, ("0.0.0.0", "127.0.0.1")):
    line.bind((address, 5999 if address == "0.0.0.0" else 5998))
print(subprocess.check_output(["ss", "-Hlun"], text=True))
`;
    const found = listening(await onHost(now, "primary/store", ["python3", "-I", "-"], { stdin: code }));
    expect(found).toEqual(["0.0.0.0:5999"]);
  });

  test("this machine publishes SSH, HTTPS and DNS of gateways and edge on 127.0.0.1, and nothing else", async () => {
    const format = "{{json .NetworkSettings.Ports}}";
    const names = hosts.map(({ name }) => name);
    const { stdout } = await execa("docker", ["inspect", "-f", format, ...names], { timeout: 20_000 });
    const bindings = (line: string) =>
      Object.entries(JSON.parse(line) as Record<string, { HostIp: string }[] | null>)
        .flatMap(([port, at]) => (at ?? []).map(({ HostIp }) => `${HostIp} ${port}`))
        .sort();
    const published = stdout.split("\n").map(bindings);
    const wanted = { gateway: ["22/tcp", "443/tcp"], edge: ["22/tcp", "443/tcp", "53/tcp", "53/udp"] };
    expect(hosts.map(({ id }, i) => [id, published[i]])).toEqual(
      hosts.map(({ id, role }) => [
        id,
        (role === "gateway" || role === "edge" ? wanted[role] : []).map((port) => `127.0.0.1 ${port}`),
      ]),
    );
    // One that is open to others would show, and a port that the image merely names would not.
    const open = { "80/tcp": null, "443/tcp": [{ HostIp: "0.0.0.0" }, { HostIp: "::" }] };
    expect(bindings(JSON.stringify(open))).toEqual(["0.0.0.0 443/tcp", ":: 443/tcp"]);
  });
});

describe("[O4] the database's port", () => {
  const ask = (from: string, address: string) =>
    onHost(now, from, [
      "bash",
      "-c",
      `timeout 3 bash -c '</dev/tcp/${address}/3306' 2>/dev/null && echo open || echo closed`,
    ]);

  test.each([
    ["primary", "secondary"],
    ["secondary", "primary"],
  ])(
    "of %s answers its own web tier and the peer's database, nobody else there or on the link",
    async (own, other) => {
      const { address } = now.host(`${own}/database`);
      const link = onLink(`${own}/database`);
      const answers = await Promise.all([
        ask(`${own}/web-1`, address),
        ask(`${other}/database`, link),
        ...["gateway", "cache", "store"].map((name) => ask(`${own}/${name}`, address)),
        ...[`${other}/gateway`, "third/edge"].map((from) => ask(from, link)),
      ]);
      expect(answers).toEqual(["open", "open", "closed", "closed", "closed", "closed", "closed"]);
    },
  );
});

describe("[O6] replication", () => {
  const mariadb = 3306;
  const look = async (id: string) => connections(await onHost(now, id, ["ss", "-Htn"]));

  test("uses the link alone: both ends of its connection have addresses of the link", async () => {
    const statuses = await Promise.all(Object.keys(now.regions).map((name) => databaseStatus(now, name)));
    const active = statuses.find(({ writable }) => writable === true)?.region;
    const standby = statuses.find(({ writable }) => writable !== true)?.region;
    const [from, to] = [`${standby}/database`, `${active}/database`];
    // A receiver that has just lost its connection makes it anew within a second.
    const [out, both] = await eventually("the standby is connected", 10_000, async () => {
      const [mine, its] = await Promise.all([look(from), look(to)]);
      return mine.some(({ peerPort }) => peerPort === mariadb) ? [mine, its] : null;
    });
    const ends = { local: onLink(from), peer: onLink(to), peerPort: mariadb };
    expect(out.filter(({ peerPort }) => peerPort === mariadb)).toEqual([expect.objectContaining(ends)]);
    // The writer sees the same one and, apart from its own web tier's, no other; itself it follows nobody.
    const webTier = (now.regions[active ?? ""]?.hosts ?? []).flatMap(({ role, address }) =>
      role === "web" ? [address] : [],
    );
    const fromElsewhere = both.filter(
      ({ localPort, peer }) => localPort === mariadb && !webTier.includes(peer) && !peer.startsWith("127."),
    );
    expect(fromElsewhere).toEqual([
      expect.objectContaining({ local: ends.peer, localPort: mariadb, peer: ends.local }),
    ]);
    expect(both.filter(({ peerPort }) => peerPort === mariadb)).toEqual([]);
  });

  test("a connection beside the link would be told from it", async () => {
    const [web, database] = [now.host("primary/web-1"), now.host("primary/database")];
    const hold = `exec 3<>/dev/tcp/${database.address}/${mariadb}; ss -Htn "dst ${database.address}"`;
    const [line] = connections(await onHost(now, web.id, ["bash", "-c", hold])).slice(-1);
    expect(line).toMatchObject({ local: web.address, peer: database.address, peerPort: mariadb });
    expect(line?.peer).not.toBe(database.peeringAddress);
  });
});

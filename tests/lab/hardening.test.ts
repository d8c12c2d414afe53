import { beforeAll, describe, expect, jest, test } from "@jest/globals";
import type { HostOutputs } from "../../components/outputs.ts";
import { sql } from "./support/database.ts";
import { get, onHost, type SiteHandle, site } from "./support/site.ts";

jest.setTimeout(180_000);

/** TCP ports that another host may find open, by role (docs/architecture.md, "Ports"). */
const declared: Record<HostOutputs["role"], number[]> = {
  gateway: [22, 53, 80, 443, 3142],
  edge: [22, 53, 80, 443, 3142],
  web: [22, 80, 443],
  database: [22, 3306],
  cache: [22, 6379],
  store: [22, 7070],
};

/** Asks every TCP port of an address whether it accepts; a refusal comes at once inside one network. */
const scanner = `
import errno, json, select, socket, sys
def batch(address, ports):
    waiting, found, poll = {}, [], select.poll()
    for port in ports:
        line = socket.socket()
        line.setblocking(False)
        if line.connect_ex((address, port)) == errno.EINPROGRESS:
            waiting[line.fileno()] = (line, port)
            poll.register(line, select.POLLOUT)
        else:
            line.close()
    while waiting:
        events = poll.poll(2000)
        if not events:
            break
        for number, _ in events:
            line, port = waiting.pop(number)
            poll.unregister(number)
            if line.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                found.append(port)
            line.close()
    for line, _ in waiting.values():
        line.close()
    return found
def scan(address):
    return sorted(port for first in range(1, 65536, 500) for port in batch(address, range(first, min(first + 500, 65536))))
print(json.dumps({address: scan(address) for address in sys.argv[1:]}))
`;

const scanning = { stdin: scanner, timeoutMs: 150_000 };
let now: SiteHandle;
let hosts: HostOutputs[];

beforeAll(async () => {
  now = await site();
  hosts = [...Object.values(now.regions).flatMap((region) => region.hosts), ...now.global.hosts];
}, 60_000);

describe("[O6] ports", () => {
  test("the open ones of a region's hosts are the declared ones, scanned from a host of that region", async () => {
    // One region is enough: both are the same program (provision.test.ts).
    const [region, from] = ["primary", "primary/web-1"];
    const targets = (now.regions[region]?.hosts ?? []).filter(({ id }) => id !== from);
    const argv = ["python3", "-I", "-", ...targets.map(({ address }) => address)];
    const found = JSON.parse(await onHost(now, from, argv, scanning)) as Record<string, number[]>;
    expect(targets.map(({ id, address }) => [id, found[address]])).toEqual(
      targets.map(({ id, role }) => [id, declared[role]]),
    );
  });

  test("a web host's and the edge's too, seen from a gateway", async () => {
    const web = now.host("primary/web-1");
    const edge = now.host("third/edge");
    const edgeAddress = edge.peeringAddress ?? edge.address;
    const argv = ["python3", "-I", "-", web.address, edgeAddress];
    const found = JSON.parse(await onHost(now, "primary/gateway", argv, scanning)) as Record<
      string,
      number[]
    >;
    expect(found[web.address]).toEqual(declared.web);
    // What only the hosts of its own place use is not offered on the link.
    expect(declared.edge).toEqual(expect.arrayContaining(found[edgeAddress] as number[]));
    expect(found[edgeAddress]).toEqual(expect.arrayContaining([53, 443]));
  });
});

describe("[O4] the database's port", () => {
  const ask = (from: string, address: string) =>
    onHost(now, from, [
      "bash",
      "-c",
      `timeout 3 bash -c '</dev/tcp/${address}/3306' 2>/dev/null && echo open || echo closed`,
    ]);

  test("answers its own web tier and the peer's database, and nobody else in the region or on the link", async () => {
    const { address, peeringAddress } = now.host("primary/database");
    expect(peeringAddress).not.toBeNull();
    const answers = await Promise.all([
      ask("primary/web-1", address),
      ask("secondary/database", peeringAddress ?? ""),
      ...["primary/gateway", "primary/cache", "primary/store"].map((from) => ask(from, address)),
      ...["secondary/gateway", "third/edge"].map((from) => ask(from, peeringAddress ?? "")),
    ]);
    expect(answers).toEqual(["open", "open", "closed", "closed", "closed", "closed", "closed"]);
  });
});

describe("[S19] hosts", () => {
  test("sshd takes keys only, no root, and nothing old", async () => {
    for (const { id } of hosts) {
      const settings = (await onHost(now, id, ["sudo", "-n", "sshd", "-T"])).split("\n");
      const value = (name: string) =>
        settings.find((line) => line.startsWith(`${name} `))?.slice(name.length + 1);
      expect({
        id,
        password: value("passwordauthentication"),
        keyboard: value("kbdinteractiveauthentication"),
        root: value("permitrootlogin"),
        x11: value("x11forwarding"),
      }).toEqual({ id, password: "no", keyboard: "no", root: "no", x11: "no" });
      const algorithms = ["kexalgorithms", "ciphers", "macs", "hostkeyalgorithms"].map(value).join(",");
      expect([id, algorithms]).not.toEqual([
        id,
        expect.stringMatching(/sha1|cbc|3des|arcfour|md5|diffie-hellman|ecdsa|dss/),
      ]);
    }
  });

  test("no account but the login user's and those of services can log in, and none has a password", async () => {
    for (const { id } of hosts) {
      const shadow = (await onHost(now, id, ["sudo", "-n", "cut", "-d:", "-f1,2", "/etc/shadow"])).split(
        "\n",
      );
      expect([id, shadow.filter((line) => !/:[!*]/.test(line))]).toEqual([id, []]);
    }
  });

  test("no secret file can be read by others", async () => {
    const secret = [
      "*key*.pem",
      "*.env",
      "database.json",
      "web.json",
      "peer_key",
      "*.acl",
      "pdns.conf",
      "*.curl",
    ];
    const names = secret.flatMap((name, i) => [...(i === 0 ? [] : ["-o"]), "-name", name]);
    for (const { id } of hosts) {
      const find = ["sudo", "-n", "find", "/etc/evenkeel", "/etc/redis", "/etc/powerdns", "(", ...names, ")"];
      const { stdout } = await now.ssh(id, [...find, "-perm", "/o=rwx"]);
      expect([id, stdout]).toEqual([id, ""]);
    }
  });
});

describe("services", () => {
  test("MariaDB has no anonymous or test account, no test database, and root from the host itself only", async () => {
    for (const region of Object.keys(now.regions)) {
      const accounts = await sql(
        now,
        region,
        "SELECT CONCAT(User, '@', Host) FROM mysql.global_priv WHERE User = '' OR Host = '%' OR (User = 'root' AND Host <> 'localhost')",
      );
      expect([region, accounts]).toEqual([region, []]);
      const databases = await sql(now, region, "SELECT schema_name FROM information_schema.schemata");
      expect(databases.filter((name) => name.startsWith("test"))).toEqual([]);
    }
  });

  test("pages carry the headers one expects, and tell no versions", async () => {
    const url = now.regions.primary?.url as string;
    const { headers } = await get(`${url}/`);
    expect(headers).toMatchObject({
      "x-content-type-options": "nosniff",
      "x-frame-options": "SAMEORIGIN",
      "referrer-policy": "strict-origin-when-cross-origin",
    });
    expect(headers["x-powered-by"]).toBeUndefined();
    expect(headers.server ?? "nginx").toBe("nginx");
    // Under a name that isn't the site's own it must not bind anything else that is there.
    expect(headers["strict-transport-security"]).toBeUndefined();
    const named = await get(`${url}/`, { headers: { host: now.domain } });
    expect(named.headers["strict-transport-security"]).toBe("max-age=31536000");
  });
});

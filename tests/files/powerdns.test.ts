import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { powerdnsConfig, zoneFile } from "../../components/host/dns.ts";
import { trafficCommand } from "../../components/host/haproxy.ts";
import { hostFile, render } from "../../components/host/render.ts";
import { type ScratchHost, scratchHost } from "./support/scratch-host.ts";

const domain = "shop.lab.test";
const primary = { name: "primary", address: "10.99.0.10" };
const secondary = { name: "secondary", address: "10.99.0.20" };
const zone = zoneFile({ domain, regions: [primary, secondary], address: "10.99.0.200" });
const apiKey = "files-test-0123456789";
let host: ScratchHost;

/** A region's balancer as far as the name server asks: port 80, 200 for the paths whose file is there. */
const probed = `
import os, socket, sys, threading
name, address = sys.argv[1:]
def answer(stream):
    path = stream.recv(4096).decode().split(" ")[1]
    up = os.path.exists("/run/probed/" + name + path)
    stream.sendall(b"HTTP/1.1 %s\\r\\nContent-Length: 2\\r\\nConnection: close\\r\\n\\r\\n{}" % (b"200 OK" if up else b"503 No"))
    stream.close()
listener = socket.create_server((address, 80))
while True:
    threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()
`;

jest.setTimeout(60_000);

beforeAll(async () => {
  host = await scratchHost("powerdns", ["pdns-server", "pdns-backend-sqlite3", "sqlite3"]);
  await host.run(["tee", "/root/probed.py"], { input: probed });
  // As a fresh host: the role must not need what the package's own start left.
  await host.bash(`systemctl stop pdns; rm -rf /var/lib/powerdns/*
    for one in primary=10.99.0.10 secondary=10.99.0.20; do
      ip addr add "\${one#*=}/32" dev lo; mkdir -p "/run/probed/\${one%=*}/evenkeel"
      systemd-run --quiet --unit "probed-\${one%=*}" python3 /root/probed.py "\${one%=*}" "\${one#*=}"
    done`);
}, 240_000);

afterAll(() => host?.remove());

const apply = (change: { zone?: string; config?: string } = {}) =>
  host.apply({
    role: "dns",
    files: [
      trafficCommand(),
      { path: "/etc/evenkeel/pdns.conf", content: change.config ?? powerdnsConfig(apiKey), mode: "0600" },
      { path: "/etc/evenkeel/zone", content: change.zone ?? zone },
      {
        path: "/etc/systemd/system/pdns.service.d/evenkeel.conf",
        content: render(hostFile("powerdns/evenkeel.conf"), { DOMAIN: domain }),
      },
    ],
    script: render(hostFile("powerdns/setup.sh"), { DOMAIN: domain }),
  });
const resolve = async (name: string) => (await host.bash(`evenkeel-traffic resolve ${name}`)).split("\n");
const health = (paths: string) =>
  host.bash(`rm -f /run/probed/*/evenkeel/*; for path in ${paths}; do touch "/run/probed/$path"; done`);
const becomes = (expected: string) =>
  host.bash(`for _ in $(seq 50); do
      answer=$(evenkeel-traffic resolve ${domain} | xargs); [ "$answer" = "${expected}" ] && exit 0; sleep 0.1
    done; echo "the answer is $answer" >&2; exit 1`);
const pid = () => host.bash("systemctl show -p MainPID --value pdns");

describe("the role of the name server", () => {
  test("before anything is up every region is the answer; a second run changes nothing", async () => {
    const first = await apply();
    expect({ code: first.exitCode, error: first.exitCode === 0 ? "" : first.stderr }).toEqual({
      code: 0,
      error: "",
    });
    expect(JSON.parse(first.stdout)).toMatchObject({ zone: domain });
    expect(await resolve(domain)).toEqual([primary.address, secondary.address]);
    const before = await pid();
    expect((await apply()).exitCode).toBe(0);
    expect(await pid()).toBe(before);
  });

  test("the active region is the answer, also when the other can be read", async () => {
    await health("primary/evenkeel/active primary/evenkeel/ready secondary/evenkeel/ready");
    await becomes(primary.address);
    expect(await resolve(`www.${domain}`)).toEqual([primary.address]);
  });

  test("[O24] follows the writer, and doesn't return to a region that comes back stale", async () => {
    await health("secondary/evenkeel/active secondary/evenkeel/ready");
    await becomes(secondary.address);
    await health(
      "secondary/evenkeel/active secondary/evenkeel/ready primary/evenkeel/ready primary/evenkeel/live",
    );
    for (let look = 0; look < 30; look++) {
      expect(await resolve(domain)).toEqual([secondary.address]);
      await new Promise((wake) => setTimeout(wake, 100));
    }
  });

  test("nobody active: who can be read; nobody at all: every region", async () => {
    await health("secondary/evenkeel/ready");
    await becomes(secondary.address);
    await health("");
    await becomes(`${primary.address} ${secondary.address}`);
  });

  test("a start on its own finds the active region within two seconds", async () => {
    await health("secondary/evenkeel/active secondary/evenkeel/ready");
    await becomes(secondary.address);
    await host.bash("systemctl restart pdns; sleep 2");
    expect(await resolve(domain)).toEqual([secondary.address]);
  });

  test("each region has its own name; other names are refused, never looked up", async () => {
    expect(await resolve(`secondary.${domain}`)).toEqual([secondary.address]);
    const other = await host.run(["evenkeel-traffic", "resolve", "example.org"]);
    expect(other.exitCode).toBe(1);
    expect(other.stderr).toContain("rcode 5");
  });

  test("the API answers on this host with the key only", async () => {
    const zones = "http://127.0.0.1:8081/api/v1/servers/localhost/zones";
    const ask = (key: string) =>
      host.bash(`curl -sS -o /dev/null -w '%{http_code}' -H 'X-API-Key: ${key}' ${zones}`);
    expect(await ask(apiKey)).toBe("200");
    expect(await ask("wrong")).toBe("401");
    expect(await host.bash("ss -Hltn | grep -c '127.0.0.1:8081'")).toBe("1");
    expect(await host.bash("stat -c %a:%U:%G /etc/powerdns/pdns.conf")).toBe("640:root:pdns");
  });

  test("an unknown setting is refused before it is used", async () => {
    const refused = await apply({ config: `${powerdnsConfig(apiKey)}no-such-setting=1\n` });
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain("the name server goes on with the configuration it has");
    expect(await host.bash("grep -c no-such-setting /etc/powerdns/pdns.conf || true")).toBe("0");
    expect(await resolve(domain)).toEqual([secondary.address]);
  });

  test("a changed zone takes the old one's place", async () => {
    const alone = await apply({ zone: zoneFile({ domain, regions: [secondary] }) });
    expect(alone.exitCode).toBe(0);
    await becomes(secondary.address);
    expect((await host.run(["evenkeel-traffic", "resolve", `primary.${domain}`])).exitCode).toBe(1);
  });
});

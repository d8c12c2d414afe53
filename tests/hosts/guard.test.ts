import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { docker, leftovers, startStopped } from "../../automation/lab/docker.ts";
import { freeNetworks } from "../../automation/lab/networks.ts";
import { connect, hostSpec, inside, runLabHost, type ScratchHost } from "./support/scratch.ts";

/*
 * Two scratch places. `open` is as in a real lab: its gateway has an ordinary outside leg. The outside leg of the
 * gateway of `closed` is itself an internal network, so that nothing could leave even where the guard failed: only
 * from there are private addresses tried.
 */
const site = "scratch-guard";
// In the order of names the outside leg comes first, so that it is what Docker takes for the way out as well.
const network = (place: string) => `${site}-${place}-place`;
const outside = (place: string) => `${site}-${place}-outside`;
const gateway = (place: string) => `${site}-${place}-gateway`;
const inner = (place: string) => `${site}-${place}-web-1`;
const refusedAtOnceSeconds = 1;

let addresses: { gateway: (place: string) => string; inner: (place: string) => string; unused: string };

async function refused(): Promise<number> {
  const { text } = await inside(
    gateway("closed"),
    "nft -j list counter inet evenkeel_guard refused | jq '.nftables[1].counter.packets'",
  );
  return Number(text);
}

/** What a connection did and by how much the guard's counter rose meanwhile. */
async function counted(address: string, port: number) {
  const before = await refused();
  const reply = await connect(gateway("closed"), address, port);
  return { ...reply, rose: (await refused()) - before };
}

async function makePlace(place: string, subnet: string, outsideSubnet: string | null): Promise<void> {
  await Promise.all([
    runLabHost("network create", network(place), { site, place, subnet, internal: true }),
    runLabHost("network create", outside(place), {
      site,
      place,
      subnet: outsideSubnet,
      internal: place === "closed",
    }),
  ]);
  const hosts: ScratchHost[] = [
    {
      name: gateway(place),
      place,
      role: "gateway",
      networks: [
        { name: outside(place), address: null },
        { name: network(place), address: addresses.gateway(place) },
      ],
      extraHosts: { "peer.lab.test": addresses.inner(place) },
    },
    {
      name: inner(place),
      place,
      role: "web",
      networks: [{ name: network(place), address: addresses.inner(place) }],
      gatewayAddress: addresses.gateway(place),
    },
  ];
  await Promise.all(hosts.map((host) => runLabHost("host create", host.name, hostSpec(site, host))));
}

async function removeAll(): Promise<void> {
  const { containers, networks } = await leftovers(site);
  await Promise.all(containers.map((name) => runLabHost("host delete", name)));
  await Promise.all(networks.map((name) => runLabHost("network delete", name)));
}

beforeAll(async () => {
  await removeAll();
  const free = await freeNetworks(site, {
    open: "10.213.1.0/24",
    closed: "10.213.2.0/24",
    closedOutside: "10.213.3.0/24",
    unused: "10.213.4.0/24",
  });
  const at = (name: string, last: number) => (free[name] ?? "").replace(/\.0\/24$/, `.${last}`);
  addresses = { gateway: (place) => at(place, 2), inner: (place) => at(place, 31), unused: at("unused", 7) };
  await Promise.all([
    makePlace("open", free.open ?? "", null),
    makePlace("closed", free.closed ?? "", free.closedOutside ?? ""),
  ]);
}, 120_000);

afterAll(removeAll, 60_000);

describe("a host without an outside leg", () => {
  test("installs a package through its gateway, whose guard is loaded", async () => {
    const guard = await inside(gateway("open"), "nft list chain inet evenkeel_guard outside");
    expect(guard.exitCode).toBe(0);
    expect((await inside(inner("open"), "command -v tree")).exitCode).not.toBe(0);
    const install = await inside(inner("open"), "DEBIAN_FRONTEND=noninteractive apt-get install -y -q tree");
    expect(install.text).toContain("Setting up tree");
    expect((await inside(inner("open"), "tree --version")).exitCode).toBe(0);
  }, 90_000);

  test("has no other way out: no default route, and without the gateway's cache no package", async () => {
    expect((await inside(inner("open"), "ip route show default")).text).toBe("");
    const direct = await inside(
      inner("open"),
      "cd /tmp && apt-get download -o Acquire::Retries=0 -o Acquire::http::Proxy=DIRECT -o Acquire::https::Proxy=DIRECT hello",
    );
    expect(direct.exitCode).not.toBe(0);
    const byCache = await inside(inner("open"), "cd /tmp && apt-get download hello");
    expect(byCache.exitCode).toBe(0);
  }, 90_000);

  test("is told at once that a name is unknown, and knows the lab's names", async () => {
    const unknown = await inside(inner("open"), "getent hosts no-such-name.example");
    expect(unknown.exitCode).toBe(2);
    expect(unknown.seconds).toBeLessThan(1);
    const known = await inside(inner("open"), "getent hosts peer.lab.test");
    expect(known.text).toContain(addresses.inner("open"));
  });
});

describe("the guard on a gateway's outside leg", () => {
  test("refuses an unused private address at once and counts it", async () => {
    const reply = await counted(addresses.unused, 80);
    expect(reply.text).toContain("Connection refused");
    expect(reply.seconds).toBeLessThan(refusedAtOnceSeconds);
    expect(reply.rose).toBe(1);
  });

  test("leaves the lab's own network alone: open and closed ports there answer themselves, nothing is counted", async () => {
    expect(await counted(addresses.inner("closed"), 22)).toMatchObject({ exitCode: 0, rose: 0 });
    expect(await counted(addresses.inner("closed"), 9)).toMatchObject({ exitCode: 1, rose: 0 });
  });

  test("lets questions to the outer resolver pass and nothing else to that address", async () => {
    const { text } = await inside(
      gateway("closed"),
      "sed -n 's/^define resolvers = { \\([0-9.]*\\).*/\\1/p' /etc/evenkeel-lab/guard.conf",
    );
    const send = (port: number) => inside(gateway("closed"), `echo x >/dev/udp/${text}/${port}`);
    const start = await refused();
    await send(53);
    expect(await refused()).toBe(start);
    // Only a private resolver has ports that the guard minds.
    if (/^(10|192\.168|172\.(1[6-9]|2\d|3[01]))\./.test(text)) {
      await send(54);
      expect(await refused()).toBe(start + 1);
    }
  });

  test("is what refuses: with its table taken away the same connection just goes unanswered", async () => {
    await inside(gateway("closed"), "nft delete table inet evenkeel_guard");
    const open = await connect(gateway("closed"), addresses.unused, 80, 2);
    expect(open.text).not.toContain("Connection refused");
    expect((await inside(gateway("closed"), "systemctl restart evenkeel-lab-guard")).exitCode).toBe(0);
    expect((await counted(addresses.unused, 80)).rose).toBe(1);
  });

  test("keeps packets for the lab inside when the leg to it is cut", async () => {
    await docker(["network", "disconnect", network("closed"), gateway("closed")], { timeoutMs: 20_000 });
    const cut = await counted(addresses.inner("closed"), 22);
    expect(cut.text).toContain("Connection refused");
    expect(cut.rose).toBe(1);
    await docker(
      ["network", "connect", "--ip", addresses.gateway("closed"), network("closed"), gateway("closed")],
      {
        timeoutMs: 20_000,
      },
    );
    expect(await counted(addresses.inner("closed"), 22)).toMatchObject({ exitCode: 0, rose: 0 });
  });

  test("stands again after a restart and after the outside leg was cut and joined again", async () => {
    await docker(["stop", gateway("closed")], { timeoutMs: 30_000 });
    expect(await startStopped(site)).toEqual([gateway("closed")]);
    expect((await counted(addresses.unused, 80)).rose).toBe(1);
    await docker(["network", "disconnect", outside("closed"), gateway("closed")], { timeoutMs: 20_000 });
    await docker(["network", "connect", outside("closed"), gateway("closed")], { timeoutMs: 20_000 });
    await inside(gateway("closed"), "/usr/local/lib/evenkeel-lab/net");
    expect((await counted(addresses.unused, 80)).rose).toBe(1);
  }, 60_000);

  test("forwards nothing from the hosts behind it, even where the kernel would", async () => {
    const dropped = async () => {
      const counter = "nft -j list counter inet evenkeel_guard refused_forward";
      return Number((await inside(gateway("closed"), `${counter} | jq '.nftables[1].counter.packets'`)).text);
    };
    expect((await inside(gateway("closed"), "cat /proc/sys/net/ipv4/ip_forward")).text).toBe("0");
    const on = "mount -o remount,bind,rw /proc/sys && echo 1 >/proc/sys/net/ipv4/ip_forward";
    expect((await inside(gateway("closed"), on)).exitCode).toBe(0);
    // A network namespace stands for a host behind it: from a real one, Docker's own rules on this machine would
    // already keep the packet away.
    const behind = [
      "ip netns add behind && ip link add near type veth peer name far netns behind",
      "ip address add 10.213.5.1/30 dev near && ip link set near up",
      "ip -n behind address add 10.213.5.2/30 dev far && ip -n behind link set far up",
      "ip -n behind route add default via 10.213.5.1",
    ];
    expect(await inside(gateway("closed"), behind.join(" && "))).toMatchObject({ exitCode: 0, text: "" });
    const before = await dropped();
    const attempt = `ip netns exec behind timeout 1 bash -c 'exec 3<>/dev/tcp/${addresses.unused}/80'`;
    expect((await inside(gateway("closed"), attempt)).exitCode).not.toBe(0);
    expect(await dropped()).toBeGreaterThan(before);
  });

  test("keeps every leg down when it can't be loaded, and the host says so", async () => {
    await inside(gateway("closed"), "echo 'define outside = {' >/etc/evenkeel-lab/guard.conf");
    await docker(["restart", gateway("closed")], { timeoutMs: 30_000 });
    const ready = await inside(gateway("closed"), "/usr/local/lib/evenkeel-lab/ready 20");
    expect(ready.exitCode).toBe(1);
    expect(ready.text).toContain("guard");
    expect((await inside(gateway("closed"), "ip -o link show up | grep -v ' lo:'; ip route")).text).toBe("");
  }, 60_000);
});

test("nothing is left when its hosts and networks are deleted, and deleting twice is no error", async () => {
  const { containers, networks } = await leftovers(site);
  expect(containers).toHaveLength(4);
  expect(networks).toHaveLength(4);
  await removeAll();
  await Promise.all(containers.map((name) => runLabHost("host delete", name)));
  await Promise.all(networks.map((name) => runLabHost("network delete", name)));
  expect(await leftovers(site)).toEqual({ containers: [], networks: [], volumes: [] });
}, 60_000);

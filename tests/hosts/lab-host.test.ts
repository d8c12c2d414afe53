import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { execa } from "execa";
import { docker, leftovers, missingMachines, removeLeftovers } from "../../automation/lab/docker.ts";
import { freeNetworks } from "../../automation/lab/networks.ts";
import { choosePorts } from "../../automation/lab/ports.ts";
import { labImage } from "../../components/lab/image.ts";
import {
  hostSpec,
  inside,
  runLabHost,
  type ScratchHost,
  scratchKeys,
  tryLabHost,
} from "./support/scratch.ts";

const site = "scratch-verbs";
const place = `${site}-one`;
const outside = `${site}-one-outside`;
const peering = `${site}-peering`;
const gateway = `${site}-one-gateway`;
const inner = `${site}-one-web-1`;
const quickly = { timeoutMs: 30_000 };

let free: Readonly<Record<string, string>>;
let sshPort: number;

const address = (network: string, last: number) => (free[network] ?? "").replace(/\.0\/24$/, `.${last}`);

function gatewaySpec(): object {
  const host: ScratchHost = {
    name: gateway,
    place: "one",
    role: "gateway",
    networks: [
      { name: outside, address: null },
      { name: place, address: address("one", 2) },
    ],
  };
  return { ...hostSpec(site, host), publish: [{ port: sshPort, target: 22, protocol: "tcp" }] };
}

function innerSpec(): object {
  return hostSpec(site, {
    name: inner,
    place: "one",
    role: "web",
    networks: [{ name: place, address: address("one", 31) }],
    gatewayAddress: address("one", 2),
  });
}

beforeAll(async () => {
  await removeLeftovers(site);
  free = await freeNetworks(site, { one: "10.214.1.0/24", peering: "10.214.2.0/24" });
  sshPort = (await choosePorts({ regions: [] })).third?.ssh ?? 0;
  await runLabHost("network create", place, { site, place: "one", subnet: free.one, internal: true });
  await runLabHost("network create", outside, { site, place: "one", subnet: null, internal: false });
}, 60_000);

afterAll(() => removeLeftovers(site), 60_000);

describe("making a host", () => {
  test("gives it its ids once: a second creation returns the same host", async () => {
    const first = await runLabHost("host create", gateway, gatewaySpec());
    expect(first.machineId).toBe(first.containerId?.slice(0, 32));
    expect((await inside(gateway, "cat /etc/machine-id")).text).toBe(first.machineId);
    expect(await runLabHost("host create", gateway, gatewaySpec())).toEqual(first);
  }, 60_000);

  test("[O3] a host answers SSH with the key it was given, to its user's key, and to nothing else", async () => {
    const folder = await mkdtemp(join(tmpdir(), "scratch-ssh-"));
    try {
      await writeFile(join(folder, "key"), scratchKeys.privateKey, { mode: 0o600 });
      await writeFile(join(folder, "known"), `[127.0.0.1]:${sshPort} ${scratchKeys.publicKey}\n`);
      const ssh = (user: string, ...more: string[]) =>
        execa(
          "ssh",
          [
            ...["-F", "none", "-p", String(sshPort), "-i", join(folder, "key"), "-o", "IdentitiesOnly=yes"],
            ...["-o", "BatchMode=yes", "-o", "ConnectTimeout=5", "-o", "StrictHostKeyChecking=yes"],
            ...[
              "-o",
              `UserKnownHostsFile=${join(folder, "known")}`,
              ...more,
              `${user}@127.0.0.1`,
              "sudo id -u",
            ],
          ],
          { reject: false, timeout: 20_000, stdin: "ignore" },
        );
      expect(await ssh("evenkeel")).toMatchObject({ exitCode: 0, stdout: "0" });
      expect((await ssh("root")).stderr).toContain("Permission denied (publickey)");
      expect((await ssh("evenkeel", "-o", "PubkeyAuthentication=no")).stderr).toContain("Permission denied");
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }, 60_000);

  test("its private key lies on the host alone: Docker's description of it doesn't have it", async () => {
    const secret = scratchKeys.privateKey.split("\n")[2] ?? "";
    expect(secret).not.toBe("");
    expect((await inside(gateway, "cat /etc/ssh/ssh_host_ed25519_key")).text).toContain(secret);
    expect(await docker(["inspect", gateway], quickly)).not.toContain(secret);
  });

  test("a host left half-made is made again, one that was finished is not", async () => {
    const clone = (await readFile(join(import.meta.dirname, "../../.evenkeel/clone-id"), "utf8")).trim();
    const ownLabels = ["--label", `evenkeel.site=${site}`, "--label", `evenkeel.clone=${clone}`];
    await docker(["create", "--name", inner, ...ownLabels, labImage(), "/sbin/init"], quickly);
    const half = (await docker(["inspect", "-f", "{{.Id}}", inner], quickly)).trim();
    const made = await runLabHost("host create", inner, innerSpec());
    expect(made.containerId).not.toBe(half);
    await docker(["kill", inner], quickly);
    expect((await runLabHost("host create", inner, innerSpec())).containerId).toBe(made.containerId);
    expect((await inside(inner, "systemctl is-active ssh")).text).toBe("active");
  }, 60_000);

  test("a creation that fails says why and leaves nothing", async () => {
    const name = `${site}-one-second`;
    const spec = { ...gatewaySpec(), networks: [{ name: outside, address: null }] };
    const reply = await tryLabHost("host create", name, spec);
    expect(reply.exitCode).not.toBe(0);
    expect(reply.stderr).toContain(`127.0.0.1:${sshPort}`);
    expect(await missingMachines(site, [name, gateway])).toEqual([name]);
  }, 60_000);

  test("an outside leg without the guard is refused before anything is made", async () => {
    const name = `${site}-one-open`;
    const spec = {
      ...gatewaySpec(),
      publish: [],
      networks: [{ name: outside, address: null }],
      guard: false,
    };
    expect((await tryLabHost("host create", name, spec)).stderr).toContain("without the guard");
    expect(await missingMachines(site, [name])).toEqual([name]);
  });
});

describe("networks and the link", () => {
  test("a network is made once, and one of that name with other addresses is refused", async () => {
    const spec = { site, place: "one", subnet: free.one, internal: true };
    const first = await runLabHost("network create", place, spec);
    expect(await runLabHost("network create", place, spec)).toEqual(first);
    const other = await tryLabHost("network create", place, { ...spec, subnet: free.peering });
    expect(other.stderr).toContain(`exists with ${free.one}`);
  });

  test("the link joins its members at their addresses, again after a cut and after a host was made anew", async () => {
    const spec = {
      site,
      subnet: free.peering,
      members: [
        { container: gateway, address: address("peering", 10) },
        { container: inner, address: address("peering", 11) },
      ],
    };
    const reach = () => inside(gateway, `timeout 3 bash -c 'exec 3<>/dev/tcp/${address("peering", 11)}/22'`);
    const first = await runLabHost("link create", peering, spec);
    expect((await reach()).exitCode).toBe(0);
    await docker(["network", "disconnect", peering, inner], quickly);
    expect((await reach()).exitCode).not.toBe(0);
    expect(await runLabHost("link create", peering, spec)).toEqual(first);
    expect((await reach()).exitCode).toBe(0);
    await runLabHost("host delete", inner);
    await runLabHost("host create", inner, innerSpec());
    await runLabHost("link create", peering, spec);
    expect((await reach()).exitCode).toBe(0);
    expect((await inside(inner, "ip route show default")).text).toBe("");
    expect(
      (
        await tryLabHost("link create", peering, {
          ...spec,
          members: [{ container: "nobody", address: "x" }],
        })
      ).stderr,
    ).toContain("no host nobody");
  }, 90_000);

  test("things that aren't the lab's are left alone", async () => {
    const stranger = "scratch-stranger";
    await docker(["create", "--name", stranger, labImage(), "true"], quickly);
    await docker(["network", "create", "--internal", stranger], quickly);
    try {
      expect((await tryLabHost("host delete", stranger)).stderr).toContain("left alone");
      expect((await tryLabHost("network delete", stranger)).stderr).toContain("left alone");
      expect((await docker(["inspect", "-f", "{{.Name}}", stranger], quickly)).trim()).toBe(`/${stranger}`);
    } finally {
      await docker(["rm", "--force", stranger], quickly);
      await docker(["network", "rm", stranger], quickly);
    }
  });

  test("things of another clone's site of the same name are left alone (exit 12), its folder named", async () => {
    const foreign = "scratch-foreign";
    const labels = [`evenkeel.site=${site}`, "evenkeel.clone=another", "evenkeel.folder=/another/clone"];
    const flags = labels.flatMap((label) => ["--label", label]);
    await docker(["create", "--name", foreign, ...flags, labImage(), "true"], quickly);
    await docker(["network", "create", "--internal", ...flags, foreign], quickly);
    try {
      const network = { site, place: "one", subnet: null, internal: true };
      for (const reply of [
        await tryLabHost("host delete", foreign),
        await tryLabHost("network delete", foreign),
        await tryLabHost("network create", foreign, network),
        await tryLabHost("link create", foreign, network),
      ]) {
        expect(reply.exitCode).toBe(12);
        expect(reply.stderr).toContain("/another/clone");
      }
      expect(await leftovers(site)).not.toMatchObject({ containers: expect.arrayContaining([foreign]) });
      expect((await docker(["inspect", "-f", "{{.Name}}", foreign], quickly)).trim()).toBe(`/${foreign}`);
    } finally {
      await docker(["rm", "--force", foreign], quickly);
      await docker(["network", "rm", foreign], quickly);
    }
  });

  test("what is left of a site can be taken away whole, hosts still on the networks included", async () => {
    const found = await removeLeftovers(site);
    expect(found.containers).toEqual([gateway, inner]);
    expect(found.networks).toEqual([place, outside, peering]);
    expect(await leftovers(site)).toEqual({ containers: [], networks: [], volumes: [] });
    expect((await tryLabHost("link delete", peering)).exitCode).toBe(0);
  }, 60_000);
});

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { regionConfig } from "../../components/host/balancer.ts";
import { edgeConfig, edgeFiles } from "../../components/host/edge.ts";
import { balancerFiles } from "../../components/host/haproxy.ts";
import { hostFile } from "../../components/host/render.ts";
import { holdChapter } from "./haproxy/hold.ts";
import { type ScratchHost, scratchHost } from "./support/scratch-host.ts";

const support = (name: string) => readFileSync(join(import.meta.dirname, "support", name), "utf8");
const domain = "shop.lab.test";
const webServers = [{ name: "web-1", address: "10.10.0.31" }];
const etcd = { address: "127.0.0.1", members: [{ name: "third", address: "127.0.0.2" }] };
const region = regionConfig({ domain, webServers, trustedHops: ["10.99.0.200"], etcd });
let host: ScratchHost;
let tls: { ca: string; certificate: string; key: string };

jest.setTimeout(60_000);

beforeAll(async () => {
  host = await scratchHost("haproxy", ["haproxy", "openssl"]);
  const lay = async (path: string, text: string) => {
    await host.run(["tee", path], { input: text });
  };
  await lay("/root/echo-web.py", support("echo-web.py"));
  await lay("/root/network.sh", support("network.sh"));
  await host.bash(`. /root/network.sh; certificates 2>/dev/null
    place web 10.10.0.1 10.10.0.31; place edge 10.99.0.1 10.99.0.200; place guest 10.98.0.1 10.98.0.2
    web /etc/test-tls/site.pem /etc/test-tls/site-key.pem`);
  const pem = (name: string) => host.bash(`cat /etc/test-tls/${name}.pem`);
  tls = { ca: await pem("ca"), certificate: await pem("site"), key: await pem("site-key") };
  await lay("/etc/haproxy/site.pem", `${tls.certificate}\n${tls.key}`);
}, 240_000);

afterAll(() => host?.remove());

const apply = (config: string, withTls = tls) => applyFiles(balancerFiles(config, withTls));
const applyFiles = (files: ReturnType<typeof edgeFiles>) =>
  host.apply({
    role: "balancer",
    files,
    script: hostFile("haproxy/setup.sh"),
  });
const ask = (words: string, from = "") =>
  host.bash(`${from} curl -sS -m 8 --cacert /etc/test-tls/ca.pem --path-as-is ${words}`);
const until = (condition: string) =>
  host.bash(
    `for _ in $(seq 50); do ${condition} && exit 0; sleep 0.2; done; echo "never: ${condition}" >&2; exit 1`,
  );
const web1Is = (state: string) =>
  until(`evenkeel-traffic haproxy show stat | grep '^web,web-1,' | grep -q ',${state},'`);
const showInfo = (field: string) =>
  host.bash(`evenkeel-traffic haproxy show info | sed -n 's/^${field}: //p'`);

describe("HAProxy itself accepts", () => {
  const hosts = [1, 2, 3, 4].map((n) => ({ name: `web-${n}`, address: `10.10.0.${30 + n}` }));
  const regions = [1, 2, 3].map((n) => ({ name: `region-${n}`, address: `10.99.0.${n}0` }));
  test.each([
    ["a region with one web host", region],
    ["a region with four", regionConfig({ domain, webServers: hosts, trustedHops: ["10.99.0.200"], etcd })],
    ["a region without an edge", regionConfig({ domain, webServers, trustedHops: [], etcd })],
    ["an edge of one region", edgeConfig({ domain, regions: regions.slice(0, 1) })],
    ["an edge of three", edgeConfig({ domain, regions })],
  ])("%s, without a warning", async (_, config) => {
    await host.run(["tee", "/etc/evenkeel-ca"], { input: tls.ca });
    const text = config
      .replaceAll("/etc/evenkeel/tls/ca.pem", "/etc/evenkeel-ca")
      .replace("/etc/evenkeel/hold.lua", "/tmp/hold.lua");
    await host.run(["tee", "/tmp/trial.cfg"], { input: text });
    await host.run(["tee", "/tmp/hold.lua"], { input: hostFile("haproxy/hold.lua") });
    const checked = await host.run(["haproxy", "-c", "-f", "/tmp/trial.cfg"]);
    expect({ code: checked.exitCode, output: checked.stderr }).toEqual({
      code: 0,
      output: expect.not.stringMatching(/WARNING|ALERT/),
    });
  });

  test("and refuses a directive that does not exist, so the check checks", async () => {
    await host.run(["tee", "/tmp/trial.cfg"], { input: `${region}\n    no-such-directive\n` });
    expect((await host.run(["haproxy", "-c", "-f", "/tmp/trial.cfg"])).exitCode).not.toBe(0);
  });
});

describe("the role of a region's balancer", () => {
  test("sets up a balancer that serves its web host, and a second run changes nothing", async () => {
    const first = await apply(region);
    expect({ code: first.exitCode, error: first.exitCode === 0 ? "" : first.stderr }).toEqual({
      code: 0,
      error: "",
    });
    expect(JSON.parse(first.stdout)).toMatchObject({ haproxy: expect.stringMatching(/^3\./) });
    await web1Is("UP");
    const worker = await showInfo("Pid");
    const second = await apply(region);
    expect(JSON.parse(second.stdout)).toEqual(JSON.parse(first.stdout));
    expect(await showInfo("Pid")).toBe(worker);
    expect(await host.bash("stat -c %a:%U /etc/haproxy/site.pem")).toBe("600:root");
  });

  test("drops what a visitor claims about its address, and says its own", async () => {
    const spoof = "-H 'X-Forwarded-For: 6.6.6.6' -H 'X-Real-IP: 6.6.6.6' -H 'Forwarded: for=6.6.6.6'";
    const to = `--resolve ${domain}:443:10.98.0.1 https://${domain}/page`;
    const seen = JSON.parse(await ask(`${spoof} ${to}`, "ip netns exec guest"));
    const values = Object.fromEntries(seen.headers);
    expect(values).toMatchObject({
      "x-forwarded-for": "10.98.0.2",
      "x-forwarded-proto": "https",
      host: domain,
    });
    expect(JSON.stringify(seen)).not.toContain("6.6.6.6");
  });

  test("believes the edge, and adds the edge itself", async () => {
    const to = `-H 'X-Forwarded-For: 203.0.113.9' --resolve ${domain}:443:10.99.0.1 https://${domain}/page`;
    const seen = JSON.parse(await ask(to, "ip netns exec edge"));
    const forwarded = seen.headers.filter(([name]: string[]) => name === "x-forwarded-for");
    expect(forwarded).toEqual([["x-forwarded-for", "203.0.113.9, 10.99.0.200"]]);
  });

  test.each([
    ["/shop/?p=1", "301 https://shop.lab.test/shop/?p=1"],
    ["/evenkeel/../wp-login.php", "301 https://shop.lab.test/evenkeel/../wp-login.php"],
    ["/evenkeel/a/b", "301 https://shop.lab.test/evenkeel/a/b"],
    ["/evenkeel/active", "200 "],
    ["/healthcheck.php", "200 "],
  ])("[D13] plain HTTP for %s: %s", async (path, expected) => {
    const format = "-o /dev/null -w '%{http_code} %header{location}'";
    expect(await ask(`${format} 'http://127.0.0.1${path}'`)).toBe(expected);
  });

  test("takes no TLS older than 1.2, and says so to a client that has nothing newer", async () => {
    // Debian's client offers nothing that old unless it is told to, nor does its server take it.
    const old = (port: number) =>
      host.bash(
        `openssl s_client -connect 127.0.0.1:${port} -cipher DEFAULT@SECLEVEL=0 -tls1_1 </dev/null 2>&1 || :`,
      );
    const weak =
      "ssl-default-bind-ciphers DEFAULT@SECLEVEL=0\n    ssl-default-bind-options ssl-min-ver TLSv1.1";
    const beside = region
      .replace("ssl-default-bind-options ssl-min-ver TLSv1.2", weak)
      .replace("bind :443", "bind :9443")
      .replace("bind :80", "bind :9080")
      .replace("admin.sock", "trial.sock");
    await host.run(["tee", "/tmp/trial.cfg"], { input: beside });
    await host.bash("haproxy -D -p /run/trial.pid -f /tmp/trial.cfg");
    expect(await old(9443)).toMatch(/Cipher is ECDHE[^]*Protocol: TLSv1\.1/);
    await host.bash("kill $(cat /run/trial.pid)");
    expect(await old(443)).toContain("alert protocol version");
    await ask(`--tls-max 1.2 --resolve ${domain}:443:127.0.0.1 https://${domain}/`);
  });

  test("[D13] a web host whose live path fails leaves; with none left it is 503 with Retry-After", async () => {
    const answer = () =>
      ask(
        `-o /dev/null -w '%{http_code} %header{retry-after}' --resolve ${domain}:443:127.0.0.1 https://${domain}/`,
      );
    expect(await answer()).toBe("200 ");
    await host.bash("mkdir -p /run/echo-web/evenkeel; touch /run/echo-web/evenkeel/live");
    await web1Is("DOWN");
    expect(await answer()).toBe("503 5");
    await host.bash("rm /run/echo-web/evenkeel/live");
    await web1Is("UP");
    expect(await answer()).toBe("200 ");
  });

  test("a stranger in the web host's place is never sent a request", async () => {
    await host.bash(". /root/network.sh; web /etc/test-tls/stranger.pem /etc/test-tls/stranger-key.pem");
    await web1Is("DOWN");
    await host.bash(". /root/network.sh; web /etc/test-tls/site.pem /etc/test-tls/site-key.pem");
    await web1Is("UP");
  });

  test("refuses a key that is not the certificate's: what is in use stays, and goes on", async () => {
    const before = await host.bash("cat /etc/haproxy/haproxy.cfg /etc/haproxy/site.pem | sha256sum");
    const strange = { ...tls, key: await host.bash("cat /etc/test-tls/stranger-key.pem") };
    const refused = await apply(region.replace("10.10.0.31", "10.10.0.32"), strange);
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain("the balancer goes on with the ones it has");
    expect(refused.stderr).not.toContain("PRIVATE KEY");
    expect(await host.bash("cat /etc/haproxy/haproxy.cfg /etc/haproxy/site.pem | sha256sum")).toBe(before);
    await ask(`--resolve ${domain}:443:127.0.0.1 https://${domain}/`);
  });

  test("[S3] a host that is added gets nobody before its first check has passed", async () => {
    // Nobody answers there: a check, like a visitor, would learn that only after two seconds.
    const two = [...webServers, { name: "web-2", address: "10.10.0.77" }];
    const answers = host.bash(`for _ in $(seq 60); do
      curl -sk -o /dev/null -m 8 -w '%{http_code} ' --resolve ${domain}:443:127.0.0.1 https://${domain}/
    done`);
    const changed = await apply(
      regionConfig({ domain, webServers: two, trustedHops: ["10.99.0.200"], etcd }),
    );
    expect(changed.exitCode).toBe(0);
    await ask(
      `--parallel --parallel-immediate -o /dev/null -o /dev/null -o /dev/null -o /dev/null --resolve ${domain}:443:127.0.0.1 https://${domain}/[1-4]`,
    );
    expect((await answers).trim().split(" ")).toEqual(Array.from({ length: 60 }, () => "200"));
    const rows = (await host.bash("evenkeel-traffic haproxy show stat")).split("\n");
    const fields = rows.find((row) => row.startsWith("web,web-2,"))?.split(",") ?? [];
    // Cumulated sessions and state.
    expect([fields[7], fields[17]]).toEqual(["0", "DOWN"]);
    await host.bash(`ip -n web addr add 10.10.0.77/24 dev eth0
      systemd-run --quiet --collect --unit echo-web-2 ip netns exec web python3 /root/echo-web.py 10.10.0.77 \\
        /etc/test-tls/site.pem /etc/test-tls/site-key.pem`);
    await until("evenkeel-traffic haproxy show stat | grep '^web,web-2,' | grep -q ',UP,'");
    expect((await apply(region)).exitCode).toBe(0);
    await host.bash("systemctl stop echo-web-2; ip -n web addr del 10.10.0.77/24 dev eth0");
  });

  test("takes a change over by reload: the master stays, and so does a drained server", async () => {
    await host.bash("evenkeel-traffic haproxy set server web/web-1 state drain");
    const master = () => host.bash("systemctl show -p MainPID --value haproxy");
    const [before, worker] = [await master(), await showInfo("Pid")];
    const two = [...webServers, { name: "web-2", address: "10.10.0.32" }];
    const changed = await apply(
      regionConfig({ domain, webServers: two, trustedHops: ["10.99.0.200"], etcd }),
    );
    expect(changed.exitCode).toBe(0);
    expect(await master()).toBe(before);
    expect(await showInfo("Pid")).not.toBe(worker);
    await web1Is("DRAIN");
  });
});

holdChapter({
  domain,
  bash: (script) => host.bash(script),
  ask,
  until,
  applyEdge: (config) => applyFiles(edgeFiles(config, tls)),
});

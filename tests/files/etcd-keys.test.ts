import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { parseEtcdKeys } from "../../automation/remote/etcd.ts";
import { hostFile } from "../../components/host/render.ts";
import { operatorKeyTests } from "./etcd-keys/operator.ts";
import { type ScratchHost, scratchHost } from "./support/scratch-host.ts";

/** The verbs of evenkeel-etcd about keys, on a real etcd of one member: what the program around them gives is plain. */
const program = `#!/bin/bash
set -euo pipefail
shopt -s inherit_errexit
export LC_ALL=C.UTF-8 ETCDCTL_API=3
readonly HERE=127.0.0.1 VERB=$1 MODE=\${2:-}
RUN=\${RUN:-} INSTEAD_OF=\${INSTEAD_OF:-} UNTIL=\${UNTIL:-}
left() { echo 10; }
log() { printf '%s\\n' "$*" >&2; }
fail() { printf '%s\\n' "$*" >&2; exit 1; }
usage() { printf '%s\\n' "$*" >&2; exit 2; }
cfg() { jq -r "$1" <<<'{"site":"shop"}'; }
ask() { etcdctl --endpoints="http://$1:2379" --dial-timeout=2s --command-timeout=2s "\${@:2}"; }
. /root/keys.sh
. /root/operator.sh
"verb_$1"
`;
const writer = '{"region":"primary","epoch":3}';
const parts = ["keys.sh", "operator.sh"];
let host: ScratchHost;

jest.setTimeout(60_000);

beforeAll(async () => {
  host = await scratchHost("etcd-keys", ["etcd-server", "etcd-client", "jq", "shellcheck"]);
  for (const name of parts) await host.run(["tee", `/root/${name}`], { input: hostFile(`etcd/${name}`) });
  await host.run(["tee", "/root/program"], { input: program });
  await host.bash(`systemctl start etcd.service
    for _ in $(seq 100); do etcdctl endpoint health >/dev/null 2>&1 && exit 0; sleep 0.2; done
    echo "etcd does not answer" >&2; exit 1`);
}, 240_000);

afterEach(() => host?.run(["etcdctl", "del", "--prefix", "/evenkeel/"]));
afterAll(() => host?.remove());

const run = (...words: string[]) => host.run(["bash", "/root/program", ...words]);
const put = (key: string, value: string) => host.run(["etcdctl", "put", `/evenkeel/shop/${key}`, value]);

/** What `get` or a put told, as the command line reads it. */
async function told(...words: string[]) {
  const { exitCode, stdout, stderr } = await run(...words);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  return parseEtcdKeys(stdout);
}

test("shellcheck, the verbs with what is around them, and it would have noticed a mistake", async () => {
  const check = (input: string) => host.run(["shellcheck", "-s", "bash", "-"], { input });
  const whole = program.replace(/^\. \/root\/(.*)$/gm, (_, name) => hostFile(`etcd/${name}`));
  expect(await check(whole)).toMatchObject({ exitCode: 0, stdout: "" });
  expect((await check(`${whole}rm $1\n`)).exitCode).toBe(1);
});

describe("the keys of a site", () => {
  test("that was never born are all absent, whatever other sites have", async () => {
    await host.run(["etcdctl", "put", "/evenkeel/shop2/writer", writer]);
    expect(await told("get")).toEqual({
      apiVersion: "evenkeel/v1",
      site: "shop",
      revision: expect.any(Number),
      writer: null,
      lease: null,
      epoch: null,
      sync: null,
      durability: null,
      pause: null,
      lock: null,
      history: [],
      ack: null,
    });
  });

  test("are told as they stand there; a pause that can't be read has no end, and what is not asked for is not read", async () => {
    await put("writer", writer);
    await put("epoch", "3");
    await put("sync", '{"regions":["primary","secondary"],"joined":true}');
    await put("durability", '"async"');
    await put("pause", "since noon");
    await put("other", "no JSON");
    const { writer: region, epoch, sync, durability, pause } = await told("get");
    expect({ region, epoch, sync, durability, pause }).toEqual({
      region: { region: "primary", epoch: 3 },
      epoch: 3,
      sync: { regions: ["primary", "secondary"], joined: true },
      durability: "async",
      pause: { until: null, who: null, at: null, over: false },
    });
  });

  test.each(["sync", "lock", "history", "ack"])(
    "that are no JSON are an error that names where they stand: %s",
    async (key) => {
      await put(key, "{");
      const { exitCode, stdout, stderr } = await run("get");
      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
      expect(stderr).toContain("what etcd holds below /evenkeel/shop/ can't be read");
    },
  );
});

describe("the lease", () => {
  test("that is renewed is at most as old as the time between the looks; one that is not, at least a second", async () => {
    await put("writer", writer);
    const still = await told("get");
    expect(still.lease?.renewed).toBe(false);
    expect(still.lease?.milliseconds).toBeGreaterThanOrEqual(1000);
    const renewing = `while :; do etcdctl put /evenkeel/shop/writer '${writer}' >/dev/null; sleep 0.1; done`;
    await host.bash(`systemd-run --quiet --unit=renewing bash -c ${JSON.stringify(renewing)}`);
    try {
      const { lease } = await told("get");
      expect(lease?.renewed).toBe(true);
      expect(lease?.milliseconds).toBeGreaterThan(0);
      expect(lease?.milliseconds).toBeLessThan(5000);
    } finally {
      await host.run(["systemctl", "stop", "renewing"]);
    }
  });

  test("that is given back while it is watched is nobody's", async () => {
    await put("writer", writer);
    await host.bash(
      `systemd-run --quiet --unit=giving bash -c 'sleep 0.5; etcdctl del /evenkeel/shop/writer'`,
    );
    const keys = await told("get");
    expect([keys.writer, keys.lease]).toEqual([null, null]);
  });
});

describe("put-durability", () => {
  test("puts each mode as JSON and tells it; again, it stays", async () => {
    for (const mode of ["strict", "bounded", "async", "async"]) {
      expect(await told("put-durability", mode)).toMatchObject({ durability: mode });
      const { stdout } = await host.run([
        "etcdctl",
        "get",
        "--print-value-only",
        "/evenkeel/shop/durability",
      ]);
      expect(stdout).toBe(`"${mode}"`);
    }
  });

  test.each(["", "loose", "STRICT", "strict async"])("refuses '%s' (2) and puts nothing", async (mode) => {
    const { exitCode, stdout, stderr } = await run("put-durability", mode);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain(`got '${mode}'`);
    expect((await told("get")).durability).toBeNull();
  });
});

operatorKeyTests({
  run: (words, { input = "", variables = [] } = {}) =>
    host.run(["env", ...variables, "bash", "/root/program", ...words], { input }),
  put: (key, value) => put(key, value),
});

test("without etcd both end with 1 and say so, and a put says that it is not known", async () => {
  await host.run(["systemctl", "stop", "etcd.service"]);
  try {
    expect(await run("get")).toMatchObject({
      exitCode: 1,
      stdout: "",
      stderr: expect.stringMatching(/^etcd does not run on this host/m),
    });
    const { exitCode, stderr } = await run("put-durability", "strict");
    expect(exitCode).toBe(1);
    expect(stderr).toContain("whether the durability is strict is not known");
  } finally {
    await host.run(["systemctl", "start", "etcd.service"]);
  }
});

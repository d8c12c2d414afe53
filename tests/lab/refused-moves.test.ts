import { describe, expect, jest, test } from "@jest/globals";
import { startApplying, stopApplying } from "./support/engines.ts";
import { keysOf, putDurability } from "./support/keeper.ts";
import { move, moved, status } from "./support/moves.ts";
import { movingEach } from "./support/moving.ts";
import { asRoot, cli, eventually, siteName } from "./support/site.ts";

/** Moves that are refused on what is seen, by what is given, or by another operator's lock: nothing is changed by them. */
jest.setTimeout(300_000);

const moving = movingEach();
const now = () => moving().site;

describe("refused, with nothing changed", () => {
  const refused = async (code: number, text: RegExp, ...words: string[]) => {
    const { exitCode, stderr } = await move(...words);
    expect(stderr).toMatch(text);
    expect(stderr).not.toContain("    at ");
    expect(exitCode).toBe(code);
  };

  test("[P11] (12) a standby that lags: its lag is looked at before anything is closed", async () => {
    const { active, standby } = moving().before;
    await moving().shopping();
    const was = await moving().untouched();
    await stopApplying(now(), standby);
    try {
      await eventually("status tells the lag", 20_000, async () => {
        const lag = (await status()).regions.find(({ name }) => name === standby)?.database.lagSeconds;
        return (lag ?? 0) > 2 ? true : null;
      });
      await refused(
        12,
        /lag: \w+ is [\d.]+ s behind \(--max-lag 1s\)/,
        "switchover",
        "--to",
        standby,
        "--max-lag",
        "1s",
      );
    } finally {
      await startApplying(now(), standby);
    }
    expect(await moving().untouched()).toEqual(was);
    await moving().nothingLost(active);
  });

  test("(12) a region that is configured another way than the one it takes over from: file and lines are named", async () => {
    const { standby } = moving().before;
    const web = `${standby}/web-1`;
    const file = "/etc/nginx/snippets/evenkeel-headers.conf";
    const was = await moving().untouched();
    await asRoot(now(), web, ["sh", "-c", `cp -a ${file} /run/was && echo '# another way' >> ${file}`]);
    try {
      await refused(12, /configuration: \S+: .*"# another way"/, "switchover", "--to", standby, "--dry-run");
    } finally {
      await asRoot(now(), web, ["sh", "-c", `cp -a /run/was ${file} && rm /run/was`]);
    }
    expect(await moving().untouched()).toEqual(was);
  });

  test("(12) a standby outside of the sync set", async () => {
    const { active, standby } = moving().before;
    await putDurability(now(), "async");
    try {
      await eventually("it is out", 20_000, async () =>
        (await keysOf(now())).sync?.regions.join() === active ? true : null,
      );
      const was = await moving().untouched();
      await refused(12, /sync set: held by \w+, so \w+ may lack/, "switchover", "--to", standby);
      expect(await moving().untouched()).toEqual(was);
    } finally {
      await putDurability(now(), "bounded");
    }
    await moving().endsWith(active);
  });

  test("[O25] (12) a failover beside an active region that is well, or to the one that is active", async () => {
    const { active, standby } = moving().before;
    const was = await moving().untouched();
    const failover = (to: string) => ["failover", "--to", to, "--confirm", to];
    await refused(12, /is active and well, so nothing has failed/, ...failover(standby));
    await refused(12, new RegExp(`${active} is active already`), ...failover(active));
    await refused(
      12,
      /is active and well/,
      ...failover(standby),
      "--accept-loss",
      "any",
      "--confirmed-off",
      active,
    );
    expect(await moving().untouched()).toEqual(was);
  });

  test("(2) an unknown region, and no confirmation where there is no terminal", async () => {
    const { standby } = moving().before;
    const was = await moving().untouched();
    await refused(2, /there is no region mars[^]*--to secondary/, "switchover", "--to", "mars");
    const bare = await cli(["switchover", "--to", standby]);
    expect(bare.stderr).toContain("--yes");
    expect(bare.exitCode).toBe(2);
    const unconfirmed = await cli(["failover", "--to", standby, "--yes"]);
    expect(unconfirmed.stderr).toContain(`--confirm ${standby}`);
    expect(unconfirmed.exitCode).toBe(2);
    expect(await moving().untouched()).toEqual(was);
  });
});

test("a second operator, whose switchover another machine holds off by etcd's lock: refused (13) with the holder's name; unlocked by name, it goes", async () => {
  const { active, standby, epoch } = moving().before;
  await moving().shopping();
  const holder = {
    ...{ run: "11111111-2222-4333-8444-555555555555", who: "erin", command: `switchover --to ${active}` },
    ...{ host: "other-desk", machineId: "f".repeat(32), bootId: null, pidNamespace: null, pid: 4711 },
    ...{ startTime: null, at: new Date().toISOString(), to: active },
  };
  await asRoot(now(), "third/edge", ["evenkeel-etcd", "lock"], { stdin: JSON.stringify(holder) });
  const was = await moving().untouched();
  expect(was.lock).toMatchObject({ who: "erin" });
  const { exitCode, stderr } = await move("switchover", "--to", standby);
  expect(stderr).toMatch(/locked in etcd by .*erin.*other-desk|locked in etcd by .*other-desk/s);
  expect(exitCode).toBe(13);
  expect(await moving().untouched()).toEqual(was);
  expect((await cli(["unlock", "--yes", "--confirm", siteName])).exitCode).toBe(0);
  await moved("switchover", "--to", standby);
  expect((await keysOf(now())).writer).toEqual({ region: standby, epoch: epoch + 1 });
  await moving().nothingLost(standby);
});

import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { UserError } from "../../../automation/errors.ts";
import { move } from "../failover/sites.ts";
import { type EtcdFake, etcdFake } from "../rollout/etcd-fake.ts";

/** `events` and `timeline` at work on a clone of its own. */
let root: string;
let etcd: EtcdFake;
/** What opening the site's session comes to: null where it was never built. */
let session: () => object | null;
let readerGone: () => boolean;

const real = {
  hosts: await import("../../../automation/hosts.ts"),
  output: await import("../../../automation/output.ts"),
  session: await import("../../../automation/rollout/session.ts"),
  site: await import("../../../automation/site.ts"),
};
const place = () => real.site.sitePlace("shop", root);
jest.unstable_mockModule("../../../automation/hosts.ts", () => ({
  ...real.hosts,
  openHosts: async () => etcd.ssh,
}));
jest.unstable_mockModule("../../../automation/output.ts", () => ({
  ...real.output,
  isReaderGone: () => readerGone(),
}));
jest.unstable_mockModule("../../../automation/rollout/session.ts", () => ({
  ...real.session,
  openExisting: async () => session(),
  readOutputs: async () => etcd.outputs,
}));
jest.unstable_mockModule("../../../automation/site.ts", () => ({ ...real.site, sitePlace: place }));
const { showEvents } = await import("../../../automation/history/show-events.ts");
const { showTimeline } = await import("../../../automation/history/show-timeline.ts");

let printed: string;
let said: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "evenkeel-history-"));
  for (const name of readdirSync(real.site.home).filter((each) => /^Pulumi.*\.yaml$/.test(each)))
    cpSync(join(real.site.home, name), join(root, name));
  mkdirSync(place().stateDirectory, { recursive: true });
  etcd = etcdFake();
  session = () => ({ place: place(), secrets: {} });
  readerGone = () => false;
  [printed, said] = ["", ""];
  jest.spyOn(process.stdout, "write").mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  jest.spyOn(process.stderr, "write").mockImplementation((text) => {
    said += String(text);
    return true;
  });
});
afterEach(() => {
  jest.restoreAllMocks();
  rmSync(root, { recursive: true, force: true });
});

const write = (text: string) => appendFileSync(real.site.journalFile(place()), text);
const line = (run: string, at: string, change: object = {}) =>
  `${JSON.stringify({ at, run, event: "start", command: "provision", ...change })}\n`;
const old = "2026-01-01T00:00:00.000Z";
const events = async (change: Partial<Parameters<typeof showEvents>[0]> = {}) => {
  await showEvents({ site: "shop", since: undefined, follow: false, format: "json", ...change });
  return change.follow === true
    ? []
    : (JSON.parse(printed) as { events: { run: string; what: string }[] }).events;
};

describe("events", () => {
  test("are those of the journal and of etcd together, of the time that was asked for", async () => {
    write(line("a", old));
    write(line("b", new Date().toISOString()));
    etcd.keys.history = [move({ run: "c", at: new Date(Date.now() - 60_000).toISOString() })];
    expect((await events()).map(({ run, what }) => `${run} ${what}`)).toEqual([
      "a start",
      "c move",
      "b start",
    ]);
    printed = "";
    expect((await events({ since: "1h" })).map(({ run }) => run)).toEqual(["c", "b"]);
    expect([said, etcd.closed]).toEqual(["", 2]);
  });

  test("are the journal's alone where etcd can't be asked, which is said", async () => {
    write(line("a", old));
    for (const id of Object.keys(etcd.members)) etcd.members[id] = "failed";
    expect(await events()).toHaveLength(1);
    expect(said).toContain("can't be asked: primary/gateway: etcd runs on this host without a majority");
    session = () => {
      throw new UserError({ what: "the secrets are damaged" });
    };
    printed = "";
    expect(await events()).toHaveLength(1);
    expect(said).toContain("can't be asked: the secrets are damaged");
  });

  test("of a site that was never built are none, and nothing is said", async () => {
    session = () => null;
    expect(await events()).toEqual([]);
    expect(said).toBe("");
  });

  test("of a journal that was cut short are all before it, and that is told", async () => {
    write(`${line("a", old)}{"at":"2026`);
    expect(await events()).toHaveLength(1);
    expect(said).toContain("line 2 of the journal is cut short");
  });

  test("are followed: each is shown once, those that come too, until the reader has gone", async () => {
    write(line("a", old));
    let looks = 0;
    readerGone = () => {
      looks += 1;
      if (looks === 2) write(line("b", new Date().toISOString()));
      return looks > 2;
    };
    await events({ follow: true });
    const shown = printed
      .trim()
      .split("\n")
      .map((one) => JSON.parse(one).run);
    expect(shown).toEqual(["a", "b"]);
    expect(etcd.closed).toBe(1);
  });

  test("since no time are a usage error (2)", async () => {
    await expect(events({ since: "yesterday" })).rejects.toMatchObject({ exitCode: 2 });
  });
});

describe("timeline", () => {
  const shown = async (id: string, format = "table") => {
    await showTimeline({ site: "shop", id, format });
    return printed;
  };

  test("is that of the run that is named, in each form", async () => {
    write(line("aa1", old) + line("aa1", "2026-01-01T00:00:01.500Z", { event: "end", exitCode: 0 }));
    write(line("bb1", "2026-01-02T00:00:00Z"));
    expect(await shown("aa")).toMatch(/^T\+1\.500 +end +provision: exit code 0$/m);
    printed = "";
    expect(await shown("last")).toMatch(/^Run +bb1$/m);
    printed = "";
    expect(JSON.parse(await shown("aa1", "json"))).toMatchObject({ site: "shop", run: "aa1", exitCode: 0 });
    printed = "";
    expect(await shown("aa1", "html")).toMatch(/^<!doctype html>[^]*<\/html>\n$/);
  });

  test("of a run that nobody knows is a usage error (2)", async () => {
    write(line("aa1", old));
    await expect(shown("x")).rejects.toMatchObject({ exitCode: 2, why: "the latest are aa1" });
  });
});

import { describe, expect, test } from "@jest/globals";
import type { SiteOutputs } from "../../../automation/hosts.ts";
import type { RemoteCommand } from "../../../automation/remote/ssh.ts";
import { driftText, lookAtHosts, mendHosts } from "../../../automation/rollout/drift.ts";

const outputs = {
  regions: { primary: { hosts: [{ id: "primary/web-1" }, { id: "primary/database" }] } },
  global: { hosts: [{ id: "third/edge" }] },
} as unknown as SiteOutputs;
const finding = { role: "web", kind: "unit", what: "nginx.service", wanted: "not masked", found: "masked" };
const clean = { roles: ["web"], findings: [], repaired: [], did: [] };

type Answer = { exitCode: number; stdout: string; stderr: string };
const said = (look: object): Answer => ({ exitCode: 0, stdout: JSON.stringify(look), stderr: "" });

/** Answers by host; notes what was asked. */
function site(answers: Record<string, Answer | Error>) {
  const asked: string[] = [];
  const run = async (id: string, { argv }: RemoteCommand) => {
    asked.push(`${id}: ${argv.slice(2).join(" ")}`);
    const answer = answers[id] ?? said(clean);
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { asked, ssh: { run } as never };
}

describe("the look at all hosts", () => {
  test("is one question a host, and says who has what", async () => {
    const { asked, ssh } = site({ "primary/web-1": said({ ...clean, findings: [finding] }) });
    expect(await lookAtHosts(ssh, outputs, { repair: false })).toEqual({
      drifts: [{ ...finding, host: "primary/web-1", repaired: false }],
      did: [],
      unknown: [],
    });
    const program = "/usr/local/sbin/evenkeel-look";
    expect(asked).toEqual([
      `primary/web-1: ${program}`,
      `primary/database: ${program}`,
      `third/edge: ${program}`,
    ]);
  });

  test("[D12] counterparts that are configured in two ways are named, but not by a file that one was changed in", async () => {
    const two = {
      regions: {
        primary: { hosts: [{ id: "primary/web-1" }] },
        secondary: { hosts: [{ id: "secondary/web-1" }] },
      },
      global: null,
    } as unknown as SiteOutputs;
    const config = (digest: string) => ({ "/etc/x": [digest, digest], "/etc/y": [digest, digest] });
    const byHand = {
      role: "web",
      kind: "file",
      what: "/etc/y",
      wanted: "content as written",
      found: "another content",
    };
    const answers = {
      "primary/web-1": said({ ...clean, config: config("a") }),
      "secondary/web-1": said({ ...clean, findings: [byHand], config: config("b") }),
    };
    const { asked, ssh } = site(answers);
    const { drifts } = await lookAtHosts(ssh, two, { repair: false });
    const parity = { host: "primary/web-1", other: "secondary/web-1", kind: "parity", what: "/etc/x" };
    expect(drifts).toMatchObject([{ host: "secondary/web-1", kind: "file" }, parity]);
    expect(asked).toHaveLength(4);
    // A rollout says so, and does not fail: nothing on one host would mend it.
    const notes: string[] = [];
    const mended = said({ ...clean, config: config("a") });
    const end = await mendHosts(
      site({
        ...answers,
        "secondary/web-1": said({ ...clean, config: config("b") }),
        "primary/web-1": mended,
      }).ssh,
      two,
      "proof",
      (text) => notes.push(text),
    );
    expect(end).toBe("all 2 are as they were left");
    expect(notes[0]).toMatch(
      /^warning: primary\/web-1: the configuration \/etc\/x: found .*, wanted as on secondary\/web-1: /,
    );
  });

  test("a host that is silent, fails or says something else is unknown, and the others are looked at", async () => {
    const { ssh } = site({
      "primary/web-1": new Error("no route"),
      "primary/database": { exitCode: 1, stdout: "", stderr: "first\nno such file\n" },
      "third/edge": said({ roles: [] }),
    });
    const { drifts, unknown } = await lookAtHosts(ssh, outputs, { repair: false });
    expect(drifts).toEqual([]);
    expect(unknown.map(({ host }) => host)).toEqual(["primary/web-1", "primary/database", "third/edge"]);
    expect(unknown.slice(0, 2).map(({ why }) => why)).toEqual(["no route", "no such file"]);
  });
});

describe("mending", () => {
  const mend = async (answers: Record<string, Answer | Error>) => {
    const notes: string[] = [];
    const { asked, ssh } = site(answers);
    return { end: await mendHosts(ssh, outputs, "proof", (text) => notes.push(text)), notes, asked };
  };

  test("names what was found and mended; where nothing was, it says so", async () => {
    const mended = said({ ...clean, findings: [finding], repaired: [finding] });
    const { end, notes, asked } = await mend({ "primary/web-1": mended });
    expect(end).toBe("1 mended");
    expect(notes).toEqual(["primary/web-1: the unit nginx.service: found masked, wanted not masked; mended"]);
    expect(asked[0]).toContain("evenkeel-look --repair");
    expect((await mend({})).end).toBe("all 3 are as they were left");
  });

  test("a host that was busy is asked once more, and what the second look mends is mended", async () => {
    const notes: string[] = [];
    const { asked, ssh } = site({});
    const answers = [new Error("no answer"), said({ ...clean, findings: [finding], repaired: [finding] })];
    const others = ssh as { run: (id: string, command: RemoteCommand) => Promise<Answer> };
    const run = async (id: string, command: RemoteCommand) => {
      if (id !== "third/edge") return await others.run(id, command);
      const answer = answers.shift() ?? said(clean);
      if (answer instanceof Error) throw answer;
      return answer;
    };
    const end = await mendHosts({ run } as never, outputs, "proof", (text) => notes.push(text));
    expect(end).toBe("1 mended");
    expect(answers).toEqual([]);
    expect(asked).toHaveLength(4);
    expect(notes).toEqual([
      "third/edge can't be looked at, and is asked once more: no answer",
      "third/edge: the unit nginx.service: found masked, wanted not masked; mended",
    ]);
  });

  test.each([
    ["what could not be mended", said({ ...clean, findings: [finding] }), "found masked"],
    [
      "a host that could not be looked at",
      new Error("no route"),
      "primary/web-1 can't be looked at: no route",
    ],
  ])("%s ends with 10 and is named", async (_, answer, why) => {
    await expect(mend({ "primary/web-1": answer })).rejects.toMatchObject({
      exitCode: 10,
      why: expect.stringContaining(why),
      next: expect.stringContaining("npx evenkeel provision --check --site proof"),
    });
  });
});

test("a drift is told with host, kind, thing, what was found and what is wanted", () => {
  const drift = {
    ...finding,
    kind: "file" as const,
    what: "/etc/x",
    wanted: "mode 0600",
    found: "mode 0644",
  };
  expect(driftText({ ...drift, host: "primary/cache" })).toBe(
    "primary/cache: the file /etc/x: found mode 0644, wanted mode 0600",
  );
});

import { describe, expect, test } from "@jest/globals";
import type { HostConfig } from "../../../automation/remote/host.ts";
import type { RemoteCommand } from "../../../automation/remote/ssh.ts";
import { compareLines, disparities, pairsOf } from "../../../automation/rollout/parity.ts";

const nginx = "/etc/nginx/x";
const php = "/etc/php/y";
const line = (text: string, neutral = text): [string, string, string] => [
  text,
  `is ${text}`,
  `says ${neutral}`,
];

/** Answers the question for lines by host; notes what was asked. */
function site(answers: Record<string, object | Error | null>) {
  const asked: string[] = [];
  const run = async (id: string, { argv }: RemoteCommand) => {
    asked.push(`${id}: ${argv.slice(3).join(" ")}`);
    const answer = answers[id];
    if (answer instanceof Error) throw answer;
    return { exitCode: answer == null ? 1 : 0, stdout: JSON.stringify(answer ?? {}), stderr: "" };
  };
  return { asked, ssh: { run } as never };
}

describe("[D12] counterparts", () => {
  test("are hosts of the same name in two regions; a file is alike as it is, or in neutral words", () => {
    const configs: Record<string, HostConfig> = {
      "primary/web-1": { [nginx]: ["a", "n"], [php]: ["p", "1"] },
      "primary/web-2": { [nginx]: ["x", "x"] },
      "primary/cache": { [nginx]: ["c", "c"] },
      "secondary/web-1": { [nginx]: ["b", "n"], [php]: ["p", "2"] },
      "secondary/cache": { [nginx]: ["d", "d"] },
      "third/edge": {},
    };
    expect(pairsOf(configs)).toEqual([{ host: "primary/cache", other: "secondary/cache", paths: [nginx] }]);
  });

  test("that are alike are asked nothing more", async () => {
    const { asked, ssh } = site({});
    const same = { [nginx]: ["a", "n"] } as HostConfig;
    expect(await disparities(ssh, { "primary/web-1": same, "secondary/web-1": same })).toEqual([]);
    expect(asked).toEqual([]);
  });

  const configs: Record<string, HostConfig> = {
    "primary/web-1": { [nginx]: ["a", "n"], [php]: ["p", "q"] },
    "secondary/web-1": { [nginx]: ["b", "m"] },
  };

  test("that differ are asked once for the lines, and each says what the other doesn't", async () => {
    const { asked, ssh } = site({
      "primary/web-1": {
        [nginx]: [line("same"), line("in primary", "in <own>"), line("limit 1")],
        [php]: [],
      },
      "secondary/web-1": { [nginx]: [line("limit 2"), line("in secondary", "in <own>"), line("same")] },
    });
    const hosts = { host: "primary/web-1", other: "secondary/web-1" };
    expect(await disparities(ssh, configs)).toEqual([
      { ...hosts, path: nginx, here: '"limit 1"', there: '"limit 2"' },
      { ...hosts, path: php, here: "there", there: "no such file" },
    ]);
    expect(asked).toEqual([`primary/web-1: --lines ${nginx} ${php}`, `secondary/web-1: --lines ${nginx}`]);
  });

  test.each([
    ["fails", null],
    ["is silent", new Error("no route")],
  ])("are said to differ also where one %s when it is asked for the lines", async (_, answer) => {
    const { ssh } = site({ "primary/web-1": { [nginx]: [] }, "secondary/web-1": answer });
    const found = await disparities(ssh, {
      "primary/web-1": { [nginx]: ["a", "n"] },
      "secondary/web-1": { [nginx]: ["b", "m"] },
    });
    expect(found).toMatchObject([{ path: nginx, here: "another content", there: "another content" }]);
  });
});

describe("lines", () => {
  test("that a region calls by its own name, in any order, are no difference", () => {
    expect(compareLines([line("a"), line("primary", "x")], [line("secondary", "x"), line("a")])).toBeNull();
    // A name of the one that both write alike.
    expect(compareLines([line("primary", "own")], [line("primary", "other")])).toBeNull();
  });

  test("count as often as they are there, and of many a few are told", () => {
    expect(compareLines([line("a"), line("a")], [line("a")])).toEqual({ here: '"a"', there: "no such line" });
    const many = ["1", "2", "3", "4", "5"].map((text) => line(text));
    expect(compareLines([], many)?.there).toBe('"1", "2", "3" and 2 more');
  });
});

import { execFileSync } from "node:child_process";
import { describe, expect, jest, test } from "@jest/globals";
import { askTyped } from "../../../automation/rollout/confirm.ts";
import { destroyOrder, whatGoes } from "../../../automation/rollout/destroy.ts";
import { setUpReport } from "../../../automation/rollout/engine.ts";
import { exportLines } from "../../../automation/rollout/env.ts";
import { resultBlock } from "../../../automation/rollout/provision.ts";
import { chosen, requireRegion, rolloutOrder } from "../../../automation/rollout/regions.ts";
import type { GlobalOutputs, RegionOutputs } from "../../../components/outputs.ts";

const regions = ["primary", "secondary"];
const atTerminal = { interactive: true, plain: false };
const noTerminal = { interactive: false, plain: true };

const asked = "npx evenkeel provision --site x --preview";
const ask = (region: string, timeout = 1800) => chosen(asked, { region, timeout }, regions);
const pick = (region: string) => ask(region).picked;

describe("what --region picks", () => {
  test("all, one region alone, or what joins them", () => {
    expect(pick("all")).toEqual({ regions, global: true, all: true });
    expect(pick("secondary")).toEqual({ regions: ["secondary"], global: false, all: false });
    expect(pick("global")).toEqual({ regions: [], global: true, all: false });
  });

  test("the regions of a new site go side by side; of one that serves, the active one last", () => {
    expect(rolloutOrder(regions, undefined)).toEqual([regions]);
    expect(rolloutOrder(regions, "primary")).toEqual([["secondary"], ["primary"]]);
    expect(rolloutOrder(["secondary"], "primary")).toEqual([["secondary"]]);
    expect(rolloutOrder(["primary"], "primary")).toEqual([["primary"]]);
    // A region that went away from the configuration.
    expect(rolloutOrder(regions, "tertiary")).toEqual([regions]);
    expect(rolloutOrder([], "primary")).toEqual([]);
  });

  test("[P2] what joins the regions is destroyed before them", () => {
    expect(destroyOrder(pick("all"))).toEqual([["global"], regions]);
    expect(destroyOrder(pick("primary"))).toEqual([["primary"]]);
  });

  test.each([10, 1800, 86_400])("a timeout of %s seconds is taken", (seconds) => {
    expect(ask("all", seconds)).toMatchObject({ timeoutSeconds: seconds });
  });

  test.each([0, 9, 1.5, 86_401, Number.NaN, 1e9])("a timeout of %s seconds is refused", (seconds) => {
    expect(() => ask("all", seconds)).toThrow("--timeout");
  });

  test("a refused flag names a command to run, with what else was asked for", () => {
    const refused = (next: string) => expect.objectContaining({ exitCode: 2, next });
    expect(() => ask("third")).toThrow(refused(`${asked} --region primary`));
    expect(() => chosen("x", { region: "third", timeout: 1800 }, regions, "REGION")).toThrow(
      refused("x --region REGION"),
    );
    expect(() => ask("all", 2)).toThrow(refused(`${asked} --timeout 1800`));
    expect(() => ask("global", 2)).toThrow(refused(`${asked} --region global --timeout 1800`));
  });
});

test("a region that the configuration doesn't name is refused (2), with the command for one that it does", () => {
  const site = { site: "proof", regions };
  const refusing = (name: string) => () =>
    requireRegion(site, name, (known) => `resume ${known} --confirm ${known}`);
  expect(refusing("primary")).not.toThrow();
  expect(refusing("x")).toThrow(
    expect.objectContaining({
      exitCode: 2,
      what: "there is no region x",
      why: "the regions are primary, secondary",
      next: "npx evenkeel resume secondary --confirm secondary --site proof",
    }),
  );
});

test("what a destroy takes is told by region, third place or site before it is confirmed", () => {
  const told = (region: string) => whatGoes({ site: "shop", regions }, pick(region));
  expect(told("all")).toContain("every machine of the site shop (primary, secondary, third place)");
  expect(told("secondary")).toContain("every machine of secondary of the site shop, with its database");
  expect(told("global")).toContain("the third place of the site shop");
});

describe("[P26] typed confirmations", () => {
  const question = {
    ...{ name: "shop", given: undefined, flag: "--confirm", yes: false, terminal: atTerminal },
    consequence: "This deletes it.",
  };
  test("pass when the name is typed or given, and only then", async () => {
    const said = jest.spyOn(process.stderr, "write").mockReturnValue(true);
    await askTyped({ ...question, ask: async () => " shop " });
    expect(said).toHaveBeenCalledWith("This deletes it.\n");
    said.mockRestore();
    await askTyped({ ...question, given: "shop" });
    await expect(askTyped({ ...question, ask: async () => "yes" })).rejects.toMatchObject({ exitCode: 2 });
    await expect(askTyped({ ...question, given: "Shop" })).rejects.toMatchObject({ exitCode: 2 });
  });

  test("without a terminal need flag and --yes, and ask nobody", async () => {
    const ask = async () => {
      throw new Error("asked");
    };
    const silent = { ...question, terminal: noTerminal, ask };
    await expect(askTyped({ ...silent, yes: true })).rejects.toMatchObject({ exitCode: 2 });
    await expect(askTyped({ ...silent, given: "shop" })).rejects.toMatchObject({ exitCode: 2 });
    await askTyped({ ...silent, given: "shop", yes: true });
  });
});

test("the shell reads back exactly what env prints, whatever stands in a value", () => {
  const value = `a'b "c" $HOME \`id\` \\ \n end`;
  const shown = execFileSync("sh", [
    "-c",
    `${exportLines({ EVENKEEL_PROOF: value })}printf %s "$EVENKEEL_PROOF"`,
  ]);
  expect(shown.toString()).toBe(value);
});

test("after a rollout people read where the site is and what to try, in their site's words", () => {
  const region = (name: string) =>
    ({ region: name, url: `https://localhost:${name.length}` }) as RegionOutputs;
  const outputs = {
    regions: { primary: region("primary"), secondary: region("secondary") },
    global: { url: "https://localhost:3" } as GlobalOutputs,
  };
  expect(resultBlock(outputs, " --site x", "secondary")).toBe(
    [
      "Site              https://localhost:3",
      "Region primary    https://localhost:7",
      "Region secondary  https://localhost:9",
      "Log in            npx evenkeel credentials --site x",
      "Look              npx evenkeel status --site x",
      "Go in             npx evenkeel ssh secondary/database --site x",
      "Remove            npx evenkeel destroy --site x",
      "",
    ].join("\n"),
  );
});

test("set-up says one line for each step that did something, and one for all that was there", () => {
  const lines: string[] = [];
  const report = setUpReport((line) => lines.push(line));
  report.receive({ step: "Docker Engine", state: "start", detail: "", seconds: 0 });
  report.receive({ step: "Docker Engine", state: "found", detail: "20.10, as it was", seconds: 0.1 });
  report.receive({ step: "Pulumi CLI", state: "start", detail: "building", seconds: 5 });
  report.receive({ step: "Pulumi CLI", state: "done", detail: "3.259.0", seconds: 125 });
  report.end();
  expect(lines).toEqual([
    "set-up: Pulumi CLI: building ...",
    "set-up: Pulumi CLI done: 3.259.0 (2 min 5 s)",
    "set-up: found Docker Engine (20.10)",
  ]);
});

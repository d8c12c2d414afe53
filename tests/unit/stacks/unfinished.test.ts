import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "@jest/globals";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import type { Deployment } from "../../../automation/stacks/state.ts";
import { unfinishedLog, unfinishedUrns } from "../../../automation/stacks/unfinished.ts";

const folder = mkdtempSync(join(tmpdir(), "evenkeel-unfinished-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => {
  for (const name of readdirSync(folder)) rmSync(join(folder, name));
});

const urnOf = (name: string) => `urn:pulumi:primary::shop::command:remote:Command::${name}`;
const state = (...resources: { name: string; protect?: boolean }[]): Deployment => ({
  version: 3,
  deployment: {
    resources: resources.map(({ name, ...rest }) => ({
      urn: urnOf(name),
      type: "command:remote:Command",
      ...rest,
    })),
  },
});
const left = (...names: string[]) =>
  unfinishedUrns(folder, "primary", state(...names.map((name) => ({ name }))));

const never = (text: string) => {
  throw new Error(`told: ${text}`);
};

type Kind = "resourcePreEvent" | "resOutputsEvent";
const event = (
  kind: Kind,
  name: string,
  { op = "update", type = "command:remote:Command", planning = false } = {},
) => ({ [kind]: { metadata: { op, type, urn: urnOf(name) }, planning } }) as unknown as EngineEvent;

describe("what an update left unfinished on hosts", () => {
  test("is what began and did not end, also for a later run, until that ends well as a whole", () => {
    const first = unfinishedLog(folder, "primary", never);
    first.receive(event("resourcePreEvent", "cache"));
    first.receive(event("resourcePreEvent", "web"));
    first.receive(event("resOutputsEvent", "web"));
    expect(left("cache", "web")).toEqual([urnOf("cache")]);
    const second = unfinishedLog(folder, "primary", never);
    second.receive(event("resourcePreEvent", "web", { op: "create-replacement" }));
    expect(left("cache", "web")).toEqual([urnOf("cache"), urnOf("web")]);
    second.ended();
    expect(left("cache", "web")).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("is nothing of this machine, nothing planned, nothing new: a creation that failed is in no state", () => {
    const log = unfinishedLog(folder, "primary", never);
    log.receive(event("resourcePreEvent", "a", { type: "command:local:Command" }));
    log.receive(event("resourcePreEvent", "b", { planning: true }));
    log.receive(event("resourcePreEvent", "c", { op: "create" }));
    log.receive(event("resourcePreEvent", "d", { op: "same" }));
    expect(left("a", "b", "c", "d")).toEqual([]);
  });

  test("is run again where the state still has it and it is not protected; another stack's is its own", () => {
    const log = unfinishedLog(folder, "primary", never);
    for (const name of ["birth", "gone", "cache"]) log.receive(event("resourcePreEvent", name));
    const known = state({ name: "birth", protect: true }, { name: "cache" });
    expect(unfinishedUrns(folder, "primary", known)).toEqual([urnOf("cache")]);
    expect(unfinishedUrns(folder, "secondary", known)).toEqual([]);
  });

  test("is also what the state holds as pending: Pulumi goes on after the run that started it was killed", () => {
    const cut = state({ name: "cache" }, { name: "web" });
    const operation = (name: string, type: string) => ({
      type: "updating",
      resource: { urn: urnOf(name), type },
    });
    cut.deployment.pending_operations = [
      operation("cache", "command:remote:Command"),
      operation("web", "command:local:Command"),
    ];
    expect(unfinishedUrns(folder, "primary", cut)).toEqual([urnOf("cache")]);
  });

  test("that can't be noted throws nothing into the engine's events, and is told once, also where the update then fails", () => {
    const told: string[] = [];
    const log = unfinishedLog(join(folder, "none"), "primary", (text) => told.push(text));
    log.receive(event("resourcePreEvent", "cache"));
    log.receive(event("resourcePreEvent", "web"));
    expect(told).toEqual([expect.stringMatching(/can't be noted: nothing can be written in .*none/)]);
  });

  test("a damaged note is none", () => {
    for (const text of ["{", '{"a":1}', "[1,null]", ""]) {
      writeFileSync(join(folder, "primary.unfinished.json"), text);
      expect(left("cache")).toEqual([]);
    }
  });
});

import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { setUp, setUpSteps } from "../../../automation/engine/setup.ts";
import type { StepEvent } from "../../../automation/engine/steps.ts";
import { scratchFolder } from "./scratch.ts";

const scratch = scratchFolder();
const before = { cache: process.env.XDG_CACHE_HOME, plugin: process.env.PULUMI_COMMAND_PLUGIN };
beforeAll(() => {
  process.env.XDG_CACHE_HOME = scratch;
});
afterAll(() => {
  if (before.cache === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = before.cache;
});

const facts = {
  platform: "linux",
  root: true,
  debian: true,
  ssh: true,
  docker: "absent" as const,
  imageFromPackages: false,
  mmdebstrap: true,
};

describe("set-up", () => {
  test("refuses with exit code 2 before any step and before anything is written, when nobody can be asked", async () => {
    const events: StepEvent[] = [];
    const refused = setUp({
      yes: false,
      interactive: false,
      report: (event) => events.push(event),
      observe: async () => facts,
    });
    await expect(refused).rejects.toMatchObject({ exitCode: 2, code: "consent" });
    expect(events).toEqual([]);
    expect(existsSync(join(scratch, "evenkeel"))).toBe(false);
  });

  test("refuses a command plugin that can't be executed before it looks at the machine", async () => {
    process.env.PULUMI_COMMAND_PLUGIN = join(scratch, "absent");
    let looked = false;
    const observe = async () => {
      looked = true;
      return facts;
    };
    const refused = setUp({ yes: true, interactive: false, report: () => undefined, observe });
    await expect(refused).rejects.toMatchObject({ exitCode: 2, code: "command-plugin" });
    expect(looked).toBe(false);
    if (before.plugin === undefined) delete process.env.PULUMI_COMMAND_PLUGIN;
    else process.env.PULUMI_COMMAND_PLUGIN = before.plugin;
  });

  const order = (packages: string[]) =>
    setUpSteps({ home: scratch, cache: scratch }, packages).map(({ name, after }) =>
      [name, ...after].join(" < "),
    );

  test("system packages come before the engine, the engine before the image, the CLI before host and plugin", () => {
    expect(order(["docker.io"])).toEqual([
      "system packages",
      "kernel limits",
      "Docker Engine < system packages",
      "Pulumi CLI",
      "language host < Pulumi CLI",
      "command plugin < Pulumi CLI",
      "WordPress core",
      "keeper's Node",
      "object store < language host",
      "lab image < Docker Engine < system packages",
    ]);
  });

  test("[D9] PG4WP is fetched for a site that wants it, and for no other", () => {
    const names = (wanted?: boolean) =>
      setUpSteps({ home: scratch, cache: scratch }, [], wanted).map(({ name }) => name);
    expect(names(true)).toContain("PG4WP");
    expect(names()).not.toContain("PG4WP");
  });

  test("with nothing to install there is no such step and nothing waits for it", () => {
    expect(order([])).not.toContain("system packages");
    expect(order([])).toContain("Docker Engine");
    expect(order([])).toContain("lab image < Docker Engine");
  });
});

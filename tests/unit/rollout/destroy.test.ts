import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";
import { hasStacks, secretsToAsk } from "../../../automation/rollout/destroy.ts";
import type { Session } from "../../../automation/rollout/session.ts";

const backend = mkdtempSync(join(tmpdir(), "evenkeel-backend-"));
afterAll(() => rmSync(backend, { recursive: true, force: true }));

describe("what is left of a site whose folder is lost", () => {
  test("is seen in the state, of this site only", () => {
    const folder = join(backend, ".pulumi/stacks/shop");
    expect(hasStacks(backend, "shop")).toBe(false);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "primary.json.bak"), "{}");
    expect(hasStacks(backend, "shop")).toBe(false);
    writeFileSync(join(folder, "primary.json"), "{}");
    expect(hasStacks(backend, "shop")).toBe(true);
    expect(hasStacks(backend, "other")).toBe(false);
  });
});

describe("without readable secrets", () => {
  const picked = { regions: ["primary"], global: false, all: false };
  const config = { site: "shop" };
  test("one region is not destroyed unless told twice (exit 12)", () => {
    const session = {
      config,
      get secrets(): never {
        throw new Error("the secrets are damaged");
      },
    } as unknown as Session;
    expect(() => secretsToAsk(session, picked)).toThrow(
      expect.objectContaining({
        exitCode: 12,
        why: expect.stringContaining("the secrets are damaged"),
        next: expect.stringContaining("--even-active"),
      }),
    );
  });

  test("with them the hosts are asked", () => {
    const secrets = {};
    expect(secretsToAsk({ config, secrets } as unknown as Session, picked)).toBe(secrets);
  });
});

import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "@jest/globals";
import { removeRest, secretsToAsk } from "../../../automation/rollout/destroy.ts";
import type { Session } from "../../../automation/rollout/session.ts";

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

describe("[P2] another stack in the site's project", () => {
  /** A destroy's last step over a file backend that holds these states. */
  async function rest(states: readonly string[]) {
    const backend = mkdtempSync(join(tmpdir(), "evenkeel-destroy-"));
    const folder = join(backend, ".pulumi/stacks/shop");
    mkdirSync(folder, { recursive: true });
    for (const name of states) writeFileSync(join(folder, `${name}.json`), "{}");
    const session = {
      config: { site: "shop", provider: "managed", regions: ["primary"] },
      engine: { env: { PULUMI_BACKEND_URL: pathToFileURL(backend).href } },
      stacks: {
        existing: async () => states.filter((name) => name !== "tertiary"),
        others: async () => states.filter((name) => name === "tertiary"),
        // As the CLI does it: the state goes, a copy stays.
        remove: async (name: string) => {
          writeFileSync(join(folder, `${name}.json.bak`), "{}");
          rmSync(join(folder, `${name}.json`));
        },
      },
    } as unknown as Session;
    const error = await removeRest(session).catch((thrown: unknown) => thrown);
    const left = readdirSync(join(backend, ".pulumi/stacks"), { recursive: true, encoding: "utf8" }).sort();
    rmSync(backend, { recursive: true });
    return { left, error };
  }

  test("is left with its state and named (exit 12), so that the site's folder stays too", async () => {
    const { left, error } = await rest(["primary", "global", "tertiary"]);
    expect(left).toEqual(["shop", "shop/tertiary.json"]);
    expect(error).toMatchObject({
      exitCode: 12,
      what: expect.stringContaining("left as they are: tertiary"),
      next: expect.stringContaining("evenkeel:regions"),
    });
  });

  test("there is none: nothing of the project is left", async () => {
    expect(await rest(["primary", "global"])).toEqual({ left: [], error: undefined });
  });
});

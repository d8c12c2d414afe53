import { describe, expect, test } from "@jest/globals";
import { secretsToAsk } from "../../../automation/rollout/destroy.ts";
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

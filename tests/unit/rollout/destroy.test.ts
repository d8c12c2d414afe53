import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "@jest/globals";
import { removeRest, secretsToAsk, whyKept } from "../../../automation/rollout/destroy.ts";
import type { Session } from "../../../automation/rollout/session.ts";
import { active, standby } from "../failover/sites.ts";
import { answers, known, readOnly, silent, unseeded } from "./answered.ts";

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

describe("destroying one region", () => {
  test("[P2] is refused for the active one, and for a silent one that may be it", () => {
    expect(whyKept("primary", answers(known(active), known(standby)))).toContain("active region");
    expect(whyKept("primary", answers(known(readOnly), known(standby)))).toContain("active region");
    expect(whyKept("primary", answers(silent, known(standby)))).toContain("can't be asked");
    expect(whyKept("primary", answers(silent, silent))).toContain("can't be asked");
  });

  const fenced = { ...readOnly, role: "fenced" as const };
  test.each([
    ["a fenced one, which may have been the writer", fenced, known(standby), "fenced at epoch 1"],
    ["a fenced one beside an active one that is read-only", fenced, known(readOnly), "fenced at epoch 1"],
    ["a standby beside a silent region", standby, silent, "the last one that answers"],
    ["a standby beside a new, empty database", standby, known(unseeded), "the last one that answers"],
    ["a standby beside an older copy", { ...standby, epoch: 2 }, known(fenced), "(epoch 2)"],
  ])("is refused for %s", (_, own, other, reason) => {
    expect(whyKept("primary", answers(known(own), other))).toContain(reason);
  });

  test("is allowed where another region writes or holds as much, and for an empty database", () => {
    expect(whyKept("primary", answers(known(fenced), known(active)))).toBeNull();
    expect(whyKept("primary", answers(known(standby), known(readOnly)))).toBeNull();
    expect(whyKept("primary", answers(known(standby), known(fenced)))).toBeNull();
    expect(whyKept("primary", answers(known(unseeded), silent))).toBeNull();
  });

  test("is allowed for a standby, for a silent one beside the writer, and where no host exists", () => {
    expect(whyKept("secondary", answers(known(active), known(standby)))).toBeNull();
    expect(whyKept("secondary", answers(known(active), silent))).toBeNull();
    expect(whyKept("secondary", { primary: known(active) })).toBeNull();
  });
});

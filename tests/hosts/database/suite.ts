import { afterAll, beforeAll, expect } from "@jest/globals";
import type { Engine } from "../../../components/host/database-settings.ts";
import { databaseLab, hosts } from "../support/database-lab.ts";
import { buildPair, type DatabasePair } from "../support/database-pair.ts";
import { anewTests } from "./anew.ts";
import { birthTests } from "./birth.ts";
import { digestTests } from "./digest.ts";
import { faultTests } from "./faults.ts";
import { fenceTests } from "./fence.ts";
import { lookTests } from "./look.ts";
import { promotionTests } from "./promotion.ts";
import { restartTests } from "./restart.ts";
import { returnTests } from "./return.ts";
import { rightsTests } from "./rights.ts";
import { roleTests } from "./role.ts";
import { seedTests } from "./seed.ts";
import { slotTests } from "./slots.ts";

/**
 * The database role of one engine on two plain systemd hosts, reached by nothing but SSH: no site, no Pulumi. The tests
 * of all chapters follow each other: what one leaves is where the next begins. `npm test` shows once what evenkeel-db does
 * alike on every engine (fences, hosts made anew, faults), with MariaDB; `npm run soak` does with the others.
 */
export function databaseSuite(engine: Engine, chapters: "every" | "engine's own"): void {
  let pair: DatabasePair;
  const lab = databaseLab(engine, () => pair);

  beforeAll(async () => {
    pair = await buildPair(engine);
    const facts = await Promise.all(hosts.map((name) => pair.applyRole(name)));
    expect(facts.map(({ role, running }) => ({ role, running }))).toEqual([
      { role: "unseeded", running: true },
      { role: "unseeded", running: true },
    ]);
  }, 600_000);

  afterAll(async () => {
    await pair?.close();
  }, 120_000);

  roleTests(lab);
  birthTests(lab);
  seedTests(lab);
  promotionTests(lab);
  restartTests(lab);
  if (chapters === "every") {
    fenceTests(lab);
    anewTests(lab);
    faultTests(lab);
  }
  lookTests(lab);
  digestTests(lab);
  if (engine === "postgresql") {
    slotTests(lab);
    rightsTests(lab);
  }
  returnTests(lab);
}

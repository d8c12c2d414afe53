import { afterAll, beforeAll, expect } from "@jest/globals";
import { anewTests } from "./database/anew.ts";
import { birthTests } from "./database/birth.ts";
import { fenceTests } from "./database/fence.ts";
import { promotionTests } from "./database/promotion.ts";
import { restartTests } from "./database/restart.ts";
import { roleTests } from "./database/role.ts";
import { seedTests } from "./database/seed.ts";
import { databaseLab, hosts } from "./support/database-lab.ts";
import { buildPair, type DatabasePair } from "./support/database-pair.ts";

/**
 * The database role on two plain systemd hosts, reached by nothing but SSH: no site, no Pulumi. The tests
 * of all chapters follow each other: what one leaves is where the next begins.
 */
let pair: DatabasePair;
const lab = databaseLab(() => pair);

beforeAll(async () => {
  pair = await buildPair();
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
fenceTests(lab);
anewTests(lab);

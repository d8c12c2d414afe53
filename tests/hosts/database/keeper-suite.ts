import { afterAll, beforeAll } from "@jest/globals";
import type { Engine } from "../../../components/host/database-settings.ts";
import { databaseLab, hosts } from "../support/database-lab.ts";
import { buildPair, type DatabasePair } from "../support/database-pair.ts";
import { keeperBirthTests } from "./keeper-birth.ts";
import { keeperCloseTests } from "./keeper-close.ts";
import { keeperMoveTests } from "./keeper-move.ts";
import { keeperPeerTests } from "./keeper-peers.ts";
import { keeperWaitTests } from "./keeper-wait.ts";
import { keeperWatchTests } from "./keeper-watch.ts";

/**
 * What a keeper asks of one engine's database hosts, on two plain systemd hosts whose keepers are stand-ins: the tests
 * say what etcd would. All chapters follow each other.
 */
export function keeperSuite(engine: Engine): void {
  let pair: DatabasePair;
  const lab = databaseLab(engine, () => pair);

  beforeAll(async () => {
    pair = await buildPair(engine);
    await Promise.all(hosts.map((name) => pair.applyRole(name)));
  }, 600_000);

  afterAll(async () => {
    await pair?.close();
  }, 120_000);

  keeperBirthTests(lab);
  keeperWaitTests(lab);
  if (engine === "mariadb") keeperPeerTests(lab);
  keeperWatchTests(lab);
  keeperCloseTests(lab);
  keeperMoveTests(lab);
}

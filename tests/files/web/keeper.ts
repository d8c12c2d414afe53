import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { keeperRules } from "../support/keeper-rules.ts";
import { library, type WebHost } from "../support/web-host.ts";

/** evenkeel-web where the keeper opens and closes. Epochs from 30 on. */
export function keeperTests(web: WebHost): void {
  const { evenkeelWeb } = web;
  const keeper = keeperRules(web);
  const question = `${library}/heartbeat.php`;
  const purge = `${library}/purge.d/noted`;
  const purges = async () => (await web.host.bash("cat /tmp/purges 2>/dev/null || true")).trim().length;
  const gateFile = async () =>
    (await web.host.bash("cat /run/evenkeel/gate-open 2>/dev/null || true")).trim();
  /** What the region's database shows from now on, in place of the question to it. */
  const database = async (shown: { region: string; epoch: number; readOnly: boolean }) => {
    const input = `<?php echo '${JSON.stringify({ ...shown, ageSeconds: 0.5 })}';`;
    await web.host.run(["tee", `${question}.new`], { input });
    await web.host.bash(`mv ${question}.new ${question}`);
  };
  const writesAt = (epoch: number) => database({ region: "primary", epoch, readOnly: false });
  const reads = () => database({ region: "secondary", epoch: 40, readOnly: true });

  describe("evenkeel-web under the keeper's rules", () => {
    beforeAll(async () => {
      await web.host.bash(`evenkeel-web close; cp -p ${question} /root/heartbeat.php
printf '#!/bin/sh\\nprintf p >>/tmp/purges\\n' >${purge}; chmod +x ${purge}`);
      await keeper.begin();
    });
    beforeEach(() => web.host.bash("rm -f /tmp/purges"));
    afterEach(async () => {
      await keeper.noLease();
      await evenkeelWeb("close");
    });
    afterAll(async () => {
      await keeper.end();
      await web.host.bash(`mv /root/heartbeat.php ${question}; rm -f ${purge} /tmp/purges`);
    });

    test("opens at the lease's epoch, and status tells the lease and the keeper", async () => {
      await writesAt(30);
      await keeper.lease(30, 60_000);
      expect((await evenkeelWeb("open", "--epoch", "30")).answer).toEqual({
        gate: "open",
        epoch: 30,
        changed: true,
      });
      const { answer } = await evenkeelWeb("status");
      expect(answer).toMatchObject({ gate: "open", epoch: 30, keeper: "active", lease: { epoch: 30 } });
      const { leftSeconds } = (answer as { lease: { leftSeconds: number } }).lease;
      expect(leftSeconds).toBeGreaterThan(30);
      expect(leftSeconds).toBeLessThan(60);
    });

    test.each([
      ["there is none", () => keeper.noLease(), "the lease is not this region's"],
      ["it is over", () => keeper.lease(31, -50), "the lease is not this region's"],
      ["it is another region's", () => keeper.line("0 0"), "the lease is not this region's"],
      ["it is of another epoch", () => keeper.lease(32, 60_000), "the lease is of epoch 32, not of 31"],
      ["its file says nothing", () => keeper.line("31 soon"), "the lease is not this region's"],
    ])("[F4] refuses (12) to open without a lease: %s", async (_, lay, reason) => {
      await writesAt(31);
      await lay();
      const refused = await evenkeelWeb("open", "--epoch", "31");
      expect([refused.exitCode, refused.stderr]).toEqual([12, expect.stringContaining(reason)]);
      expect(await gateFile()).toBe("");
    });

    test("waits for the database, and gives up with the lease", async () => {
      await reads();
      await keeper.lease(33, 60_000);
      const failed = await evenkeelWeb("open", "--epoch", "33", "--deadline", "1");
      expect([failed.exitCode, failed.stderr]).toEqual([
        1,
        expect.stringContaining("is not open at epoch 33: the active region is secondary"),
      ]);
      const opening = evenkeelWeb("open", "--epoch", "33", "--deadline", "30");
      await writesAt(33);
      expect(await opening).toMatchObject({ exitCode: 0, answer: { gate: "open", changed: true } });
      await reads();
      await keeper.lease(34, 1500);
      expect((await evenkeelWeb("open", "--epoch", "34", "--deadline", "30")).exitCode).toBe(12);
      expect(await gateFile()).toBe("");
    });

    test("a gate that was away for a moment opens again with its caches; closing for good empties them, and no opening has to", async () => {
      await writesAt(35);
      await keeper.lease(35, 60_000);
      await evenkeelWeb("open", "--epoch", "35");
      expect(await purges()).toBe(0);
      expect((await evenkeelWeb("close", "--keep-caches")).answer).toMatchObject({
        gate: "closed",
        changed: true,
      });
      expect((await evenkeelWeb("status")).answer).toMatchObject({ gate: "closed", cron: "inactive" });
      expect((await evenkeelWeb("open", "--epoch", "35")).answer).toMatchObject({
        gate: "open",
        changed: true,
      });
      expect((await evenkeelWeb("status")).answer).toMatchObject({ gate: "open", cron: "active" });
      // As a keeper that dies leaves it.
      await web.host.bash("rm /run/evenkeel/gate-open");
      await evenkeelWeb("open", "--epoch", "35");
      expect(await purges()).toBe(0);
      await evenkeelWeb("close", "--keep-caches");
      await evenkeelWeb("close");
      expect(await purges()).toBe(1);
      await evenkeelWeb("close");
      expect(await purges()).toBe(1);
      await evenkeelWeb("open", "--epoch", "35");
      expect(await purges()).toBe(1);
      await evenkeelWeb("close", "--keep-caches");
      await writesAt(36);
      await keeper.lease(36, 60_000);
      await evenkeelWeb("open", "--epoch", "36");
      expect(await purges()).toBe(1);
    });

    test("[P15] closing ends a round of scheduled tasks that is under way, also where it keeps the caches", async () => {
      const tasks = `${library}/cron.php`;
      await writesAt(36);
      await keeper.lease(36, 60_000);
      await evenkeelWeb("open", "--epoch", "36");
      await web.host.bash(`cp -p ${tasks} /root/cron.php; echo '<?php touch("/tmp/round-began"); sleep(200);' >${tasks}
systemctl start --no-block evenkeel-cron.service
for _ in $(seq 100); do [ -e /tmp/round-began ] && break; sleep 0.1; done`);
      try {
        const state = async () =>
          (await web.host.run(["systemctl", "is-active", "evenkeel-cron.service"])).stdout.trim();
        expect(await state()).toBe("activating");
        await evenkeelWeb("close", "--keep-caches");
        expect(await state()).toBe("inactive");
        expect((await web.host.run(["pgrep", "-f", tasks])).exitCode).toBe(1);
      } finally {
        await web.host.bash(`mv /root/cron.php ${tasks}; rm -f /tmp/round-began`);
      }
    });

    test("a gate of another epoch than the lease is not open, and opening mends it", async () => {
      await writesAt(37);
      await keeper.lease(37, 60_000);
      await evenkeelWeb("open", "--epoch", "37");
      await web.host.bash("echo 36 >/run/evenkeel/gate-open");
      expect((await evenkeelWeb("status")).answer).toMatchObject({ gate: "closed" });
      await evenkeelWeb("open", "--epoch", "37");
      expect(await gateFile()).toBe("37");
      expect((await evenkeelWeb("status")).answer).toMatchObject({ gate: "open" });
    });

    describe("settle", () => {
      test("opens nothing by itself, whatever the database proves", async () => {
        await writesAt(38);
        const { answer } = await evenkeelWeb("settle", "--deadline", "1");
        expect(answer).toMatchObject({ gate: "closed", certain: false });
        await keeper.lease(38, 60_000);
        expect((await evenkeelWeb("settle", "--deadline", "1")).answer).toMatchObject({
          gate: "closed",
          certain: false,
          reason: expect.stringContaining("has not opened yet"),
        });
        expect(await gateFile()).toBe("");
      });

      test("waits until the keeper has opened", async () => {
        await writesAt(39);
        await keeper.lease(39, 60_000);
        const settling = evenkeelWeb("settle", "--deadline", "30");
        await evenkeelWeb("open", "--epoch", "39");
        expect((await settling).answer).toEqual({
          gate: "open",
          epoch: 39,
          changed: false,
          reason: null,
          certain: true,
        });
        // Not while it settles: a stop that meets its start cancels that, and it says that it failed.
        await web.host.bash("systemctl stop evenkeel-cron.timer");
        expect((await evenkeelWeb("settle")).answer).toMatchObject({ gate: "open" });
        expect((await evenkeelWeb("status")).answer).toMatchObject({ cron: "active" });
      });

      test("takes the keeper's word that the lease is elsewhere, but not against the own database, nor a dead one's", async () => {
        await reads();
        await keeper.line("0 0");
        expect((await evenkeelWeb("settle", "--deadline", "20")).answer).toMatchObject({
          gate: "closed",
          certain: true,
        });
        await writesAt(40);
        expect((await evenkeelWeb("settle", "--deadline", "1")).answer).toMatchObject({
          gate: "closed",
          certain: false,
          reason: expect.stringContaining("and yet this region's database writes"),
        });
        await reads();
        await web.host.bash("systemctl stop evenkeel-keeper");
        try {
          expect((await evenkeelWeb("settle", "--deadline", "1")).answer).toMatchObject({ certain: false });
          expect((await evenkeelWeb("status")).answer).toMatchObject({
            keeper: "inactive",
            stopped: expect.arrayContaining(["evenkeel-keeper.service"]),
          });
        } finally {
          await web.host.bash("systemctl start evenkeel-keeper");
        }
      });

      test("closes a gate whose lease is over", async () => {
        await writesAt(41);
        await keeper.lease(41, 60_000);
        await evenkeelWeb("open", "--epoch", "41");
        await keeper.lease(41, -50);
        expect((await evenkeelWeb("settle", "--deadline", "1")).answer).toMatchObject({
          gate: "closed",
          changed: true,
          certain: false,
        });
        expect(await gateFile()).toBe("");
      });
    });
  });
}

import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { WebHost } from "../support/web-host.ts";

export function evenkeelWebTests(web: WebHost): void {
  const { evenkeelWeb } = web;

  describe("evenkeel-web", () => {
    test("open and close do the same when repeated, and the timer of the scheduled tasks follows", async () => {
      await evenkeelWeb("close");
      expect((await evenkeelWeb("open", "--epoch", "4")).answer).toEqual({
        gate: "open",
        epoch: 4,
        changed: true,
      });
      expect((await evenkeelWeb("open", "--epoch", "4")).answer).toEqual({
        gate: "open",
        epoch: 4,
        changed: false,
      });
      expect((await evenkeelWeb("status")).answer).toMatchObject({
        gate: "open",
        epoch: 4,
        cron: "active",
        core: null,
        lease: null,
        keeper: null,
      });
      expect((await evenkeelWeb("close")).answer).toEqual({ gate: "closed", epoch: 4, changed: true });
      expect((await evenkeelWeb("close")).answer).toEqual({ gate: "closed", epoch: 4, changed: false });
      expect((await evenkeelWeb("status")).answer).toMatchObject({
        gate: "closed",
        epoch: 4,
        cron: "inactive",
      });
    });

    test("an epoch that is past is refused (12) and opens nothing", async () => {
      await evenkeelWeb("open", "--epoch", "5");
      await evenkeelWeb("close");
      expect(await evenkeelWeb("open", "--epoch", "4")).toMatchObject({ exitCode: 12, answer: null });
      expect((await evenkeelWeb("status")).answer).toMatchObject({ gate: "closed", epoch: 5 });
    });

    test("settle closes where the database proves nothing, and says why", async () => {
      await evenkeelWeb("open", "--epoch", "6");
      const { exitCode, answer } = await evenkeelWeb("settle", "--deadline", "1");
      expect({ exitCode, answer }).toEqual({
        exitCode: 0,
        answer: {
          gate: "closed",
          epoch: 6,
          changed: true,
          reason: expect.stringMatching(/./),
          certain: false,
        },
      });
    });

    test.each([
      [0, null],
      [-0.9, null],
      [5, null],
      [-1.1, "the heartbeat is from the future: clock skew"],
      [-3600, "the heartbeat is from the future: clock skew"],
      [5.1, "the heartbeat stands still"],
    ])("a heartbeat that is %d s old: %p", async (ageSeconds, reason) => {
      const heartbeat = JSON.stringify({ region: "primary", epoch: 1, ageSeconds, readOnly: false });
      const python = `import json, sys
sys.path.insert(0, "/usr/local/lib/evenkeel/web/parts")
import heartbeat
print(json.dumps(heartbeat.judge(json.loads('${heartbeat}'), None, "primary")[0]))`;
      const php = `<?php require '/usr/local/lib/evenkeel/web/database.php';
      echo json_encode(evenkeel_reasons_not_active(json_decode('${heartbeat}', true), 1));`;
      const settled = await web.host.run(["python3", "-B", "-"], { input: python });
      const probed = await web.host.run(["php"], { input: php });
      expect(JSON.parse(settled.stdout)).toBe(reason);
      // The probe words a heartbeat that stands still by its seconds.
      const words = reason?.includes("still")
        ? [expect.stringContaining("5.1 s old")]
        : [reason ?? []].flat();
      expect(JSON.parse(probed.stdout)).toEqual(words);
    });

    test("while another is at work it gives up at its deadline (13), but the gate is closed first", async () => {
      await evenkeelWeb("open", "--epoch", "7");
      const busy = await web.host.run([
        "flock",
        "/run/evenkeel/web.lock",
        "evenkeel-web",
        "close",
        "--deadline",
        "0.2",
      ]);
      expect(busy.exitCode).toBe(13);
      expect((await evenkeelWeb("status")).answer).toMatchObject({ gate: "closed" });
    });

    test.each([
      "",
      "ajar",
      "open",
      "open --epoch 0",
      "close --epoch 1",
      "status --deadline",
      "close --deadline soon",
    ])("usage '%s': exit 2", async (words) => {
      const argv = words.split(" ").filter((word) => word !== "");
      expect(await evenkeelWeb(...argv)).toMatchObject({ exitCode: 2, answer: null });
    });

    test("after a boot the gate is closed: it lies where nothing survives one", async () => {
      expect(await web.host.bash("stat -f -c %T /run/evenkeel")).toBe("tmpfs");
      expect((await web.host.run(["systemctl", "is-enabled", "evenkeel-cron.timer"])).stdout).toMatch(
        /static|disabled/,
      );
    });
  });

  describe("settle", () => {
    const question = "/usr/local/lib/evenkeel/web/heartbeat.php";
    const epoch = 20;
    /** Stands in for the question to the database; `$n` counts how often it was asked since. */
    const answering = async (php: string) => {
      await web.host.bash("rm -f /tmp/asked /tmp/waits /tmp/go; evenkeel-web close");
      const stub = `<?php
$n = 1 + (int) @file_get_contents('/tmp/asked');
file_put_contents('/tmp/asked', $n);
$active = ['region' => 'primary', 'epoch' => ${epoch}, 'ageSeconds' => 0.5, 'readOnly' => false];
$standby = ['readOnly' => true] + $active;
${php}`;
      await web.host.run(["tee", question], { input: stub });
    };

    beforeAll(() => web.host.bash(`cp -p ${question} /root/heartbeat.php`));
    afterAll(() => web.host.bash(`mv /root/heartbeat.php ${question}`));

    test.each([
      [
        "still shows the active database",
        "$active",
        "$active",
        { gate: "open", changed: true, reason: null },
      ],
      [
        "shows a database closed meanwhile",
        "$active",
        "$standby",
        { gate: "closed", changed: false, reason: "the database of this region is read-only" },
      ],
      [
        "shows a database opened meanwhile",
        "$standby",
        "$active",
        { gate: "open", changed: true, reason: null },
      ],
    ])("an answer under the lock that %s is the one that counts", async (_what, first, second, answer) => {
      await answering(`echo json_encode($n === 1 ? ${first} : ${second});`);
      const settled = await evenkeelWeb("settle", "--deadline", "5");
      expect(settled.answer).toMatchObject(answer);
      expect(await web.host.bash("cat /tmp/asked")).toBe("2");
      expect((await evenkeelWeb("status")).answer).toMatchObject({ gate: answer.gate });
    });

    test("a busy database may miss one question: an open gate stays open, a closed one is not certain", async () => {
      const missesTheSecond = "if ($n === 2) exit(1); echo json_encode($active);";
      await answering(missesTheSecond);
      expect((await evenkeelWeb("settle", "--deadline", "1")).answer).toMatchObject({
        gate: "closed",
        certain: false,
      });
      await answering(missesTheSecond);
      await web.host.bash(`evenkeel-web open --epoch ${epoch}`);
      expect((await evenkeelWeb("settle")).answer).toMatchObject({
        gate: "open",
        changed: false,
        certain: true,
      });
      expect(await web.host.bash("cat /tmp/asked")).toBe("3");
    });

    test("an open gate is closed where the database stays silent, or is no active one at the first question", async () => {
      for (const [answer, asked, certain] of [
        ["exit(1)", /^[4-9]$/, false],
        ["echo json_encode($standby)", /^2$/, true],
      ] as const) {
        await answering(`${answer};`);
        await web.host.bash(`evenkeel-web open --epoch ${epoch}`);
        const settled = await evenkeelWeb("settle", "--deadline", "1");
        expect(settled.answer).toMatchObject({ gate: "closed", certain });
        expect((await web.host.bash("cat /tmp/asked")).trim()).toMatch(asked);
      }
    });

    test.each([
      [
        "a close in between stays, though the database is the active one all the time",
        "evenkeel-web close",
        { gate: "closed", reason: "the gate was closed meanwhile" },
      ],
      [
        "an open after that close stays too",
        `evenkeel-web close; evenkeel-web open --epoch ${epoch}`,
        { gate: "open", changed: false, reason: null },
      ],
    ])("%s", async (_what, meanwhile, answer) => {
      await answering(`for ($i = 0; $n === 1 && $i < 80 && !file_exists('/tmp/go'); $i++) {
    touch('/tmp/waits');
    usleep(50000);
}
echo json_encode($active);`);
      const settling = evenkeelWeb("settle", "--deadline", "30");
      await web.host.bash(`until [ -e /tmp/waits ]; do sleep 0.05; done; ${meanwhile}; touch /tmp/go`);
      expect((await settling).answer).toMatchObject(answer);
      expect((await evenkeelWeb("status")).answer).toMatchObject({ gate: answer.gate });
      expect((await evenkeelWeb("settle")).answer).toMatchObject({ gate: "open" });
    });
  });
}

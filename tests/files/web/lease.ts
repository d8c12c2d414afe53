import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { poolConfig } from "../../../components/host/web-contents.ts";
import { keeperRules } from "../support/keeper-rules.ts";
import { all, at, site, type WebHost } from "../support/web-host.ts";

/** The lease where requests meet it: nginx and PHP-FPM as they serve, with a page instead of WordPress. */
export function leaseTests(web: WebHost): void {
  const { code, codes, curl } = web;
  const keeper = keeperRules(web);
  const epoch = 50;
  const reads = ["/", "/?p=1", "/wp-json/wp/v2/posts"].map(at);
  const writes = [
    ...["POST", "DELETE", "OPTIONS"].map((method) => `-X ${method} ${at("/index.php")}`),
    ...["/wp-login.php", "/wp-admin/index.php", "/cart/", "/?add-to-cart=3"].map(at),
    `-b 'wordpress_logged_in_x=1' ${at("/")}`,
    `-X POST ${at("/evenkeel-ledger/orders")}`,
  ];
  const openFile = () => web.host.bash(`echo ${epoch} >/run/evenkeel/gate-open`);
  /** Status, headers and body, but for the time. */
  const whole = async (words: string) =>
    (await curl(`-i ${words}`))
      .split("\n")
      .filter((line) => !/^date:/i.test(line))
      .sort();
  const gate = async () =>
    JSON.parse(
      await web.host.bash(`php -r 'require "/usr/local/lib/evenkeel/web/gate.php";
    echo json_encode(evenkeel_gate());'`),
    ) as object;

  describe("the lease, asked by PHP before a request begins (writer.md, W13)", () => {
    beforeAll(async () => {
      await web.host.bash("evenkeel-web close; mkdir -p /etc/evenkeel/php");
      await web.host.run(["tee", "/etc/evenkeel/php/pool.conf"], { input: poolConfig(site) });
      await web.host.bash(`cd /etc/php/*/fpm/pool.d; mv www.conf /root/; ln -s /etc/evenkeel/php/pool.conf evenkeel.conf
printf '[evenkeel]\\npm.max_children = 4\\npm.start_servers = 2\\n' >evenkeel-size.conf
printf 'pm.min_spare_servers = 1\\npm.max_spare_servers = 2\\n' >>evenkeel-size.conf
cd /var/www/html
for page in index.php wp-login.php wp-admin/index.php; do echo '<?php echo "reached";' >"$page"; done
systemctl restart 'php*-fpm.service'; evenkeel-web open --epoch ${epoch}`);
    });

    afterAll(async () => {
      await keeper.end();
      await web.host.bash(`evenkeel-web close; systemctl stop 'php*-fpm.service'
cd /etc/php/*/fpm/pool.d; rm evenkeel.conf evenkeel-size.conf; mv /root/www.conf .
cd /var/www/html; for page in index.php wp-login.php wp-admin/index.php; do echo secret >"$page"; done`);
    });

    test("without the keeper's rules an open gate lets everything through, lease or not", async () => {
      await keeper.lease(epoch, -50);
      expect(await curl(`-X POST ${at("/index.php")}`)).toBe("reached");
      expect(await gate()).toEqual({ open: true, epoch, why: null });
    });

    describe("under the keeper's rules", () => {
      beforeAll(() => keeper.begin());

      test("[F4] while it holds, an open gate lets everything through", async () => {
        await keeper.lease(epoch, 60_000);
        const answers = await codes([...reads, ...writes]);
        expect(Object.values(answers)).not.toContain("503");
        expect(await curl(`-X POST ${at("/index.php")}`)).toBe("reached");
        expect(await curl(`-o /dev/null -D - -X POST ${at("/index.php")}`)).toMatch(
          /x-evenkeel-role: active/i,
        );
        expect(await gate()).toEqual({ open: true, epoch, why: null });
      });

      test.each([
        ["over", () => keeper.lease(epoch, -50), "the lease is over"],
        ["away", () => keeper.noLease(), "there is no lease"],
        ["another region's", () => keeper.line("0 0"), "there is no lease"],
        ["cut short", () => keeper.line(`${epoch} `), "there is no lease"],
        [
          "of another epoch",
          () => keeper.lease(epoch + 1, 60_000),
          "the gate is of another epoch than the lease",
        ],
      ])(
        "[F4] %s, it refuses what may write though nginx finds the gate open, and lets readers through",
        async (_, lay, why) => {
          await openFile();
          await lay();
          expect(await codes(writes)).toEqual(all(writes, "503"));
          expect(await codes(reads)).toEqual(all(reads, "200"));
          expect(await gate()).toEqual({ open: false, epoch, why });
        },
      );

      test("[F4] the refusal is the one that nginx gives at a closed gate", async () => {
        await keeper.lease(epoch, -50);
        const post = `-X POST -d a=1 ${at("/index.php")}`;
        await openFile();
        const byPhp = await whole(post);
        await web.host.bash("rm /run/evenkeel/gate-open");
        expect(byPhp).toEqual(await whole(post));
        const text = byPhp.join("\n").toLowerCase();
        expect(text).toMatch(/^http\/[\d.]+ 503/m);
        expect(text).toMatch(/retry-after: 5/);
        expect(text).toContain("x-evenkeel-role: standby");
        expect(text).toContain("cache-control: no-store");
        await openFile();
      });

      test("[F4] nobody has to do anything: it is over by itself, at its time", async () => {
        const asked = (
          await web.host.bash(`now() { awk '{ printf "%d", $1 * 1000 }' /proc/uptime; }
until=$(( $(now) + 1500 )); printf '%s\\n' "${epoch} $until" >/run/evenkeel/lease
for _ in $(seq 200); do
  begun=$(now)
  [ "$begun" -lt $((until + 300)) ] || break
  said=$(curl -gksS -m 5 -o /dev/null -w '%{http_code}' --resolve shop.lab.test:443:127.0.0.1 -X POST ${at("/index.php")})
  echo "$((begun - until)) $(( $(now) - until )) $said"
done`)
        )
          .trim()
          .split("\n")
          .map((line) => line.split(" ").map(Number) as [number, number, number]);
        const begunAfter = asked.filter(([begunMs]) => begunMs >= 0).map(([, , said]) => said);
        const endedBefore = asked.filter(([, endedMs]) => endedMs < -20).map(([, , said]) => said);
        expect(begunAfter.length).toBeGreaterThan(0);
        expect(endedBefore.length).toBeGreaterThan(0);
        expect([...new Set(begunAfter)]).toEqual([503]);
        expect([...new Set(endedBefore)]).toEqual([200]);
      });

      test("[F4] /evenkeel/active says it, and scheduled tasks begin none of their work", async () => {
        const active = async () =>
          JSON.parse(await curl(at("/evenkeel/active"))) as { role: string; problems: string[] };
        const cron = async () => (await web.host.run(["php", "/usr/local/lib/evenkeel/web/cron.php"])).stderr;
        await keeper.lease(epoch, -50);
        expect(await active()).toMatchObject({ role: "standby", problems: ["the lease is over"] });
        expect(await cron()).toContain("no scheduled tasks: the lease is over");
        await keeper.lease(epoch, 60_000);
        expect(await active()).toMatchObject({
          role: "active",
          problems: [expect.stringContaining("database")],
        });
        expect(await cron()).toContain("no scheduled tasks: the database does not answer");
      });

      test("an nginx that says nothing of the gate yet is taken for one that lets readers in", async () => {
        const snippet = "/etc/nginx/snippets/evenkeel-php.conf";
        await keeper.lease(epoch, -50);
        await web.host.bash(
          `cp -p ${snippet} /root/; sed -i '/EVENKEEL_GATE/d' ${snippet}; systemctl reload nginx; sleep 0.5`,
        );
        try {
          expect(await code(`-X POST ${at("/index.php")}`)).toBe("503");
          expect(await code(at("/index.php"))).toBe("200");
        } finally {
          await web.host.bash(`mv /root/evenkeel-php.conf ${snippet}; systemctl reload nginx`);
        }
      });
    });
  });
}

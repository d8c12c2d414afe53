import { beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { coreFiles, scripts, type WebHost } from "../support/web-host.ts";

export function installCoreTests(web: WebHost): void {
  describe("install-core", () => {
    const html = "/var/www/html";
    const uploads = `${html}/wp-content/uploads`;
    const path = "/usr/sbin:/usr/bin:/sbin:/bin";

    /** Runs it with `act` (bash) before each of its steps, and with or without an exchange of names. */
    const installCore = ({ act = ":", exchange = true } = {}) =>
      web.host.run([
        "env",
        "BASH_ENV=/root/core/trap.sh",
        `ACT=${act}`,
        `PATH=${exchange ? "" : "/root/core/bin:"}${path}`,
        scripts[0] as string,
      ]);
    const at = (step: string, act: string) => `case $BASH_COMMAND in '${step}'*) ${act} ;; esac`;

    beforeAll(() =>
      web.host.bash(`mkdir -p /root/core/bin /root/core/wordpress/wp-{admin,includes}; cd /root/core
cat >trap.sh <<'END'
set -o functrace
trap 'eval "$ACT"' DEBUG
END
cat >bin/mv <<'END'
#!/bin/sh
case " $* " in *" --exchange "*) exit 1 ;; esac
exec /usr/bin/mv "$@"
END
chmod 0755 bin/mv
echo '<?php' | tee wordpress/wp-load.php >wordpress/wp-admin/index.php
echo "<?php
\\$wp_version = '9.9.1';" >wordpress/wp-includes/version.php
tar -czf /var/lib/evenkeel/wordpress-core.tar.gz wordpress
python3 - <<'END'
import hashlib, json
digest = hashlib.sha256(open("/var/lib/evenkeel/wordpress-core.tar.gz", "rb").read()).hexdigest()
config = json.load(open("/etc/evenkeel/web.json"))
config["core"] = {"version": "9.9.1", "sha256": digest}
json.dump(config, open("/etc/evenkeel/web.json", "w"))
END`),
    );

    beforeEach(() =>
      web.host.bash(`rm -rf ${uploads} ${html}/.evenkeel-replaced /var/www/evenkeel-next /var/lib/evenkeel/core.json
mkdir -p ${uploads}/2026/11; cd ${uploads}; echo '<?php' >${html}/wp-load.php
echo early >2026/11/early.jpg; echo first >again.jpg; echo first >anew.jpg`),
    );

    /** Everything that a visitor may have put there while the new tree was made. */
    const visit = `cd ${uploads}; mkdir -p 2026/12; echo late >2026/12/late.jpg; echo second >again.jpg
    echo second >anew.tmp; mv anew.tmp anew.jpg; cd /`;
    const afterwards = async () =>
      JSON.parse(
        await web.host.bash(`cd ${uploads}; python3 -c '
import json, os
print(json.dumps({os.path.join(d, f)[2:]: open(os.path.join(d, f)).read().strip() for d, _, fs in os.walk(".") for f in fs}))'`),
      ) as Record<string, string>;
    const visited = {
      "2026/11/early.jpg": "early",
      "2026/12/late.jpg": "late",
      "again.jpg": "second",
      "anew.jpg": "second",
    };
    const nothingLeft = `ls -d /var/www/evenkeel-next ${html}/.evenkeel-replaced 2>/dev/null || :`;
    const beforeSwap = "swap";

    test.each([true, false])(
      "what is uploaded after the copying stays (exchange of names: %p), also a file that is being written",
      async (exchange) => {
        const writer = `cd ${uploads}; exec 7>slow.jpg; printf begun >&7; touch /root/core/begun
until [ -e /root/core/end ]; do sleep 0.05; done; printf " and ended" >&7`;
        // The trap sees the call of a function twice.
        const act = `${visit}; [ -e /root/core/begun ] || systemd-run -q --unit=slow bash -c '${writer}'
until [ -e /root/core/begun ]; do sleep 0.05; done`;
        await web.host.bash("rm -f /root/core/begun /root/core/end");
        const { exitCode, stderr } = await installCore({ act: at(beforeSwap, act), exchange });
        expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "WordPress 9.9.1 is in place" });
        await web.host.bash("touch /root/core/end; while systemctl is-active -q slow; do sleep 0.05; done");
        expect(await afterwards()).toEqual({ ...visited, "slow.jpg": "begun and ended" });
        expect(await web.host.bash(nothingLeft)).toBe("");
      },
    );

    test.each([
      [true, "mv -T --exchange", ""],
      [true, 'bring_uploads "$stage" "$html"', ""],
      [true, 'rm -f "$stage/$replaced"', ""],
      [true, 'rm -rf "$stage"', ""],
      [true, "record", ""],
      [false, 'rm -f "$html/wp-load.php"', ""],
      [false, 'rm -rf "$html"', ""],
      [false, 'rm -rf "$html"', 'rm -rf "$html/wp-content" "$html/wp-includes"; '],
      [false, 'mv -T "$stage" "$html"', ""],
    ])("cut short (exchange: %p) before '%s' and run again it lost nothing", async (exchange, step, half) => {
      const act = `${at(beforeSwap, visit)}; ${at(step, `${half}kill -KILL $$`)}`;
      expect((await installCore({ act, exchange })).exitCode).toBe(137);
      expect((await installCore({ exchange })).exitCode).toBe(0);
      expect(await afterwards()).toEqual(visited);
      expect(await web.host.bash(nothingLeft)).toBe("");
      expect(await web.host.bash(`cat ${html}/wp-includes/version.php`)).toContain("9.9.1");
    });

    describe("[P27] of the core's own files", () => {
      const look = async () =>
        (
          JSON.parse((await web.host.run([coreFiles, "look"])).stdout) as Record<"what" | "found", string>[]
        ).map(({ what, found }) => `${what.replace(`${html}/`, "")}: ${found}`);

      beforeEach(async () => {
        await web.host.bash(`rm -rf ${html}/wp-admin ${html}/wp-includes /var/lib/evenkeel/strays`);
        expect((await installCore()).exitCode).toBe(0);
      });

      test("each that was changed, added or is gone is named and put back; what is not the core's stays", async () => {
        expect(await look()).toEqual([]);
        await web.host.bash(`cd ${html}; mkdir -p wp-content/themes/own; echo own >wp-content/themes/own/a.css
echo own >robots.txt; echo own >>wp-config.php; touch wp-load.php; ln -s . wp-includes/here
echo '<?php' >wp-admin/b.php; echo '<?php' >c.php; echo '//' >>wp-includes/version.php; chmod 0666 wp-load.php`);
        expect(await look()).toEqual([
          "wp-includes/version.php: another content",
          "wp-load.php: mode 0666",
          "c.php: there",
          "wp-admin/b.php: there",
          "wp-includes/here: there",
        ]);
        expect((await installCore()).exitCode).toBe(0);
        expect(await look()).toEqual([]);
        expect(
          await web.host.bash(`cd ${html}; cat robots.txt wp-content/themes/own/a.css; ls -A; cat uploads 2>/dev/null || :
cd /var/lib/evenkeel/strays/*/core; find . ! -type d | sort`),
        ).toBe(
          [
            ...[
              "own",
              "own",
              "robots.txt",
              "wp-admin",
              "wp-config.php",
              "wp-content",
              "wp-includes",
              "wp-load.php",
            ],
            ...["./c.php", "./wp-admin/b.php", "./wp-includes/here"],
          ].join("\n"),
        );
        expect(await afterwards()).toEqual({
          "2026/11/early.jpg": "early",
          "again.jpg": "first",
          "anew.jpg": "first",
        });
      });

      test("of many a few are named, and how many more", async () => {
        await web.host.bash(`cd ${html}/wp-admin; for n in $(seq 12); do echo '<?php' >$n.php; done`);
        const told = await look();
        expect(told).toHaveLength(6);
        expect(told.at(-1)).toBe(`${html}: 7 more that differ`);
      });

      test("a file of the same content is none, whatever its times; one of other content with the old times is", async () => {
        await web.host.bash(`cd ${html}; cp wp-load.php again; mv again wp-load.php; chown www-data: wp-load.php
cp -a wp-includes/version.php before; sed -i s/9.9.1/6.6.6/ wp-includes/version.php; touch -r before wp-includes/version.php; rm before`);
        expect(await look()).toEqual(["wp-includes/version.php: another content"]);
        // Of a host from before anything was noted: nothing is said, and the next run of the role notes it.
        await web.host.bash("rm /var/lib/evenkeel/core-files.json");
        expect(await look()).toEqual([]);
        expect((await installCore()).exitCode).toBe(0);
        expect(await web.host.bash(`cat ${html}/wp-includes/version.php`)).toContain("9.9.1");
        expect(await look()).toEqual([]);
      });

      test.each([
        [true, "mv -T --exchange"],
        [true, 'rm -f "$stage/$replaced"'],
        [true, "record"],
        [false, 'rm -f "$html/wp-load.php"'],
        [false, 'rm -rf "$html"'],
        [false, 'mv -T "$stage" "$html"'],
      ])(
        "cut short while they are put back (exchange: %p) before '%s' it is done by the next run",
        async (exchange, step) => {
          await web.host.bash(`echo '//' >>${html}/wp-includes/version.php; echo own >${html}/robots.txt`);
          expect((await installCore({ act: at(step, "kill -KILL $$"), exchange })).exitCode).toBe(137);
          expect((await installCore({ exchange })).exitCode).toBe(0);
          expect(await look()).toEqual([]);
          expect(await web.host.bash(`cat ${html}/robots.txt; ${nothingLeft}`)).toBe("own");
          expect(await afterwards()).toMatchObject({ "2026/11/early.jpg": "early" });
        },
      );
    });

    test("where the wanted core is in place it does nothing", async () => {
      expect((await installCore()).exitCode).toBe(0);
      const inode = () => web.host.bash(`stat -c %i ${html}`);
      const before = await inode();
      expect(await installCore()).toMatchObject({ exitCode: 0, stderr: "" });
      expect(await inode()).toBe(before);
    });
  });
}

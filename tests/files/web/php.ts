import { describe, expect, test } from "@jest/globals";
import { nasty, type WebHost } from "../support/web-host.ts";

export function phpTests(web: WebHost): void {
  describe("what PHP knows", () => {
    const php = (code: string) =>
      web.host.bash(`php -r ${quoted(`require "/usr/local/lib/evenkeel/web/environment.php"; ${code}`)}`);
    const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

    test("a password of any printable characters arrives as it was", async () => {
      expect(await php('echo evenkeel_value("DB_PASSWORD");')).toBe(nasty);
    });

    test.each([
      ["shop.lab.test", "https://shop.lab.test"],
      ["SHOP.lab.test:443", "https://shop.lab.test"],
      ["localhost:9443", "https://localhost:9443"],
      ["localhost:8443", "https://localhost:8443"],
      ["localhost", "https://shop.lab.test"],
      ["localhost:1", "https://shop.lab.test"],
      ["evil.test", "https://shop.lab.test"],
      ["", "https://shop.lab.test"],
    ])("[O13] asked as %p the site calls itself %s", async (asked, url) => {
      const said = await php(`echo evenkeel_site_url(evenkeel_site_urls(), "${asked}");`);
      expect(said).toBe(url);
    });

    test("a damaged line is named by its number, never by what stands in it", async () => {
      const env = "/etc/evenkeel/wordpress.env";
      await web.host.bash(`cp ${env} ${env}.saved; echo 'SECRET=open sesame' >>${env}`);
      const { exitCode, stdout, stderr } = await web.host.run([
        "php",
        "-r",
        'require "/usr/local/lib/evenkeel/web/environment.php"; evenkeel_environment();',
      ]);
      await web.host.bash(`mv ${env}.saved ${env}`);
      expect(exitCode).not.toBe(0);
      expect(stdout + stderr).toMatch(/line \d+/);
      expect(stdout + stderr).not.toMatch(/sesame/);
    });
  });

  describe("the object cache behind a closed gate", () => {
    const env = "/etc/evenkeel/wordpress.env";
    const outage = "/var/lib/evenkeel-cache/outage";
    /** A request of WordPress's, as far as its cache goes, on a database that answers so. */
    const request = async (readOnly: "0" | "1") => {
      await web.host.bash(`rm -f ${outage}`);
      const { stderr, exitCode } = await web.host.run(["php"], {
        input: `<?php
class WP_Object_Cache { public function __construct() {} }
class wpdb { public function get_var($sql) { return '${readOnly}'; } }
$wpdb = new wpdb();
define('ABSPATH', '/tmp/');
define('WPINC', 'core');
require '/usr/local/lib/evenkeel/web/redis-object-cache.php';
(new Evenkeel_Object_Cache())->close();`,
      });
      expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
      return (await web.host.bash(`test -e ${outage} && echo noted || echo nothing`)).trim();
    };

    test("a request that may have written without Redis lets go what that kept, one on a standby's database doesn't", async () => {
      await web.host.bash(`evenkeel-web close; mkdir -p /tmp/core /var/lib/evenkeel-cache
echo '<?php' >/tmp/core/class-wp-object-cache.php; cp -p ${env} ${env}.saved; echo 'REDIS_HOST="127.0.0.1"' >>${env}`);
      try {
        expect(await request("0")).toBe("noted");
        expect(await request("1")).toBe("nothing");
      } finally {
        await web.host.bash(`mv ${env}.saved ${env}; rm -rf /tmp/core ${outage}`);
      }
    });
  });
}

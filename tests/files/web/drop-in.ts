import { beforeAll, describe, expect, test } from "@jest/globals";
import { library, type WebHost } from "../support/web-host.ts";

/** What comes with WordPress on PostgreSQL. A stand-in for PG4WP is enough: its files are never run here. */
export function dropInTests(web: WebHost): void {
  describe("install-drop-in", () => {
    const place = "/usr/local/lib/evenkeel/pg4wp";
    const pushed = "/var/tmp/evenkeel-pg4wp.tar.gz";
    const install = () => web.host.run([`${library}/install-drop-in`]);
    const core = () => web.host.bash(`cat ${place}/core.php; stat -c '%a %U' ${place} ${place}/core.php`);

    /** Pushes an archive with this text in it, and pins it where so asked. Its maker is not root, and lets all write. */
    const push = (text: string, { pin, act = ":" }: { pin: boolean; act?: string }) =>
      web.host.bash(`rm -rf /root/drop-in && mkdir -p /root/drop-in/pg4wp/rewriters && cd /root/drop-in/pg4wp
echo '${text}' >core.php; echo b >rewriters/B.php; echo a >a.php; ${act}; chmod -R a+w .
tar -czf ${pushed} --owner=1000 --group=1000 -C .. pg4wp
${pin ? "" : "exit 0"}
HASH=$(find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d ' ' -f 1) python3 - <<'END'
import json, os
config = json.load(open("/etc/evenkeel/web.json"))
config["dropIn"] = {"version": "0", "treeHash": os.environ["HASH"]}
json.dump(config, open("/etc/evenkeel/web.json", "w"))
END`);

    beforeAll(() => push("one", { pin: true }));

    test("[D9] puts the pinned files into place once, of root's and for nobody to write", async () => {
      expect(await install()).toMatchObject({ exitCode: 0, stdout: "changed", stderr: "" });
      expect(await core()).toBe("one\n555 root\n444 root");
      expect(await install()).toMatchObject({ exitCode: 0, stdout: "", stderr: "" });
    });

    test("[D9] mends what somebody changed, and takes another version as a whole", async () => {
      await web.host.bash(`chmod u+w ${place}/core.php; echo hook >>${place}/core.php`);
      expect(await install()).toMatchObject({ exitCode: 0, stdout: "changed" });
      expect(await core()).toContain("one\n555");
      await push("two", { pin: true });
      expect(await install()).toMatchObject({ exitCode: 0, stdout: "changed" });
      expect(await core()).toContain("two\n555");
    });

    test.each([
      ["other files", ":"],
      ["a link beside the pinned ones", "ln -s /etc/passwd link"],
    ])("[D9] refuses %s, and keeps what is there", async (_, act) => {
      await web.host.bash(`rm -rf ${place}`);
      await push("two", { pin: true });
      await install();
      await push(act === ":" ? "three" : "two", { pin: false, act });
      await web.host.bash(`chmod u+w ${place}/a.php; echo changed >>${place}/a.php`);
      const refused = await install();
      expect(refused.exitCode).toBe(1);
      expect(refused.stderr).toContain("is not the pinned PG4WP");
      expect(await core()).toContain("two\n");
    });
  });

  describe("the guard against a shop on PostgreSQL", () => {
    const guard = `const ABSPATH = "/"; $hooks = [];
      function add_action($name, $what) { global $hooks; $hooks[$name] = $what; }
      function add_filter($name, $what) { global $hooks; $hooks[$name] = $what; }
      function wp_die($why) { exit("refused: $why"); }
      require "${library}/evenkeel-no-shop.php";`;
    const php = (code: string) => web.host.run(["php", "-r", guard + code]);

    test.each(["woocommerce/woocommerce.php", "woocommerce.php", "woo-9.8/woocommerce.php"])(
      "[D9] the activation of %s is refused in one sentence",
      async (plugin) => {
        const { stdout } = await php(`$hooks["activate_plugin"]("${plugin}"); echo "activated";`);
        expect(stdout).toMatch(/^refused: WooCommerce is refused here: it does not support PostgreSQL\./);
      },
    );

    test("[D9] other plugins are not, and a shop in the list of active ones is not loaded", async () => {
      const { stdout } = await php(
        `$hooks["activate_plugin"]("akismet/akismet.php");
        $hooks["activate_plugin"]("woocommerce-importer/importer.php");
        echo json_encode([$hooks["option_active_plugins"](["a/a.php", "woocommerce/woocommerce.php", "z.php"]),
          $hooks["option_active_plugins"](false)]);`,
      );
      expect(JSON.parse(stdout)).toEqual([["a/a.php", "z.php"], false]);
    });
  });
}

import { beforeAll, describe, expect, test } from "@jest/globals";
import { all, at, toPhp, type WebHost } from "../support/web-host.ts";

export function nginxTests(web: WebHost): void {
  const { code, codes, curl, evenkeelWeb } = web;

  describe("the gate (writer.md, W13)", () => {
    const reads = [
      "/",
      "/a-post/",
      "/?p=1",
      "/?color%5B%5D=red",
      "/wp-json/wp/v2/posts?per_page=2",
      "/?s=cart",
      "/?color[]=red",
      "/?filter[a.b]=1",
      "/?s=+action",
      "/?remove=item",
      "/?1.2.3",
    ].map(at);
    /** Names that PHP reads as another's: blanks before them dropped, and . + blank [ read as _. */
    const disguised = [
      ...["+add-to-cart=5", "add-to-cart[]=5", "add-to-cart%5B%5D=5", "+wc-ajax=x", "+action=x"],
      ...["+preview=1", "p=1&++action=x", "%20action=x", "%09action=x", "action%00=x"],
      ...["+_method=POST", ".method=DELETE", "%5Fmethod=DELETE", "+method=DELETE&+.method=DELETE"],
      ...["remove.item=1", "remove+item=1", "remove[item=1", "remove%5Bitem=1", "undo.item=1"],
      ...["order.again=1", "apply.coupon=x", ".wpnonce=1", "pay.for+order=1", "cancel[order=1"],
      ...["customize.changeset.uuid=1", "customize%5bchangeset.uuid=1", "doing[wp.cron=1"],
    ].map((query) => at(`/?${query}`));
    const writes = [
      ...["/wp-login.php", "/wp%2Dlogin.php", "//wp-admin/", "/wp-admin/index.php", "/wp-cron.php"].map(at),
      ...["/cart/", "/checkout/order-received/1/", "/my-account", "/shop/cart/"].map(at),
      ...["/?add-to-cart=3", "/?a=1&add-to-cart=3", "/?add%2Dto%2Dcart=3", "/?wc-ajax=x"].map(at),
      ...["/?action=x", "/wp-json/wp/v2/posts?_method=POST", "/?doing.wp.cron=1"].map(at),
      ...["POST", "PUT", "DELETE", "OPTIONS"].map((method) => `-X ${method} ${at("/wp-json/wp/v2/posts/1")}`),
      ...disguised,
      ...[
        "wordpress_logged_in_x",
        "wordpress.logged.in_x",
        "wordpress[logged in.x",
        "a=1; wordpress.sec.x",
      ].map((name) => `-b '${name}=1' ${at("/")}`),
      `-u admin:x ${at("/wp-json/")}`,
      `-H 'X-HTTP-Method-Override: DELETE' ${at("/wp-json/wp/v2/posts/1")}`,
    ];

    describe("closed", () => {
      beforeAll(() => evenkeelWeb("close"));

      test("lets readers through", async () => {
        expect(await codes(reads)).toEqual(all(reads, toPhp));
        expect(await code(`-b 'wordpress_test_cookie=1; wp-settings-1=x' ${at("/")}`)).toBe(toPhp);
      });

      test("refuses with 503 whatever may write", async () => {
        expect(await codes(writes)).toEqual(all(writes, "503"));
      });

      test("says when to come again, who it is, and that nobody may keep the answer", async () => {
        const headers = (await curl(`-o /dev/null -D - -X POST ${at("/")}`)).toLowerCase();
        expect(headers).toMatch(/retry-after: \d+/);
        expect(headers).toContain("x-evenkeel-role: standby");
        expect(headers).toContain("cache-control: no-store");
      });

      test("does not concern the probes", async () => {
        expect(await code(`-X POST ${at("/evenkeel/active")}`)).toBe(toPhp);
      });
    });

    describe("open", () => {
      beforeAll(() => evenkeelWeb("open", "--epoch", "1"));

      test("lets everything through", async () => {
        const answers = Object.values(await codes([...reads, ...writes]));
        expect(answers).toHaveLength(reads.length + writes.length);
        // 404: a program of WordPress's that is not among this test's files.
        expect(answers.filter((answer) => answer !== toPhp && answer !== "404")).toEqual([]);
      });

      test("says that it is the active one", async () => {
        expect(await curl(`-o /dev/null -D - ${at("/")}`)).toMatch(/x-evenkeel-role: active/i);
      });
    });
  });

  describe("paths", () => {
    test("[O11] what gives something away is refused, nothing runs below uploads, permalinks reach WordPress", async () => {
      const expected: Record<string, string> = {
        "/.htaccess": "403",
        "/.env": "403",
        "/wp-content/.htpasswd": "403",
        "/wp-content/uploads/a.php": "403",
        "/wp-content/uploads/2026/11/shell.phtml": "403",
        "/wp-content/uploads/a.jpg/x.php": "403",
        "/wp-content/uploads/a.PHP": "403",
        "/.git/config": "404",
        "/dump.sql": "404",
        "/wp-config.php": "404",
        "/wp-config.php.bak": "404",
        "/wp-config.php~": "404",
        "/xmlrpc.php": "404",
        "/wp-admin/install.php": "404",
        "/readme.html": "404",
        "/license.txt": "404",
        "/evenkeel/anything": "404",
        "/wp-includes/missing.css": "404",
        "/wp-includes/missing.php": "404",
        "/index.php": toPhp,
        "/any/permalink/": toPhp,
        "/wp-content/uploads/a.jpg": "200",
      };
      const paths = Object.keys(expected);
      const answers = await codes(paths.map(at));
      expect(Object.fromEntries(paths.map((path) => [path, answers[at(path)]]))).toEqual(expected);
    });

    test("[O11] static files may be kept for 30 days", async () => {
      for (const path of ["/wp-includes/a.css", "/wp-content/uploads/a.jpg"]) {
        const headers = await curl(`-o /dev/null -D - ${at(path)}`);
        expect(headers).toMatch(/^HTTP\/[\d.]+ 200/);
        expect(headers).toMatch(/cache-control: max-age=2592000/i);
      }
    });

    test("[O11] plain HTTP goes to the public name whatever name was claimed, but probes are answered", async () => {
      const plain = "-o /dev/null -w '%{http_code} %{redirect_url}' -H 'Host: evil.test' http://127.0.0.1";
      expect(await curl(`${plain}/a?b=c`)).toBe("301 https://shop.lab.test/a?b=c");
      expect(await curl(`${plain}/evenkeel/live`)).toBe(`${toPhp} `);
    });

    test("more than 64 MB is refused in words", async () => {
      const body = await curl(`-X POST -H 'Content-Length: 68200000' -d x ${at("/index.php")}`);
      expect(body).toMatch(/64 MB/);
    });
  });
}

import { beforeAll, describe, expect, jest, test } from "@jest/globals";
import { eventually, get, type Reply } from "./support/site.ts";
import { closeGates, openGates, regionNames, type WebTiers, webHost, webTiers } from "./support/web.ts";

jest.setTimeout(120_000);

let web: WebTiers;
let active: string;
let standby: string;

beforeAll(async () => {
  web = await webTiers();
  ({ active, standby } = web);
}, 120_000);

describe("the gate", () => {
  const post = (region: string, path: string) =>
    get(`${web.urlOf(region)}${path}`, { method: "POST", body: "a=b", headers: { "content-length": "3" } });

  test("a standby serves pages to readers and refuses whatever may write", async () => {
    const page = await web.probe(standby, "/");
    expect([page.status, page.headers["x-evenkeel-role"]]).toEqual([200, "standby"]);
    expect(page.body).toContain("<title>");
    const cookie = { cookie: "wordpress_logged_in_0=admin" };
    // As PHP reads names, each of these is one that may write.
    const disguised = [
      "+add-to-cart=5",
      "+_method=POST",
      ".method=DELETE",
      "remove[item=1",
      "remove%5Bitem=1",
    ];
    const refused: Reply[] = [
      await post(standby, "/"),
      await web.probe(standby, "/wp-login.php"),
      await web.probe(standby, "/?add-to-cart=1"),
      await get(`${web.urlOf(standby)}/`, { headers: cookie }),
      await get(`${web.urlOf(standby)}/`, { headers: { cookie: "wordpress.logged.in_0=admin" } }),
      ...(await Promise.all(disguised.map((query) => web.probe(standby, `/?${query}`)))),
      await web.probe(standby, "/?customize.changeset.uuid=1"),
    ];
    expect(refused.map(({ status }) => status)).toEqual(refused.map(() => 503));
    for (const { headers } of refused) expect(Number(headers["retry-after"])).toBeGreaterThan(0);
  });

  test("the active region takes the same requests", async () => {
    const page = await web.probe(active, "/");
    expect([page.status, page.headers["x-evenkeel-role"]]).toEqual([200, "active"]);
    expect((await web.probe(active, "/wp-login.php")).status).toBe(200);
    expect((await post(active, "/wp-login.php")).status).toBe(200);
  });

  test("scheduled tasks run where the role is active, nowhere else", async () => {
    expect(await web.statusOf(active)).toMatchObject({ gate: "open", cron: "active" });
    expect(await web.statusOf(standby)).toMatchObject({ gate: "closed", cron: "inactive" });
  });

  test("settle finds the same answer again, and an epoch that is past opens nothing", async () => {
    const { epoch } = await web.statusOf(active);
    const again = async (region: string) =>
      JSON.parse(await web.run(region, ["evenkeel-web", "settle"])) as object;
    expect(await again(active)).toMatchObject({ gate: "open", epoch, changed: false });
    expect(await again(standby)).toMatchObject({ gate: "closed", changed: false });
    await expect(web.run(active, ["evenkeel-web", "open", "--epoch", "0"])).rejects.toThrow(/exit 2/);
    expect((await web.probe(active, "/evenkeel/active")).status).toBe(200);
  });

  test("a closed gate in the active region stops writes at once; its keeper opens it again", async () => {
    await closeGates(web.site, active);
    try {
      expect((await post(active, "/")).status).toBe(503);
      expect((await web.probe(active, "/evenkeel/active")).status).toBe(503);
      expect((await web.probe(active, "/evenkeel/ready")).status).toBe(200);
    } finally {
      await openGates(web.site, active);
    }
    expect((await web.probe(active, "/evenkeel/active")).status).toBe(200);
  });
});

describe("names", () => {
  test("[O13] a region asked by its own URL stays there: no page of it leads to another region", async () => {
    for (const region of regionNames) {
      const page = await web.probe(region, "/");
      expect(page.status).toBe(200);
      expect(page.body).toContain(`${web.urlOf(region)}/`);
      for (const other of regionNames.filter((name) => name !== region))
        expect(page.body).not.toContain(web.urlOf(other));
    }
  });

  test("[O13] any other name gets the public one, and is never repeated", async () => {
    const headers = { host: "evil.example", "x-forwarded-host": "evil.example" };
    const page = await get(`${web.urlOf(active)}/`, { headers });
    expect(page.status).toBe(200);
    expect(page.body).toContain(`https://${web.site.domain}/`);
    expect(page.body + JSON.stringify(page.headers)).not.toContain("evil.example");
  });
});

describe("[O11] nginx", () => {
  test("[O12] has this site alone, and takes bodies up to what PHP takes", async () => {
    for (const region of regionNames) {
      const config = await web.run(region, ["nginx", "-T"]);
      const files = [...config.matchAll(/^# configuration file (.*):$/gm)].map(([, name]) => name as string);
      expect(files.filter((name) => /sites-enabled|conf\.d/.test(name))).toEqual([
        "/etc/nginx/sites-enabled/evenkeel",
      ]);
      const sizes = [...config.matchAll(/^\s*client_max_body_size\s+(\S+);/gm)].map(([, size]) => size);
      expect([region, sizes]).toEqual([region, ["64m"]]);
    }
  });

  test("gives a post's pretty permalink, and 404 for one that nobody wrote", async () => {
    for (const region of regionNames) {
      const list = await web.probe(region, "/wp-json/wp/v2/posts?per_page=1&order=asc");
      const [post] = JSON.parse(list.body) as { link: string; slug: string }[];
      const { pathname } = new URL(post?.link ?? "");
      expect(pathname).toBe(`/${post?.slug}/`);
      const page = await web.probe(region, pathname);
      expect([page.status, page.body.includes("single-post")]).toEqual([200, true]);
      const unknown = await web.probe(region, `/no-${post?.slug}/`);
      expect([unknown.status, unknown.body.includes("error404")]).toEqual([404, true]);
    }
  });

  test("lets an image be kept for 30 days, and notes none that is missing", async () => {
    const image = await web.probe(standby, "/wp-includes/images/blank.gif");
    expect([image.status, image.headers["cache-control"]]).toEqual([200, "max-age=2592000"]);
    const mark = `proof-${Date.now()}`;
    expect((await web.probe(standby, `/wp-content/${mark}-image.png`)).status).toBe(404);
    // What nginx does note comes after it, so that a line for the image would be there by then.
    expect((await web.probe(standby, `/wp-includes/?${mark}-folder`)).status).toBe(403);
    const log = await eventually("the line for the folder", 5_000, async () => {
      const lines = (await web.run(standby, ["tail", "-n", "200", "/var/log/nginx/error.log"])).split("\n");
      return lines.some((line) => line.includes(`${mark}-folder`)) ? lines : null;
    });
    expect(log.filter((line) => line.includes(`${mark}-image`))).toEqual([]);
  });
});

describe("what is not for visitors", () => {
  test("PHP below uploads never runs", async () => {
    const path = "/wp-content/uploads/evenkeel-probe.php";
    await web.run(active, ["-u", "www-data", "tee", `/var/www/html${path}`], "<?php echo 6*7;");
    const reply = await web.probe(active, path);
    await web.run(active, ["rm", `/var/www/html${path}`]);
    expect(reply.status).toBe(403);
    expect(reply.body).not.toContain("42");
  });

  test.each([
    ["[O11] ", "/.htaccess", 403],
    ["[S16] ", "/.env", 403],
    ["", "/.git/config", 404],
    ["", "/xmlrpc.php", 404],
    ["", "/wp-config.php", 404],
    ["", "/wp-admin/install.php", 404],
    ["", "/readme.html", 404],
  ])("%s%s answers %i", async (_, path, status) => {
    expect((await web.probe(active, path)).status).toBe(status);
  });

  test("[O10] [S16] secrets can be read by PHP only, and the configuration below the web root holds none", async () => {
    const asLogin = await web.site.ssh(webHost(active), ["cat", "/etc/evenkeel/wordpress.env"]);
    expect(asLogin.exitCode).not.toBe(0);
    expect(await web.run(active, ["stat", "-c", "%a %U", "/etc/evenkeel/wordpress.env"])).toMatch(
      /^600 www-data/,
    );
    const config = await web.run(active, ["cat", "/var/www/html/wp-config.php"]);
    const { salts } = web.site.secrets.wordpress;
    for (const secret of [web.site.secrets.database.app, ...Object.values(salts)])
      expect(config).not.toContain(secret);
  });
});

import { beforeAll, describe, expect, jest, test } from "@jest/globals";
import { saltNames } from "../../components/secrets.ts";
import { cli, eventually, get } from "./support/site.ts";
import { regionNames, type WebTiers, webTiers } from "./support/web.ts";

jest.setTimeout(120_000);

let web: WebTiers;
let active: string;
let standby: string;

beforeAll(async () => {
  web = await webTiers();
  ({ active, standby } = web);
}, 120_000);

/** Runs PHP with WordPress loaded, on a web host, as the web server's user. */
const wordpress = (region: string, code: string) =>
  web.run(region, ["-u", "www-data", "php"], `<?php require '/var/www/html/wp-load.php'; ${code}`);

describe("the same site in both regions", () => {
  test("[O10] core, owner and modes", async () => {
    const [one, two] = [await web.statusOf(active), await web.statusOf(standby)];
    expect(one.core?.treeHash).toMatch(/^[0-9a-f]{64}$/);
    expect(two.core).toEqual(one.core);
    for (const region of regionNames) {
      const root = "/var/www/html";
      const wrong = ["find", root, "-not", "-user", "www-data", "-o", "-type", "d", "-not", "-perm", "0755"];
      expect((await web.run(region, wrong)).trim()).toBe("");
      expect(await web.run(region, ["stat", "-c", "%a", `${root}/wp-config.php`])).toMatch(/^644/);
    }
  });

  test("[O9] nginx, PHP with its modules, and the database's client, in the same versions", async () => {
    expect((await web.statusOf(standby)).versions).toEqual((await web.statusOf(active)).versions);
    const modules = async (region: string) =>
      (await web.run(region, ["php", "-m"])).toLowerCase().split("\n");
    const clientOf = (region: string) => web.run(region, ["mariadb", "--version"]);
    expect(await modules(standby)).toEqual(await modules(active));
    expect(await modules(active)).toEqual(
      expect.arrayContaining(["mysqli", "gd", "xml", "mbstring", "curl"]),
    );
    expect(await clientOf(standby)).toBe(await clientOf(active));
    // And a person sees both regions' side by side.
    const { stdout } = await cli(["status"]);
    const shown = regionNames.map((region) => {
      const rows = stdout.slice(stdout.indexOf("\nVersions ")).split("\n");
      return rows
        .find((row) => row.startsWith(`${region} `))
        ?.split(/ +/)
        .slice(1);
    });
    const { nginx, php, wordpress, client } = (await web.statusOf(active)).versions;
    const wanted = [nginx, php, wordpress, client, expect.stringMatching(/^\d+\.\d+\.\d+/)];
    expect(shown).toEqual([wanted, wanted]);
    expect(stdout).not.toContain("not the same on all hosts");
    // It would have noticed one that is missing.
    expect(await modules(active)).not.toContain("no-such-module");
  });

  test("[O14] the eight salts", async () => {
    const read = async (region: string) =>
      (await web.run(region, ["grep", "-E", "^[A-Z_]+_(KEY|SALT)=", "/etc/evenkeel/wordpress.env"])).trim();
    const salts = await read(active);
    expect(await read(standby)).toBe(salts);
    expect(new Set(salts.split("\n").map((line) => line.split("=")[0]))).toEqual(new Set(saltNames));
    expect(new Set(salts.split("\n").map((line) => line.slice(line.indexOf("=")))).size).toBe(8);
  });

  test("[O14] a login in the active region is one in the standby as soon as it is replicated", async () => {
    const cookie = await login(active);
    const check = `echo wp_validate_auth_cookie(${phpText(cookie)}, 'logged_in') ? 'valid' : 'no';`;
    const user = await eventually("the session is in the standby", 20_000, async () =>
      (await wordpress(standby, check)).includes("valid") ? true : null,
    );
    expect(user).toBe(true);
    const forged = cookie.replace(/.$/, (last) => (last === "0" ? "1" : "0"));
    expect(
      await wordpress(
        standby,
        `echo wp_validate_auth_cookie(${phpText(forged)}, 'logged_in') ? 'valid' : 'no';`,
      ),
    ).toContain("no");
  });

  test("[O13] four-byte characters survive, in the standby too", async () => {
    const title = `squid 🦑 ${Date.now()}`;
    const post = `['post_title' => ${phpText(title)}, 'post_content' => '𝒳', 'post_status' => 'publish']`;
    const id = (await wordpress(active, `echo wp_insert_post(${post});`)).trim();
    expect(Number(id)).toBeGreaterThan(0);
    for (const region of [active, standby]) {
      const seen = await eventually(`the post in ${region}`, 20_000, async () => {
        const reply = await web.probe(region, `/wp-json/wp/v2/posts/${id}`);
        return reply.status === 200 ? (JSON.parse(reply.body) as { title: { rendered: string } }) : null;
      });
      expect(seen.title.rendered).toBe(title);
    }
  });
});

test("[S16] a plugin's own db.php does not change how a site on MariaDB reaches its database", async () => {
  const file = "/var/www/html/wp-content/db.php";
  const url = `${web.urlOf(standby)}/`;
  await web.run(standby, ["-u", "www-data", "tee", file], "<?php // Query Monitor and others bring one.\n");
  try {
    // PHP may go on with what it compiled for two seconds.
    await new Promise((wake) => setTimeout(wake, 3_000));
    const { status, body } = await get(url);
    expect({ status, page: body.includes("wp-content/themes") }).toEqual({ status: 200, page: true });
  } finally {
    await web.run(standby, ["rm", "-f", file]);
  }
});

test("[S16] a page, a scheduled task and the command line read the same environment of their place", async () => {
  const name = "evenkeel_proof";
  const folder = "/var/www/html/wp-content/mu-plugins";
  const plugin = `${folder}/${name}.php`;
  // A plugin, as anybody's: it notes what it finds when it is asked for, and when its event is due.
  const code = `<?php
function ${name}_note($by) {
    $found = [PHP_SAPI, DB_HOST, DB_NAME, DB_USER, evenkeel_value('REDIS_HOST'), evenkeel_value('SITE_URL')];
    update_option("${name}_$by", wp_json_encode($found), false);
}
add_action('${name}', '${name}_note');
if (isset($_GET['${name}'])) { ${name}_note('page'); }
`;
  // A round of scheduled tasks that is under way already may have looked before: the next one comes within a minute.
  const noted = (by: string) =>
    eventually(`what ${by} found`, 75_000, async () => {
      const said = await wordpress(active, `echo get_option('${name}_${by}') ?: 'nothing';`);
      return said.startsWith("[") ? (JSON.parse(said) as string[]) : null;
    });
  try {
    await web.run(active, ["install", "-d", "-o", "www-data", "-g", "www-data", folder]);
    await web.run(active, ["-u", "www-data", "tee", plugin], code);
    await wordpress(active, `wp_schedule_single_event(time() - 1, '${name}', ['task']);`);
    await web.run(active, ["systemctl", "start", "evenkeel-cron.service"]);
    await wordpress(active, `${name}_note('command');`);
    expect((await web.probe(active, `/?${name}=1`)).status).toBe(200);
    const database = web.site.host(`${active}/database`).address;
    const redis = web.site.host(`${active}/cache`).address;
    const found = [database, "wordpress_db", "wp_user", redis, `https://${web.site.domain}`];
    expect(await noted("task")).toEqual(["cli", ...found]);
    expect(await noted("command")).toEqual(["cli", ...found]);
    expect(await noted("page")).toEqual(["fpm-fcgi", ...found]);
  } finally {
    await web.run(active, ["rm", "-rf", folder]);
    await wordpress(
      active,
      `foreach (['task', 'command', 'page'] as $by) { delete_option("${name}_$by"); } wp_clear_scheduled_hook('${name}', ['task']);`,
    );
  }
});

describe("[O12] PHP's limits", () => {
  const sizes = {
    memory_limit: "256M",
    post_max_size: "64M",
    upload_max_filesize: "64M",
    max_file_uploads: "100",
  };
  const wanted = { ...sizes, max_execution_time: "300", display_errors: "off" };

  /** Lays a script among the standby's pages for as long as it takes to be asked as a visitor asks. */
  async function fromPage(folder: string, files: Record<string, string>) {
    const inside = `/wp-content/${folder}`;
    const asPhp = (argv: string[], stdin?: string) => web.run(standby, ["-u", "www-data", ...argv], stdin);
    try {
      await asPhp(["mkdir", "-p", `/var/www/html${inside}`]);
      for (const [name, text] of Object.entries(files))
        await asPhp(["tee", `/var/www/html${inside}/${name}`], text);
      return await web.probe(standby, `${inside}/limits.php`);
    } finally {
      await web.run(standby, ["rm", "-rf", `/var/www/html${inside}`]);
    }
  }

  const warning = `limits-proof ${Date.now()}`;
  const script = `<?php
$seen = ['sapi' => PHP_SAPI];
foreach (${JSON.stringify(Object.keys(wanted))} as $name) {
    $seen[$name] = ini_get($name) ?: 'off';
}
define('SHORTINIT', true);
require '/var/www/html/wp-load.php';
trigger_error('${warning}', E_USER_WARNING);
echo json_encode($seen + ['debug' => WP_DEBUG || WP_DEBUG_DISPLAY]);
`;

  test("are in force where a visitor's page runs, and debugging is off: a warning is not shown", async () => {
    const page = await fromPage("limits-proof", { "limits.php": script });
    // Nothing but the object: the warning, which is in the log, would stand before it.
    expect([page.status, JSON.parse(page.body)]).toEqual([
      200,
      { sapi: "fpm-fcgi", ...wanted, debug: false },
    ]);
    await web.run(standby, ["grep", "-q", warning, "/var/log/nginx/error.log"]);
    expect((await web.probe(standby, "/wp-content/limits-proof/limits.php")).status).toBe(404);
  });

  test("others would be seen there; errors can't be shown by a file among the pages", async () => {
    const own = "memory_limit = 128M\ndisplay_errors = 1\n";
    const page = await fromPage("limits-proof-own", { "limits.php": script, ".user.ini": own });
    expect(JSON.parse(page.body)).toMatchObject({ memory_limit: "128M", display_errors: "off" });
  });

  test("are those of scheduled tasks as well, which PHP's command line runs", async () => {
    const code = `<?php foreach (${JSON.stringify(Object.keys(sizes))} as $name) { echo ini_get($name), ' '; }`;
    const said = await web.run(active, ["-u", "www-data", "php"], code);
    expect(said.trim().split(" ")).toEqual(Object.values(sizes));
  });
});

test("[O12] an upload of 60 MB works, one of 65 MB is refused in words", async () => {
  const created = await wordpress(
    active,
    "[$p] = WP_Application_Passwords::create_new_application_password(1, ['name' => 'proof']); echo $p;",
  );
  const { adminUser } = web.site.secrets.wordpress;
  const upload = (megabytes: number) => {
    const body = "x".repeat(megabytes * 2 ** 20);
    return get(`${web.urlOf(active)}/wp-json/wp/v2/media`, {
      method: "POST",
      body,
      timeoutMs: 60_000,
      headers: {
        authorization: `Basic ${Buffer.from(`${adminUser}:${created.trim()}`).toString("base64")}`,
        "content-type": "text/plain",
        "content-disposition": "attachment; filename=proof.txt",
        "content-length": String(body.length),
      },
    });
  };
  try {
    const taken = await upload(60);
    expect(taken.status).toBe(201);
    const { id } = JSON.parse(taken.body) as { id: number };
    const size = `echo filesize(get_attached_file(${id})); wp_delete_attachment(${id}, true);`;
    expect(await wordpress(active, size)).toContain(String(60 * 2 ** 20));
    const refused = await upload(65);
    expect(refused.status).toBe(413);
    expect(refused.body).toMatch(/64/);
  } finally {
    await wordpress(active, "WP_Application_Passwords::delete_all_application_passwords(1);");
  }
}, 120_000);

/** A text as PHP writes it in single quotes. */
function phpText(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

/** Logs the administrator in by the form; returns the value of the cookie that says so. */
async function login(region: string): Promise<string> {
  const { adminUser, adminPassword } = web.site.secrets.wordpress;
  const body = new URLSearchParams({ log: adminUser, pwd: adminPassword, testcookie: "1" }).toString();
  const reply = await get(`${web.urlOf(region)}/wp-login.php`, {
    method: "POST",
    body,
    headers: {
      cookie: "wordpress_test_cookie=WP%20Cookie%20check",
      "content-type": "application/x-www-form-urlencoded",
      "content-length": String(Buffer.byteLength(body)),
    },
  });
  expect(reply.status).toBe(302);
  const cookies = [reply.headers["set-cookie"] ?? []].flat();
  const found = cookies.find((cookie) => cookie.startsWith("wordpress_logged_in_")) ?? "";
  return decodeURIComponent(found.slice(found.indexOf("=") + 1).split(";")[0] ?? "");
}

import { beforeAll, describe, expect, jest, test } from "@jest/globals";
import { parseWebStatus, type WebStatus } from "../../automation/remote/web.ts";
import { saltNames } from "../../components/secrets.ts";
import { eventually, get, type Reply, type SiteHandle, site } from "./support/site.ts";

jest.setTimeout(120_000);

const names = ["primary", "secondary"];
let handle: SiteHandle;
let active: string;
let standby: string;

const urlOf = (region: string) => handle.regions[region]?.url as string;
const probe = (region: string, path: string) => get(`${urlOf(region)}${path}`, { timeoutMs: 8_000 });
const webHost = (region: string) => `${region}/web-1`;

/** Runs as root on a web host; throws with what was printed when it fails. */
async function onWeb(region: string, argv: readonly string[], stdin?: string): Promise<string> {
  const options = stdin === undefined ? {} : { stdin };
  const { exitCode, stdout, stderr } = await handle.ssh(webHost(region), ["sudo", "-n", ...argv], options);
  if (exitCode !== 0) throw new Error(`${argv.join(" ")}: exit ${exitCode}: ${stderr}`);
  return stdout;
}

/** Runs PHP with WordPress loaded, on a web host, as the web server's user. */
const wordpress = (region: string, code: string) =>
  onWeb(region, ["-u", "www-data", "php"], `<?php require '/var/www/html/wp-load.php'; ${code}`);

const statusOf = async (region: string): Promise<WebStatus> =>
  parseWebStatus(await onWeb(region, ["evenkeel-web", "status"]));

/** Does something to a service of a host and takes it back in any case, waiting until the region is as before. */
async function disturbed(
  options: { hostId: string; hurt: string[]; heal: string[]; region: string },
  during: () => Promise<void>,
): Promise<void> {
  const { hostId, hurt, heal, region } = options;
  await handle.ssh(hostId, ["sudo", "-n", "systemctl", ...hurt]);
  try {
    await during();
  } finally {
    await handle.ssh(hostId, ["sudo", "-n", "systemctl", ...heal]);
  }
  await eventually(`${region} is ready again`, 30_000, async () =>
    (await probe(region, "/evenkeel/ready")).status === 200 ? true : null,
  );
}

beforeAll(async () => {
  handle = await site();
  const found = await eventually("a region is active", 30_000, async () => {
    const answers = await Promise.all(names.map((name) => probe(name, "/evenkeel/active")));
    return names[answers.findIndex(({ status }) => status === 200)] ?? null;
  });
  active = found;
  standby = names.find((name) => name !== found) as string;
}, 120_000);

describe("the three questions", () => {
  test("[D16] live, ready and healthcheck.php answer 200 in each region, and say where they are", async () => {
    for (const region of names) {
      for (const path of ["/evenkeel/live", "/evenkeel/ready", "/healthcheck.php"]) {
        const reply = await probe(region, path);
        expect([region, path, reply.status]).toEqual([region, path, 200]);
        expect(reply.headers["cache-control"]).toBe("no-store");
        expect(reply.headers["set-cookie"]).toBeUndefined();
        expect(JSON.parse(reply.body)).toMatchObject({
          place: region,
          role: region === active ? "active" : "standby",
          epoch: expect.any(Number),
          release: expect.stringMatching(/^\d+\.\d+/),
          disk: { freeBytes: expect.any(Number), totalBytes: expect.any(Number) },
        });
      }
    }
  });

  test("[D16] active answers 200 in the active region only", async () => {
    expect((await probe(active, "/evenkeel/active")).status).toBe(200);
    expect((await probe(standby, "/evenkeel/active")).status).toBe(503);
  });

  test("[D16] without its database a region is live but not ready, and says so within two seconds", async () => {
    const hung = { hostId: `${standby}/database`, region: standby };
    const hurt = ["kill", "--signal=STOP", "mariadb"];
    await disturbed({ ...hung, hurt, heal: ["kill", "--signal=CONT", "mariadb"] }, async () => {
      const started = performance.now();
      expect((await probe(standby, "/evenkeel/ready")).status).toBe(503);
      expect(performance.now() - started).toBeLessThan(2_500);
      expect((await probe(standby, "/healthcheck.php")).status).toBe(503);
      expect((await probe(standby, "/evenkeel/live")).status).toBe(200);
    });
  });

  test("[D16] without PHP a web host is not live", async () => {
    const service = (
      await onWeb(standby, ["systemctl", "list-units", "--plain", "--no-legend", "php*-fpm.service"])
    ).split(" ")[0] as string;
    const local = () =>
      onWeb(standby, [
        "curl",
        "-s",
        "-o",
        "/dev/null",
        "-w",
        "%{http_code}",
        "http://127.0.0.1/evenkeel/live",
      ]);
    expect(await local()).toBe("200");
    const options = {
      hostId: webHost(standby),
      hurt: ["stop", service],
      heal: ["start", service],
      region: standby,
    };
    await disturbed(options, async () => {
      expect(await local()).toBe("502");
    });
    expect(await local()).toBe("200");
  });

  test("probes read: they take no other method", async () => {
    expect((await get(`${urlOf(active)}/evenkeel/ready`, { method: "POST" })).status).toBe(405);
  });
});

describe("the gate", () => {
  const post = (region: string, path: string) =>
    get(`${urlOf(region)}${path}`, { method: "POST", body: "a=b", headers: { "content-length": "3" } });

  test("a standby serves pages to readers and refuses whatever may write", async () => {
    const page = await probe(standby, "/");
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
      await probe(standby, "/wp-login.php"),
      await probe(standby, "/?add-to-cart=1"),
      await get(`${urlOf(standby)}/`, { headers: cookie }),
      await get(`${urlOf(standby)}/`, { headers: { cookie: "wordpress.logged.in_0=admin" } }),
      ...(await Promise.all(disguised.map((query) => probe(standby, `/?${query}`)))),
      await probe(standby, "/?customize.changeset.uuid=1"),
    ];
    expect(refused.map(({ status }) => status)).toEqual(refused.map(() => 503));
    for (const { headers } of refused) expect(Number(headers["retry-after"])).toBeGreaterThan(0);
  });

  test("the active region takes the same requests", async () => {
    const page = await probe(active, "/");
    expect([page.status, page.headers["x-evenkeel-role"]]).toEqual([200, "active"]);
    expect((await probe(active, "/wp-login.php")).status).toBe(200);
    expect((await post(active, "/wp-login.php")).status).toBe(200);
  });

  test("scheduled tasks run where the role is active, nowhere else", async () => {
    expect(await statusOf(active)).toMatchObject({ gate: "open", cron: "active" });
    expect(await statusOf(standby)).toMatchObject({ gate: "closed", cron: "inactive" });
  });

  test("settle finds the same answer again, and an epoch that is past opens nothing", async () => {
    const { epoch } = await statusOf(active);
    const again = async (region: string) =>
      JSON.parse(await onWeb(region, ["evenkeel-web", "settle"])) as object;
    expect(await again(active)).toMatchObject({ gate: "open", epoch, changed: false });
    expect(await again(standby)).toMatchObject({ gate: "closed", changed: false });
    await expect(onWeb(active, ["evenkeel-web", "open", "--epoch", "0"])).rejects.toThrow(/exit 2/);
    expect((await probe(active, "/evenkeel/active")).status).toBe(200);
  });

  test("a closed gate in the active region stops writes at once; settle opens it again", async () => {
    await onWeb(active, ["evenkeel-web", "close"]);
    try {
      expect((await post(active, "/")).status).toBe(503);
      expect((await probe(active, "/evenkeel/active")).status).toBe(503);
      expect((await probe(active, "/evenkeel/ready")).status).toBe(200);
    } finally {
      await onWeb(active, ["evenkeel-web", "settle"]);
    }
    expect((await probe(active, "/evenkeel/active")).status).toBe(200);
  });
});

describe("names", () => {
  test("[O13] a region asked by its own URL stays there: no page of it leads to another region", async () => {
    for (const region of names) {
      const page = await probe(region, "/");
      expect(page.status).toBe(200);
      expect(page.body).toContain(`${urlOf(region)}/`);
      for (const other of names.filter((name) => name !== region))
        expect(page.body).not.toContain(urlOf(other));
    }
  });

  test("[O13] any other name gets the public one, and is never repeated", async () => {
    const headers = { host: "evil.example", "x-forwarded-host": "evil.example" };
    const page = await get(`${urlOf(active)}/`, { headers });
    expect(page.status).toBe(200);
    expect(page.body).toContain(`https://${handle.domain}/`);
    expect(page.body + JSON.stringify(page.headers)).not.toContain("evil.example");
  });
});

describe("what is not for visitors", () => {
  test("PHP below uploads never runs", async () => {
    const path = "/wp-content/uploads/evenkeel-probe.php";
    await onWeb(active, ["-u", "www-data", "tee", `/var/www/html${path}`], "<?php echo 6*7;");
    const reply = await probe(active, path);
    await onWeb(active, ["rm", `/var/www/html${path}`]);
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
  ])("%s%s answers %i", async (_, path, status) => {
    expect((await probe(active, path)).status).toBe(status);
  });

  test("[O10] [S16] secrets can be read by PHP only, and the configuration below the web root holds none", async () => {
    const asLogin = await handle.ssh(webHost(active), ["cat", "/etc/evenkeel/wordpress.env"]);
    expect(asLogin.exitCode).not.toBe(0);
    expect(await onWeb(active, ["stat", "-c", "%a %U", "/etc/evenkeel/wordpress.env"])).toMatch(
      /^600 www-data/,
    );
    const config = await onWeb(active, ["cat", "/var/www/html/wp-config.php"]);
    const { salts } = handle.secrets.wordpress;
    for (const secret of [handle.secrets.database.app, ...Object.values(salts)])
      expect(config).not.toContain(secret);
  });
});

describe("the same site in both regions", () => {
  test("[O10] core, owner and modes", async () => {
    const [one, two] = [await statusOf(active), await statusOf(standby)];
    expect(one.core?.treeHash).toMatch(/^[0-9a-f]{64}$/);
    expect(two.core).toEqual(one.core);
    for (const region of names) {
      const root = "/var/www/html";
      const wrong = ["find", root, "-not", "-user", "www-data", "-o", "-type", "d", "-not", "-perm", "0755"];
      expect((await onWeb(region, wrong)).trim()).toBe("");
      expect(await onWeb(region, ["stat", "-c", "%a", `${root}/wp-config.php`])).toMatch(/^644/);
    }
  });

  test("[O9] nginx, PHP with its modules, and the database's client, in the same versions", async () => {
    expect((await statusOf(standby)).versions).toEqual((await statusOf(active)).versions);
    const modules = async (region: string) => (await onWeb(region, ["php", "-m"])).toLowerCase().split("\n");
    const client = (region: string) => onWeb(region, ["mariadb", "--version"]);
    expect(await modules(standby)).toEqual(await modules(active));
    expect(await modules(active)).toEqual(
      expect.arrayContaining(["mysqli", "gd", "xml", "mbstring", "curl"]),
    );
    expect(await client(standby)).toBe(await client(active));
    // It would have noticed one that is missing.
    expect(await modules(active)).not.toContain("no-such-module");
  });

  test("[O14] the eight salts", async () => {
    const read = async (region: string) =>
      (await onWeb(region, ["grep", "-E", "^[A-Z_]+_(KEY|SALT)=", "/etc/evenkeel/wordpress.env"])).trim();
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
        const reply = await probe(region, `/wp-json/wp/v2/posts/${id}`);
        return reply.status === 200 ? (JSON.parse(reply.body) as { title: { rendered: string } }) : null;
      });
      expect(seen.title.rendered).toBe(title);
    }
  });

  test("[O12] PHP's limits", async () => {
    const names = ["memory_limit", "post_max_size", "upload_max_filesize", "max_file_uploads"];
    const code = `<?php foreach (${JSON.stringify(names)} as $name) { echo ini_get($name), ' '; }`;
    expect((await onWeb(active, ["-u", "www-data", "php"], code)).trim()).toBe("256M 64M 64M 100");
  });
});

test("[O12] an upload of 60 MB works, one of 65 MB is refused in words", async () => {
  const created = await wordpress(
    active,
    "[$p] = WP_Application_Passwords::create_new_application_password(1, ['name' => 'proof']); echo $p;",
  );
  const { adminUser } = handle.secrets.wordpress;
  const upload = (megabytes: number) => {
    const body = "x".repeat(megabytes * 2 ** 20);
    return get(`${urlOf(active)}/wp-json/wp/v2/media`, {
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
  const { adminUser, adminPassword } = handle.secrets.wordpress;
  const body = new URLSearchParams({ log: adminUser, pwd: adminPassword, testcookie: "1" }).toString();
  const reply = await get(`${urlOf(region)}/wp-login.php`, {
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

import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { hostFile } from "../../components/host/render.ts";
import {
  nginxSite,
  poolConfig,
  webConfig,
  webFiles,
  wordpressEnvironment,
} from "../../components/host/web-files.ts";
import { type ScratchHost, scratchHost } from "./support/scratch-host.ts";

/** The files of a web host on a host without network and without PHP-FPM: what reaches PHP answers 502. */
const toPhp = "502";
const nasty = `quote" 'back\\slash $(x) %s é`;
const saltNames = ["AUTH", "SECURE_AUTH", "LOGGED_IN", "NONCE"].flatMap((n) => [`${n}_KEY`, `${n}_SALT`]);
const site = {
  site: "shop",
  region: "primary",
  domain: "shop.lab.test",
  databaseHost: "127.0.0.1",
  schema: "wordpress_db",
  users: { app: { name: "wp_user" }, health: { name: "evenkeel_health" } },
  boundedWaitSeconds: 2,
  wordpressCore: null,
  title: "Shop",
  admin: { user: "admin", email: "admin@shop.lab.test" },
  outboundHttp: "blocked" as const,
  address: "127.0.0.1",
  cache: null,
  php: { listen: "socket" as const },
  storeEndpoint: null,
  uploadsDevice: null,
};
const urls = ["https://localhost:9443", "https://localhost:8443"];
const salts = Object.fromEntries(saltNames.map((name) => [name, name.padEnd(64, "x")]));
const library = "/usr/local/lib/evenkeel/web";
const scripts = [
  `${library}/install-core`,
  "/usr/local/lib/evenkeel/roles-web-setup.sh",
  `${library}/uploads-volume`,
];
const phpFiles = webFiles().flatMap(({ path }) => (path.endsWith(".php") ? [path] : []));

let host: ScratchHost;
jest.setTimeout(60_000);

beforeAll(async () => {
  host = await scratchHost("web", ["nginx-light", "php-cli", "shellcheck", "openssl"]);
  await host.bash(`mkdir -p /etc/evenkeel/tls && cd /etc/evenkeel/tls
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=shop.lab.test \\
      -keyout site-key.pem -out site.pem 2>/dev/null
    cd /var/www/html && mkdir -p .git wp-admin wp-content/uploads wp-includes
    for name in index.php wp-login.php wp-config.php xmlrpc.php wp-admin/index.php wp-admin/install.php \\
      wp-content/uploads/a.php wp-content/uploads/a.jpg .git/config .env .htaccess dump.sql wp-config.php.bak \\
      wp-includes/a.css; do echo secret >"$name"; done`);
  const secrets = { urls, salts, app: nasty, health: "health", cache: "" };
  const files = [
    ...webFiles(),
    {
      path: "/etc/nginx/sites-available/evenkeel",
      content: nginxSite({ ...site, balancerAddresses: ["10.10.0.2"] }),
    },
    { path: "/etc/evenkeel/wordpress.env", content: wordpressEnvironment(site, secrets) },
    { path: "/etc/evenkeel/web.json", content: webConfig(site, { urls, admin: "password" }) },
    { path: scripts[1] as string, content: hostFile("wordpress/setup.sh") },
  ];
  const script = `ln -sf ../sites-available/evenkeel /etc/nginx/sites-enabled/evenkeel
    rm -f /etc/nginx/sites-enabled/default; systemctl daemon-reload; systemctl restart nginx; echo '{}'`;
  const applied = await host.apply({ role: "web", files, script });
  if (applied.exitCode !== 0) throw new Error(applied.stderr);
}, 240_000);

afterAll(() => host?.remove());

const evenkeelWeb = async (...words: string[]) => {
  const { exitCode, stdout, stderr } = await host.run(["evenkeel-web", ...words]);
  return { exitCode, stderr, answer: stdout === "" ? null : (JSON.parse(stdout) as Record<string, unknown>) };
};
const curl = (words: string) =>
  host.bash(`curl -gksS -m 5 --path-as-is --resolve shop.lab.test:443:127.0.0.1 ${words}`);
const code = (words: string) => curl(`-o /dev/null -w '%{http_code}' ${words}`);
/** The answers to many requests by one call. */
const codes = async (requests: readonly string[]) => {
  const line = (
    words: string,
  ) => `curl -gksS -m 5 --path-as-is --resolve shop.lab.test:443:127.0.0.1 -o /dev/null \\
    -w '%{http_code}\\n' ${words}`;
  const printed = await host.bash(requests.map(line).join("\n"));
  return Object.fromEntries(
    printed
      .trim()
      .split("\n")
      .map((answer, i) => [requests[i], answer]),
  );
};
const all = (requests: readonly string[], answer: string) =>
  Object.fromEntries(requests.map((words) => [words, answer]));
const at = (path: string) => `'https://shop.lab.test${path}'`;

describe("the programs themselves accept our files", () => {
  test("nginx, without a warning, and it would have noticed a mistake", async () => {
    expect(await host.run(["nginx", "-t", "-q"])).toMatchObject({ exitCode: 0, stderr: "" });
    const snippet = "/etc/nginx/snippets/evenkeel-gate.conf";
    const broken = await host.run([
      "bash",
      "-c",
      `echo 'map $a {' >>${snippet}; nginx -t -q; r=$?; sed -i '$d' ${snippet}; exit $r`,
    ]);
    expect(broken.exitCode).toBe(1);
  });

  test.each(phpFiles)("php -l %s", async (path) => {
    expect(await host.run(["php", "-l", path])).toMatchObject({ exitCode: 0 });
  });

  test("php -l would have noticed a mistake", async () => {
    expect((await host.run(["php", "-l"], { input: "<?php function {" })).exitCode).not.toBe(0);
  });

  test("shellcheck, and it would have noticed a mistake", async () => {
    expect(await host.run(["shellcheck", ...scripts])).toMatchObject({ exitCode: 0, stdout: "" });
    expect((await host.run(["shellcheck", "-s", "bash", "-"], { input: "rm $1\n" })).exitCode).toBe(1);
  });

  test("systemd, the three units", async () => {
    const units = ["cron.service", "cron.timer", "settle.service"].map(
      (unit) => `/etc/systemd/system/evenkeel-${unit}`,
    );
    expect(await host.run(["systemd-analyze", "verify", ...units])).toMatchObject({
      exitCode: 0,
      stderr: "",
    });
  });
});

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
    ...["+add-to-cart=5", "add-to-cart[]=5", "add-to-cart%5B%5D=5", "+wc-ajax=x", "+action=x", "+preview=1"],
    ...["p=1&++action=x", "%20action=x", "%09action=x", "action%00=x", "+_method=POST", ".method=DELETE"],
    ...["%5Fmethod=DELETE", "+method=DELETE&+.method=DELETE", "remove.item=1", "remove+item=1"],
    ...["remove[item=1", "remove%5Bitem=1", "undo.item=1", "order.again=1", "apply.coupon=x", ".wpnonce=1"],
    ...["pay.for+order=1", "cancel[order=1", "customize.changeset.uuid=1", "customize%5bchangeset.uuid=1"],
    ...["doing[wp.cron=1"],
  ].map((query) => at(`/?${query}`));
  const writes = [
    ...["/wp-login.php", "/wp%2Dlogin.php", "//wp-admin/", "/wp-admin/index.php", "/wp-cron.php"].map(at),
    ...["/cart/", "/checkout/order-received/1/", "/my-account", "/shop/cart/"].map(at),
    ...["/?add-to-cart=3", "/?a=1&add-to-cart=3", "/?add%2Dto%2Dcart=3", "/?wc-ajax=x", "/?action=x"].map(at),
    ...["/wp-json/wp/v2/posts?_method=POST", "/?doing.wp.cron=1"].map(at),
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

describe("what PHP knows", () => {
  const php = (code: string) =>
    host.bash(`php -r ${quoted(`require "/usr/local/lib/evenkeel/web/environment.php"; ${code}`)}`);
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
    expect(await php(`echo evenkeel_site_url(explode(" ", evenkeel_value("URLS")), "${asked}");`)).toBe(url);
  });

  test("a damaged line is named by its number, never by what stands in it", async () => {
    const env = "/etc/evenkeel/wordpress.env";
    await host.bash(`cp ${env} ${env}.saved; echo 'SECRET=open sesame' >>${env}`);
    const { exitCode, stdout, stderr } = await host.run([
      "php",
      "-r",
      'require "/usr/local/lib/evenkeel/web/environment.php"; evenkeel_environment();',
    ]);
    await host.bash(`mv ${env}.saved ${env}`);
    expect(exitCode).not.toBe(0);
    expect(stdout + stderr).toMatch(/line \d+/);
    expect(stdout + stderr).not.toMatch(/sesame/);
  });
});

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
      answer: { gate: "closed", epoch: 6, changed: true, reason: expect.stringMatching(/./) },
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
    const python = `import importlib.machinery as m, importlib.util as u, json
loader = m.SourceFileLoader("evenkeel_web", "/usr/local/sbin/evenkeel-web")
web = u.module_from_spec(u.spec_from_loader("evenkeel_web", loader))
loader.exec_module(web)
print(json.dumps(web.judge(json.loads('${heartbeat}'), None, "primary")[0]))`;
    const php = `<?php require '/usr/local/lib/evenkeel/web/database.php';
      echo json_encode(evenkeel_reasons_not_active(json_decode('${heartbeat}', true), 1));`;
    const settled = await host.run(["python3", "-B", "-"], { input: python });
    const probed = await host.run(["php"], { input: php });
    expect(JSON.parse(settled.stdout)).toBe(reason);
    // The probe words a heartbeat that stands still by its seconds.
    const words = reason?.includes("still") ? [expect.stringContaining("5.1 s old")] : [reason ?? []].flat();
    expect(JSON.parse(probed.stdout)).toEqual(words);
  });

  test("while another is at work it gives up at its deadline (13), but the gate is closed first", async () => {
    await evenkeelWeb("open", "--epoch", "7");
    const busy = await host.run([
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
    expect(await host.bash("stat -f -c %T /run/evenkeel")).toBe("tmpfs");
    expect((await host.run(["systemctl", "is-enabled", "evenkeel-cron.timer"])).stdout).toMatch(
      /static|disabled/,
    );
  });
});

describe("settle", () => {
  const question = "/usr/local/lib/evenkeel/web/heartbeat.php";
  const epoch = 20;
  /** Stands in for the question to the database; `$n` counts how often it was asked since. */
  const answering = async (php: string) => {
    await host.bash("rm -f /tmp/asked /tmp/waits /tmp/go; evenkeel-web close");
    const stub = `<?php
$n = 1 + (int) @file_get_contents('/tmp/asked');
file_put_contents('/tmp/asked', $n);
$active = ['region' => 'primary', 'epoch' => ${epoch}, 'ageSeconds' => 0.5, 'readOnly' => false];
$standby = ['readOnly' => true] + $active;
${php}`;
    await host.run(["tee", question], { input: stub });
  };

  beforeAll(() => host.bash(`cp -p ${question} /root/heartbeat.php`));
  afterAll(() => host.bash(`mv /root/heartbeat.php ${question}`));

  test.each([
    ["still shows the active database", "$active", "$active", { gate: "open", changed: true, reason: null }],
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
    expect(await host.bash("cat /tmp/asked")).toBe("2");
    expect((await evenkeelWeb("status")).answer).toMatchObject({ gate: answer.gate });
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
    await host.bash(`until [ -e /tmp/waits ]; do sleep 0.05; done; ${meanwhile}; touch /tmp/go`);
    expect((await settling).answer).toMatchObject(answer);
    expect((await evenkeelWeb("status")).answer).toMatchObject({ gate: answer.gate });
    expect((await evenkeelWeb("settle")).answer).toMatchObject({ gate: "open" });
  });
});

describe("install-core", () => {
  const html = "/var/www/html";
  const uploads = `${html}/wp-content/uploads`;
  const path = "/usr/sbin:/usr/bin:/sbin:/bin";

  /** Runs it with `act` (bash) before each of its steps; without an exchange of names where `exchange` is false. */
  const installCore = ({ act = ":", exchange = true } = {}) =>
    host.run([
      "env",
      "BASH_ENV=/root/core/trap.sh",
      `ACT=${act}`,
      `PATH=${exchange ? "" : "/root/core/bin:"}${path}`,
      scripts[0] as string,
    ]);
  const at = (step: string, act: string) => `case $BASH_COMMAND in '${step}'*) ${act} ;; esac`;

  beforeAll(() =>
    host.bash(`mkdir -p /root/core/bin /root/core/wordpress/wp-includes; cd /root/core
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
echo '<?php' >wordpress/wp-load.php
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
    host.bash(`rm -rf ${uploads} ${html}/.evenkeel-replaced /var/www/evenkeel-next /var/lib/evenkeel/core.json
mkdir -p ${uploads}/2026/11; cd ${uploads}; echo '<?php' >${html}/wp-load.php
echo early >2026/11/early.jpg; echo first >again.jpg; echo first >anew.jpg`),
  );

  /** Everything that a visitor may have put there while the new tree was made. */
  const visit = `cd ${uploads}; mkdir -p 2026/12; echo late >2026/12/late.jpg; echo second >again.jpg
    echo second >anew.tmp; mv anew.tmp anew.jpg; cd /`;
  const afterwards = async () =>
    JSON.parse(
      await host.bash(`cd ${uploads}; python3 -c '
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
      await host.bash("rm -f /root/core/begun /root/core/end");
      const { exitCode, stderr } = await installCore({ act: at(beforeSwap, act), exchange });
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "WordPress 9.9.1 is in place" });
      await host.bash("touch /root/core/end; while systemctl is-active -q slow; do sleep 0.05; done");
      expect(await afterwards()).toEqual({ ...visited, "slow.jpg": "begun and ended" });
      expect(await host.bash(nothingLeft)).toBe("");
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
    expect(await host.bash(nothingLeft)).toBe("");
    expect(await host.bash(`cat ${html}/wp-includes/version.php`)).toContain("9.9.1");
  });

  test("where the wanted core is in place it does nothing", async () => {
    expect((await installCore()).exitCode).toBe(0);
    const inode = () => host.bash(`stat -c %i ${html}`);
    const before = await inode();
    expect(await installCore()).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await inode()).toBe(before);
  });
});

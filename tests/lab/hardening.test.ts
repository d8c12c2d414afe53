import { beforeAll, describe, expect, jest, test } from "@jest/globals";
import type { HostOutputs } from "../../components/outputs.ts";
import { sql } from "./support/database.ts";
import { get, onHost, type SiteHandle, site } from "./support/site.ts";

jest.setTimeout(180_000);

let now: SiteHandle;
let hosts: HostOutputs[];

beforeAll(async () => {
  now = await site();
  hosts = [...Object.values(now.regions).flatMap((region) => region.hosts), ...now.global.hosts];
}, 60_000);

describe("[S19] hosts", () => {
  test("sshd takes keys only, no root, and nothing old", async () => {
    for (const { id } of hosts) {
      const settings = (await onHost(now, id, ["sudo", "-n", "sshd", "-T"])).split("\n");
      const value = (name: string) =>
        settings.find((line) => line.startsWith(`${name} `))?.slice(name.length + 1);
      expect({
        id,
        password: value("passwordauthentication"),
        keyboard: value("kbdinteractiveauthentication"),
        root: value("permitrootlogin"),
        x11: value("x11forwarding"),
      }).toEqual({ id, password: "no", keyboard: "no", root: "no", x11: "no" });
      const algorithms = ["kexalgorithms", "ciphers", "macs", "hostkeyalgorithms"].map(value).join(",");
      expect([id, algorithms]).not.toEqual([
        id,
        expect.stringMatching(/sha1|cbc|3des|arcfour|md5|diffie-hellman|ecdsa|dss/),
      ]);
    }
  });

  test("no account but the login user's and those of services can log in, and none has a password", async () => {
    for (const { id } of hosts) {
      const shadow = (await onHost(now, id, ["sudo", "-n", "cut", "-d:", "-f1,2", "/etc/shadow"])).split(
        "\n",
      );
      expect([id, shadow.filter((line) => !/:[!*]/.test(line))]).toEqual([id, []]);
    }
  });

  test("no secret file can be read by others", async () => {
    const secret = [
      "*key*.pem",
      "*.env",
      "database.json",
      "web.json",
      "peer_key",
      "*.acl",
      "pdns.conf",
      "*.curl",
    ];
    const names = secret.flatMap((name, i) => [...(i === 0 ? [] : ["-o"]), "-name", name]);
    for (const { id } of hosts) {
      const find = ["sudo", "-n", "find", "/etc/evenkeel", "/etc/redis", "/etc/powerdns", "(", ...names, ")"];
      const { stdout } = await now.ssh(id, [...find, "-perm", "/o=rwx"]);
      expect([id, stdout]).toEqual([id, ""]);
    }
  });
});

describe("[S19] TLS", () => {
  /**
   * As bash: how `openssl s_client ARGUMENTS` ended: "TLSv1.2", say, with "ticket" where a session ticket came along;
   * "alert" where the server refused the version, "no cipher" where it takes none of those that were offered.
   * Debian's client would not even offer 1.1 without SECLEVEL=0, and that would look like a refusal.
   */
  const asking = `handshake() {
  local said version
  said=$(timeout 5 openssl s_client -cipher DEFAULT@SECLEVEL=0 "$@" </dev/null 2>&1)
  if grep -q 'alert protocol version' <<<"$said"; then echo alert
  elif grep -q 'alert handshake failure' <<<"$said"; then echo no cipher
  elif grep -qE '^New, .*, Cipher is [A-Z]' <<<"$said"; then
    version=$(sed -n 's/^Protocol: //p' <<<"$said")
    # With 1.3 every session has one.
    [ "$version" = TLSv1.3 ] || ! grep -q '^ *TLS session ticket:' <<<"$said" || version+=' ticket'
    echo "$version"
  else echo nothing; fi
}
`;
  const bash = (from: string, script: string) =>
    onHost(now, from, ["bash", "-s"], { stdin: asking + script });
  const versions = ["tls1", "tls1_1", "tls1_2", "tls1_3"];

  /** Without authenticated encryption, and the last without forward secrecy either. */
  const weak = "ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:AES128-SHA";
  const serversOf = (region: string) => ({
    nginx: now.host(`${region}/web-1`).address,
    balancer: "127.0.0.1",
    edge: now.host("third/edge").peeringAddress,
  });

  test.each(["primary", "secondary"])(
    "nginx in %s, its balancer and the edge take no weak cipher with 1.2, and give no session ticket",
    async (region) => {
      const questions = Object.values(serversOf(region)).flatMap((address) => [
        `handshake -connect ${address}:443 -tls1_2 -cipher ${weak}\n`,
        `handshake -connect ${address}:443 -tls1_2\n`,
      ]);
      const answers = (await bash(`${region}/gateway`, questions.join(""))).split("\n");
      expect(answers).toEqual(Object.keys(serversOf(region)).flatMap(() => ["no cipher", "TLSv1.2"]));
    },
  );

  test.each(["primary", "secondary"])(
    "nginx in %s, its balancer and the edge take 1.2 and 1.3, and refuse what is older",
    async (region) => {
      const servers = serversOf(region);
      const questions = Object.values(servers).flatMap((address) =>
        versions.map((version) => `handshake -connect ${address}:443 -${version}\n`),
      );
      const answers = (await bash(`${region}/gateway`, questions.join(""))).split("\n");
      const wanted = ["alert", "alert", "TLSv1.2", "TLSv1.3"];
      expect(answers).toEqual(Object.keys(servers).flatMap(() => wanted));
    },
  );

  test("a server that takes 1.1, a weak cipher or gives tickets would be found", async () => {
    const script = `
cd "$(mktemp -d)" || exit
trap 'kill $servers 2>/dev/null; rm -r "$PWD"' EXIT
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=old -keyout pem -out cert 2>/dev/null
openssl s_server -accept 127.0.0.1:5997 -cert cert -key pem -tls1_1 -cipher DEFAULT@SECLEVEL=0 -www >/dev/null 2>&1 &
servers=$!
openssl s_server -accept 127.0.0.1:5998 -cert cert -key pem -tls1_2 -cipher ${weak} -www >/dev/null 2>&1 &
servers+=" $!"
for port in 5997 5998; do
  for _ in $(seq 50); do (: </dev/tcp/127.0.0.1/$port) 2>/dev/null && break; sleep 0.1; done
done
handshake -connect 127.0.0.1:5997 -tls1_1
handshake -connect 127.0.0.1:5997 -tls1_2
handshake -connect 127.0.0.1:5998 -tls1_2 -cipher ${weak}`;
    // And a client that refuses by itself is not taken for a server that does.
    expect(await bash("primary/gateway", script)).toBe("TLSv1.1 ticket\nnothing\nTLSv1.2 ticket");
  });
});

describe("services", () => {
  test("MariaDB has no anonymous or test account, no test database, and root from the host itself only", async () => {
    for (const region of Object.keys(now.regions)) {
      const accounts = await sql(
        now,
        region,
        "SELECT CONCAT(User, '@', Host) FROM mysql.global_priv WHERE User = '' OR Host = '%' OR (User = 'root' AND Host <> 'localhost')",
      );
      expect([region, accounts]).toEqual([region, []]);
      const databases = await sql(now, region, "SELECT schema_name FROM information_schema.schemata");
      expect(databases.filter((name) => name.startsWith("test"))).toEqual([]);
    }
  });

  test("pages carry the headers one expects, and tell no versions", async () => {
    const url = now.regions.primary?.url as string;
    const { headers } = await get(`${url}/`);
    const expected = {
      "x-content-type-options": "nosniff",
      "x-frame-options": "SAMEORIGIN",
      "referrer-policy": "strict-origin-when-cross-origin",
    };
    expect(headers).toMatchObject(expected);
    expect(headers["x-powered-by"]).toBeUndefined();
    expect(headers.server ?? "nginx").toBe("nginx");
    // Under a name that isn't the site's own it must not bind anything else that is there.
    expect(headers["strict-transport-security"]).toBeUndefined();
    const named = await get(`${url}/`, { headers: { host: now.domain } });
    expect(named.headers["strict-transport-security"]).toBe("max-age=31536000");
    // What a standby refuses, and an upload that is too large, carry them as well.
    const large = { method: "POST", headers: { "content-length": String(70 * 2 ** 20) } };
    const refused = [
      await get(`${now.regions.secondary?.url}/wp-login.php`),
      await get(`${url}/wp-admin/async-upload.php`, large),
    ];
    expect(refused.map(({ status }) => status)).toEqual([503, 413]);
    for (const { headers: found } of refused) expect(found).toMatchObject(expected);
  });
});

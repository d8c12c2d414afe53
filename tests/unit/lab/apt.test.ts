import { describe, expect, test } from "@jest/globals";
import { debianMirrors, parseSourcesList, parseSourcesStanzas } from "../../../automation/lab/apt.ts";

const oneLine = `
# deb http://commented.example/debian trixie main
deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://mirror.example/debian/ bookworm main contrib # own
deb-src http://mirror.example/debian bookworm main
deb http://mirror.example/debian-security bookworm-security main
`;

const stanzas = `
# a comment: with a colon
Types: deb deb-src
URIs: https://mirror.example/debian
Suites: trixie
 trixie-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: https://mirror.example/security
Suites: trixie-security
Components: main

Enabled: no
Types: deb
URIs: http://switched-off.example/debian
Suites: trixie
Components: main

Types: deb-src
URIs: http://source-only.example/debian
Suites: trixie
Components: main
`;

describe("where Debian comes from on this machine", () => {
  test("the one-line form is read with its options; comments and source lines are passed over", () => {
    expect(parseSourcesList(oneLine)).toEqual([
      {
        uri: "http://mirror.example/debian",
        suites: ["bookworm"],
        components: ["main", "contrib"],
        signedBy: "/usr/share/keyrings/debian-archive-keyring.gpg",
      },
      {
        uri: "http://mirror.example/debian-security",
        suites: ["bookworm-security"],
        components: ["main"],
        signedBy: null,
      },
    ]);
  });

  test("the deb822 form is read with its folded lines; disabled and source-only stanzas are passed over", () => {
    const sources = parseSourcesStanzas(stanzas);
    expect(sources.map(({ uri }) => uri)).toEqual([
      "https://mirror.example/debian",
      "https://mirror.example/security",
    ]);
    expect(sources[0]?.suites).toEqual(["trixie", "trixie-updates"]);
  });

  test("the mirror and the security archive come out of either form", () => {
    expect(debianMirrors(parseSourcesList(oneLine))).toEqual({
      main: "http://mirror.example/debian",
      security: "http://mirror.example/debian-security",
    });
    expect(debianMirrors(parseSourcesStanzas(stanzas))).toEqual({
      main: "https://mirror.example/debian",
      security: "https://mirror.example/security",
    });
  });

  test("another vendor's archive is not taken for Debian, whatever suite names it uses", () => {
    const vendor = `
deb https://engine.example/linux/debian bookworm stable
deb https://cloud.example/apt sdk-bookworm main
deb [signed-by=/etc/apt/keyrings/vendor.gpg] https://vendor.example/debian bookworm main
deb file:/srv/debian bookworm main
`;
    expect(debianMirrors(parseSourcesList(vendor))).toBeNull();
    expect(
      debianMirrors(parseSourcesList(`deb https://node.example/x bookworm main\n${oneLine}`))?.main,
    ).toBe("http://mirror.example/debian");
  });
});

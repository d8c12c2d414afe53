/** One line or stanza of apt's configuration: where packages come from. */
export interface AptSource {
  uri: string;
  suites: string[];
  components: string[];
  /** Path of the keyring the source names, when it names one. */
  signedBy: string | null;
}

/** Where Debian comes from on this machine. `security` is null where apt has no security archive. */
export interface DebianMirrors {
  main: string;
  security: string | null;
}

const release = /^(buster|bullseye|bookworm|trixie|forky|duke|sid|unstable|testing|(old){0,2}stable)$/;
const securitySuite = /^([a-z]+)(-security|\/updates)$/;

/**
 * Debian's own mirrors among apt's sources. Other vendors' archives use Debian's suite names too, so a source
 * counts when it has `main`, names no foreign keyring, and speaks http or https; one whose address says "debian"
 * goes first.
 */
export function debianMirrors(sources: readonly AptSource[]): DebianMirrors | null {
  const own = sources
    .filter(({ uri, components }) => /^https?:/.test(uri) && components.includes("main"))
    .filter(({ signedBy }) => signedBy === null || /debian-archive/.test(signedBy))
    .sort((one, other) => Number(/debian/.test(other.uri)) - Number(/debian/.test(one.uri)));
  const main = own.find(({ suites }) => suites.some((suite) => release.test(suite)));
  const security = own.find(({ suites }) =>
    suites.some((suite) => release.test(securitySuite.exec(suite)?.[1] ?? "")),
  );
  return main ? { main: main.uri, security: security?.uri ?? null } : null;
}

/** Reads the one-line form (sources.list): `deb [options] uri suite component…`. Other lines are passed over. */
export function parseSourcesList(text: string): AptSource[] {
  return text.split("\n").flatMap((line) => {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line);
    if (!match) {
      return [];
    }
    const [, options = "", uri = "", suite = "", components = ""] = match;
    const signedBy = /signed-by=(\S+)/.exec(options)?.[1] ?? null;
    return [{ uri: withoutSlash(uri), suites: [suite], components: words(components), signedBy }];
  });
}

/** Reads the deb822 form (*.sources): stanzas of `Field: value`, values going on in indented lines. */
export function parseSourcesStanzas(text: string): AptSource[] {
  return text.split(/\n\s*\n/).flatMap((stanza) => {
    const fields = stanzaFields(stanza);
    if (
      !words(fields.get("types")).includes("deb") ||
      /^(no|false|0)$/i.test(fields.get("enabled") ?? "yes")
    ) {
      return [];
    }
    // An inline key is no keyring's path: then nothing is known about whose it is.
    const keyring = fields.get("signed-by") ?? "";
    return words(fields.get("uris")).map((uri) => ({
      uri: withoutSlash(uri),
      suites: words(fields.get("suites")),
      components: words(fields.get("components")),
      signedBy: keyring.startsWith("/") ? keyring : null,
    }));
  });
}

function stanzaFields(stanza: string): Map<string, string> {
  const fields = new Map<string, string>();
  let current = "";
  for (const line of stanza.split("\n").filter((text) => !text.startsWith("#"))) {
    const match = /^([A-Za-z-]+):\s*(.*)$/.exec(line);
    if (match) {
      current = (match[1] ?? "").toLowerCase();
      fields.set(current, (match[2] ?? "").trim());
    } else if (current !== "") {
      fields.set(current, `${fields.get(current) ?? ""} ${line.trim()}`.trim());
    }
  }
  return fields;
}

function words(text: string | undefined): string[] {
  return (text ?? "").split(/\s+/).filter((word) => word !== "");
}

function withoutSlash(uri: string): string {
  return uri.replace(/\/+$/, "");
}

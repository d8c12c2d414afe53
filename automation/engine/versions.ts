/** What set-up puts on the machine, in one place. npm packages are pinned by package-lock.json, Go modules by go/*. */
export const pulumiVersion = "3.259.0";

/** The last release of the SDK that carries the Node language host as a Go package (it works with the CLI above). */
export const languageHostSdkVersion = "3.68.0";

/** Exactly this one: the npm package's `latest` tag points at a version that no plugin exists for. */
export const commandPluginVersion = "1.2.1";

/** The S3 gateway of the lab's object stores. */
export const objectStoreVersion = "1.8.0";

/** The oldest Go that the CLI's modules accept. */
export const oldestGo = { major: 1, minor: 25 } as const;

/**
 * WordPress' own archive. The checksum is the one that nixpkgs pins for this address
 * (pkgs/servers/web-apps/wordpress/default.nix, sha256-N/WVUQxI0W3t4L+lr6KcuK8S2/Dj00WyXElMFfjIHYE=).
 */
export const wordpressCorePin = {
  version: "6.8.5",
  url: "https://wordpress.org/wordpress-6.8.5.tar.gz",
  sha256: "37f595510c48d16dede0bfa5afa29cb8af12dbf0e3d345b25c494c15f8c81d81",
} as const;

/**
 * PG4WP, which lets WordPress run on PostgreSQL: the repository's newest release. Pinned are the files of its folder
 * `pg4wp` (tag v3.4, commit c7e3fbd50bb5363c84b39a611f65b9c699c7f63f, git's tree 6d60e465043e9cd64aecefd3d64cf7e899aa33a4),
 * by the hash that drop-in.ts's `treeHash` reckons. It was made from the tag in a clone with
 * `git archive v3.4 pg4wp | tar -x && cd pg4wp`, and the command in that function's description. An archive's own
 * checksum would pin how the repository's server packs it, which it may change.
 */
export const dropInPin = {
  version: "3.4",
  url: "https://github.com/PostgreSQL-For-Wordpress/postgresql-for-wordpress/archive/refs/tags/v3.4.tar.gz",
  treeHash: "4a089d756873eb22afc74a0f1b8c62124aa664f0918da459ddba67b84ecd22e8",
} as const;

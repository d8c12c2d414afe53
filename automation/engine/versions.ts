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

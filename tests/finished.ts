/**
 * Rows of the requirements whose self-run part is built and proved as a whole. One test seldom proves a row, so a
 * passing one alone makes it "partly" in docs/coverage.md: a row is added here when the issue that ends it is closed.
 * Parts that come later: rotation of salts (O14, with P4) and of certificates (P3), rclone's remotes (O20), the witness
 * (P1), backups' timer (S19), clouds (P19, D10, S19), the client pinned to the old address (P10).
 */
export const finishedRows: readonly string[] = [
  ...[
    "O2",
    "O3",
    "O4",
    "O5",
    "O6",
    "O7",
    "O8",
    "O9",
    "O10",
    "O11",
    "O12",
    "O13",
    "O14",
    "O15",
    "O16",
    "O17",
    "O18",
    "O20",
  ],
  ...["D6", "D7", "D8", "D9", "D10", "D11", "D12", "D16", "D22"],
  ...["S3", "S15", "S16", "S19"],
  ...["F3"],
  ...["P1", "P2", "P3", "P5", "P6", "P7", "P10", "P18", "P19", "P26"],
];

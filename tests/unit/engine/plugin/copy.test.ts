import { describe, expect, test } from "@jest/globals";
import { type CopySource, placement, type RemoteKind } from "../../../../automation/engine/plugin/copy.ts";

const folder: CopySource = { kind: "directory", name: "files", contentsOnly: false };
const contents: CopySource = { ...folder, contentsOnly: true };
const file: CopySource = { kind: "file", name: "b", contentsOnly: false };
const text: CopySource = { kind: "text", name: "", contentsOnly: false };

describe("where a copy comes to lie (the published table)", () => {
  const rows: [CopySource, RemoteKind, string | null][] = [
    [folder, "directory", "/x/y files"],
    [folder, "nothing", "/x/y files"],
    [contents, "directory", "/x/y *"],
    [contents, "nothing", "/x/y *"],
    [file, "directory", "/x/y b"],
    [file, "nothing", "/x y"],
    [file, "file", "/x y"],
    [text, "nothing", "/x y"],
    [text, "file", "/x y"],
  ];
  test.each(rows)("%j onto a %s: %s", (source, there, expected) => {
    const { directory, name } = placement(source, "/x/y", there);
    expect(`${directory} ${name ?? "*"}`).toBe(expected);
  });

  test.each([
    [folder, "file", "is a file"],
    [contents, "file", "is a file"],
    [text, "directory", "is a folder"],
  ] as [CopySource, RemoteKind, string][])("%j onto a %s is refused", (source, there, reason) => {
    expect(() => placement(source, "/x/y", there)).toThrow(`/x/y on the host ${reason}`);
  });
});

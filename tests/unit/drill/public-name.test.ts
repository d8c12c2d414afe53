import { beforeEach, describe, expect, test } from "@jest/globals";
import { PublicName, type Resolved } from "../../../automation/drill/public-name.ts";

let nowMs: number;
let asked: number;
let answer: () => Promise<Resolved[]>;
let name: PublicName;
beforeEach(() => {
  nowMs = 0;
  asked = 0;
  answer = () => Promise.resolve([{ address: "10.0.0.1", ttl: 5 }]);
  name = new PublicName(
    () => {
      asked += 1;
      return answer();
    },
    () => nowMs,
  );
});
const moved = (...addresses: string[]) => {
  answer = () => Promise.resolve(addresses.map((address) => ({ address, ttl: 5 })));
};

describe("the public name", () => {
  test("is asked again when its TTL is over, and no earlier", async () => {
    await name.address();
    moved("10.0.0.2");
    nowMs = 4999;
    expect(await name.address()).toBe("10.0.0.1");
    expect(asked).toBe(1);
    nowMs = 5000;
    expect(await name.address()).toBe("10.0.0.2");
    expect(asked).toBe(2);
  });

  test("is asked again at once when what it named fails", async () => {
    await name.address();
    moved("10.0.0.2");
    name.failed("10.0.0.1");
    expect(await name.address()).toBe("10.0.0.2");
  });

  test("is not asked again for the failure of an address that it names no more", async () => {
    await name.address();
    moved("10.0.0.2");
    name.failed("10.0.0.1");
    await name.address();
    name.failed("10.0.0.1");
    await name.address();
    expect(asked).toBe(2);
  });

  test("gives the next one of several addresses when one fails", async () => {
    moved("10.0.0.1", "10.0.0.2");
    expect(await name.address()).toBe("10.0.0.1");
    name.failed("10.0.0.1");
    expect(await name.address()).toBe("10.0.0.2");
    name.failed("10.0.0.2");
    expect(await name.address()).toBe("10.0.0.1");
  });

  test("is used on as it was where no name server answers, and is null where none ever did", async () => {
    answer = () => Promise.reject(new Error("ETIMEOUT"));
    expect(await name.address()).toBeNull();
    moved("10.0.0.1");
    expect(await name.address()).toBe("10.0.0.1");
    answer = () => Promise.reject(new Error("ETIMEOUT"));
    nowMs = 60_000;
    expect(await name.address()).toBe("10.0.0.1");
  });

  test("is asked once for all connections that wait for it", async () => {
    await Promise.all([name.address(), name.address(), name.address()]);
    expect(asked).toBe(1);
  });
});

import * as grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import providerGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import structPb from "google-protobuf/google/protobuf/struct_pb.js";
import { commandProvider } from "../../../../automation/engine/plugin/provider.ts";
import { serve } from "../../../../automation/engine/plugin/server.ts";

const urn = "urn:pulumi:s::p::evenkeel:lab:Host$command:local:Command::a::b";
const shown: string[] = [];
const provider = commandProvider();
let port = 0;
let stop = () => {};
let client: InstanceType<typeof providerGrpc.ResourceProviderClient>;

beforeAll(async () => {
  const line = (of: string, text: string) => void shown.push(`${of === urn} ${text}`);
  ({ port, stop } = await serve(provider, { line, warning: line }));
  client = new providerGrpc.ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
});
afterAll(async () => {
  client.close();
  stop();
  await provider.close();
});

type JavaScript = Parameters<typeof structPb.Struct.fromJavaScript>[0];
const struct = (value: JavaScript) => structPb.Struct.fromJavaScript(value);

/** A call as a promise; `call` hands the callback to the client's method. */
function answer<Response>(
  call: (callback: (error: grpc.ServiceError | null, response: Response) => void) => unknown,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    call((error, response) => (error === null ? resolve(response) : reject(error)));
  });
}

function creation(inputs: JavaScript, timeoutSeconds: number) {
  return new providerPb.CreateRequest().setUrn(urn).setProperties(struct(inputs)).setTimeout(timeoutSeconds);
}

describe("the plugin as the engine calls it", () => {
  test("type and name come from the URN of an older engine, lines go to the resource", async () => {
    const made = await answer<InstanceType<typeof providerPb.CreateResponse>>((done) =>
      client.create(creation({ create: "echo hello" }, 0), done),
    );
    expect(made.getId()).toMatch(/^a::b[0-9a-f]{8}$/);
    expect(made.getProperties()?.toJavaScript()).toMatchObject({ stdout: "hello", stderr: "" });
    expect(shown).toContain("true hello");
  });

  test("customTimeouts of the engine is the step's deadline", async () => {
    const late = answer<InstanceType<typeof providerPb.CreateResponse>>((done) =>
      client.create(creation({ create: "sleep 20" }, 0.2), done),
    );
    await expect(late).rejects.toMatchObject({ details: expect.stringContaining("deadline is 0.2 s") });
  });

  test("a check's refusals and the values that it records", async () => {
    const request = new providerPb.CheckRequest().setUrn(urn).setNews(struct({ create: 3, dri: "/" }));
    const failures = (
      await answer<InstanceType<typeof providerPb.CheckResponse>>((done) => client.check(request, done))
    )
      .getFailuresList()
      .map((each) => each.getProperty());
    expect(failures.sort()).toEqual(["create", "dri"]);
  });

  test("a diff says where, and what replaces", async () => {
    const request = new providerPb.DiffRequest()
      .setUrn(urn)
      .setOldInputs(struct({ create: "a", stdin: "s" }))
      .setNews(struct({ create: "b", stdin: "s", triggers: [1] }));
    const response = (
      await answer<InstanceType<typeof providerPb.DiffResponse>>((done) => client.diff(request, done))
    ).toObject();
    expect(response.diffsList.sort()).toEqual(["create", "triggers"]);
    expect(response.replacesList).toEqual(["triggers"]);
    const kinds = response.detaileddiffMap.map(([path, { kind }]) => [path, kind]);
    expect(Object.fromEntries(kinds)).toEqual({
      create: providerPb.PropertyDiff.Kind.UPDATE,
      triggers: providerPb.PropertyDiff.Kind.ADD_REPLACE,
    });
  });

  test("the function local.run returns its arguments with the outputs, or says what it refuses", async () => {
    const call = (tok: string, args: JavaScript) => {
      const request = new providerPb.InvokeRequest().setTok(tok).setArgs(struct(args));
      return answer<InstanceType<typeof providerPb.InvokeResponse>>((done) => client.invoke(request, done));
    };
    const ran = await call("command:local:run", { command: "cat; pwd", stdin: "in ", dir: "/" });
    const outputs = { command: "cat; pwd", stdin: "in ", dir: "/", stdout: "in /", stderr: "" };
    expect(ran.getReturn()?.toJavaScript()).toEqual(outputs);
    const refused = await call("command:local:run", { create: "true" });
    expect(refused.getFailuresList().map((each) => each.getProperty())).toEqual(["command", "create"]);
    await expect(call("command:local:walk", {})).rejects.toMatchObject({
      details: expect.stringContaining("command:local:walk"),
    });
    await expect(call("command:local:run", { command: "exit 3" })).rejects.toMatchObject({
      details: 'exit code 3 of "exit 3"',
    });
  });

  test("values that are not known yet are asked for in previews", async () => {
    const configured = await answer<InstanceType<typeof providerPb.ConfigureResponse>>((done) =>
      client.configure(new providerPb.ConfigureRequest(), done),
    );
    expect(configured.toObject()).toMatchObject({ acceptsecrets: true, supportspreview: true });
  });
});

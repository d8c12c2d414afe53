import * as grpc from "@grpc/grpc-js";
import pluginPb from "@pulumi/pulumi/proto/plugin_pb.js";
import providerGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import structPb from "google-protobuf/google/protobuf/struct_pb.js";
import type { StepLog } from "./context.ts";
import type { PropertyChange } from "./diff.ts";
import type { EngineLog } from "./engine-log.ts";
import type { CommandProvider, StepRequest } from "./provider.ts";
import type { Refusal } from "./schema.ts";
import type { WireObject } from "./values.ts";

/**
 * The plugin's end of the engine's protocol. `provider.main` of @pulumi/pulumi would be shorter, but it drops each
 * request's timeout (customTimeouts), its preview flag and the resource's name, and cannot return a detailed diff.
 */
export async function serve(
  provider: CommandProvider,
  log: EngineLog,
): Promise<{ port: number; stop: () => void }> {
  const server = new grpc.Server({
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
  });
  server.addService(providerGrpc.ResourceProviderService, handlers(provider, log));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  return { port, stop: () => server.forceShutdown() };
}

/** A method as a function: what it throws becomes the call's error, and the engine prints it as it is. */
function unary<Request, Response>(
  answer: (request: Request) => Promise<Response> | Response,
): grpc.UntypedHandleCall {
  return ((call: grpc.ServerUnaryCall<Request, Response>, callback: grpc.sendUnaryData<Response>) => {
    Promise.resolve()
      .then(() => answer(call.request))
      .then(
        (response) => callback(null, response),
        (error: unknown) =>
          callback({ code: grpc.status.UNKNOWN, details: String((error as Error).message) }),
      );
  }) as unknown as grpc.UntypedHandleCall;
}

interface Identified {
  getUrn(): string;
  getType?(): string;
  getName?(): string;
}

function handlers(provider: CommandProvider, log: EngineLog): grpc.UntypedServiceImplementation {
  const logOf = (urn: string): StepLog => ({
    line: (text) => log.line(urn, text),
    warning: (text) => log.warning(urn, text),
  });
  const step = (request: Identified & { getTimeout(): number }, preview: boolean): StepRequest => ({
    ...identity(request),
    preview,
    timeoutSeconds: request.getTimeout(),
    log: logOf(request.getUrn()),
  });
  return {
    getPluginInfo: unary(() => new pluginPb.PluginInfo().setVersion("1.2.1")),
    getSchema: unary(() =>
      new providerPb.GetSchemaResponse().setSchema('{"name":"command","version":"1.2.1"}'),
    ),
    checkConfig: unary((request: InstanceType<typeof providerPb.CheckRequest>) =>
      new providerPb.CheckResponse().setInputs(request.getNews()),
    ),
    diffConfig: unary(() => new providerPb.DiffResponse().setChanges(diffChanges.DIFF_NONE)),
    configure: unary(() =>
      new providerPb.ConfigureResponse()
        .setAcceptsecrets(true)
        .setSupportspreview(true)
        .setAcceptresources(true),
    ),
    check: unary((request: InstanceType<typeof providerPb.CheckRequest>) => {
      const { inputs, failures } = provider.check(identity(request).type, plain(request.getNews()));
      return new providerPb.CheckResponse().setInputs(struct(inputs)).setFailuresList(refused(failures));
    }),
    diff: unary((request: InstanceType<typeof providerPb.DiffRequest>) => {
      const { type } = identity(request);
      return diffResponse(provider.diff(type, plain(request.getOldInputs()), plain(request.getNews())));
    }),
    create: unary(async (request: InstanceType<typeof providerPb.CreateRequest>) => {
      const made = await provider.create(step(request, request.getPreview()), plain(request.getProperties()));
      return new providerPb.CreateResponse().setId(made.id).setProperties(struct(made.outputs));
    }),
    read: unary((request: InstanceType<typeof providerPb.ReadRequest>) =>
      // Nothing on a host is looked at, as published: the recorded state is the answer.
      new providerPb.ReadResponse()
        .setId(request.getId())
        .setProperties(request.getProperties())
        .setInputs(request.getInputs()),
    ),
    update: unary(async (request: InstanceType<typeof providerPb.UpdateRequest>) => {
      const asked = step(request, request.getPreview());
      const outputs = await provider.update(asked, plain(request.getOlds()), plain(request.getNews()));
      return new providerPb.UpdateResponse().setProperties(struct(outputs));
    }),
    delete: unary(async (request: InstanceType<typeof providerPb.DeleteRequest>) => {
      await provider.delete(step(request, false), plain(request.getProperties()));
      return new emptyPb.Empty();
    }),
    invoke: unary(async (request: InstanceType<typeof providerPb.InvokeRequest>) => {
      const called = await provider.invoke(request.getTok(), plain(request.getArgs()), logOf(""));
      return new providerPb.InvokeResponse()
        .setReturn(struct(called.outputs))
        .setFailuresList(refused(called.failures));
    }),
    cancel: unary(() => {
      provider.cancel();
      return new emptyPb.Empty();
    }),
  };
}

function refused(failures: readonly Refusal[]): InstanceType<typeof providerPb.CheckFailure>[] {
  return failures.map(({ property, reason }) =>
    new providerPb.CheckFailure().setProperty(property).setReason(reason),
  );
}

/** Type and name, read from the URN where an older engine doesn't send them. */
function identity(request: Identified): { type: string; name: string } {
  const [, , types = "", ...name] = request.getUrn().split("::");
  return {
    type: request.getType?.() || (types.split("$").at(-1) ?? ""),
    name: request.getName?.() || name.join("::"),
  };
}

const { DiffChanges: diffChanges } = providerPb.DiffResponse;
const { Kind: kinds } = providerPb.PropertyDiff;

function diffResponse(changes: readonly PropertyChange[]): InstanceType<typeof providerPb.DiffResponse> {
  const top = (paths: readonly PropertyChange[]) => [
    ...new Set(paths.map(({ path }) => /^[^.[]+/.exec(path)?.[0] ?? path)),
  ];
  const response = new providerPb.DiffResponse()
    .setChanges(changes.length > 0 ? diffChanges.DIFF_SOME : diffChanges.DIFF_NONE)
    .setDiffsList(top(changes))
    .setReplacesList(top(changes.filter(({ replace }) => replace)))
    .setHasdetaileddiff(true);
  const detailed = response.getDetaileddiffMap();
  for (const change of changes) {
    detailed.set(change.path, new providerPb.PropertyDiff().setKind(kind(change)));
  }
  return response;
}

function kind({ kind: change, replace }: PropertyChange): (typeof kinds)[keyof typeof kinds] {
  switch (change) {
    case "add":
      return replace ? kinds.ADD_REPLACE : kinds.ADD;
    case "delete":
      return replace ? kinds.DELETE_REPLACE : kinds.DELETE;
    case "update":
      return replace ? kinds.UPDATE_REPLACE : kinds.UPDATE;
  }
}

function plain(struct: InstanceType<typeof structPb.Struct> | undefined): WireObject {
  return (struct?.toJavaScript() ?? {}) as WireObject;
}

function struct(object: WireObject): InstanceType<typeof structPb.Struct> {
  return structPb.Struct.fromJavaScript(object as Parameters<typeof structPb.Struct.fromJavaScript>[0]);
}

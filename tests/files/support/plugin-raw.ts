import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import type { RawResource } from "./plugin-stack.ts";

/**
 * A program of resources that are data, copied into a stack's folder and run by the language host, in a process of its
 * own: resources that fail end the process they are made in, and no class has looked at their inputs.
 */
class Raw extends pulumi.CustomResource {}

const resources = JSON.parse(readFileSync("resources.json", "utf8")) as RawResource[];
for (const { type, name, inputs } of resources) new Raw(type, name, inputs);

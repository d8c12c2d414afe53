import { describe } from "@jest/globals";
import { databaseSuite } from "./database/suite.ts";

describe("PostgreSQL", () => databaseSuite("postgresql", "engine's own"));

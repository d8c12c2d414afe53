import { describe } from "@jest/globals";
import { databaseSuite } from "../../hosts/database/suite.ts";

describe("PostgreSQL, every chapter", () => databaseSuite("postgresql", "every"));

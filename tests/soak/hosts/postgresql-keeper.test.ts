import { describe } from "@jest/globals";
import { keeperSuite } from "../../hosts/database/keeper-suite.ts";

describe("PostgreSQL under a keeper", () => keeperSuite("postgresql"));

import { describe } from "@jest/globals";
import { databaseSuite } from "./database/suite.ts";

describe("MariaDB", () => databaseSuite("mariadb", "every"));

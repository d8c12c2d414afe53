import { describe } from "@jest/globals";
import { keeperSuite } from "./database/keeper-suite.ts";

describe("MariaDB under a keeper", () => keeperSuite("mariadb"));

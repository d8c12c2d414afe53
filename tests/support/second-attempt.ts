import { jest } from "@jest/globals";

/**
 * A test on real hosts or programs shares two cores with all the others, so what it waits for may come late. It is tried
 * a second time at once, and the run says so: tests/run.ts names each with what it said first, and docs/coverage.md marks
 * it. What starts no program has one attempt.
 */
const onHosts = ["site", "lab", "hosts", "files"];
if (onHosts.includes(process.env.EVENKEEL_SUITE ?? ""))
  jest.retryTimes(1, { retryImmediately: true, logErrorsBeforeRetry: true });

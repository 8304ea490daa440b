/** A server that is the world for a process of the command line: it answers under the names of public hosts, over https. */
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { stripTypeScriptTypes } from "node:module";
import { fileURLToPath } from "node:url";
import { type Give, startServer, type TestServer } from "./server.ts";

const own = (file: string) => fileURLToPath(new URL(`hosts/${file}`, import.meta.url));
const identity = { key: readFileSync(own("key.pem")), cert: readFileSync(own("certificate.pem")) };
/** As JavaScript in an address, for the oldest Node that runs the packages reads no TypeScript. */
const preloaded = Buffer.from(stripTypeScriptTypes(readFileSync(own("real-hosts.ts"), "utf8"))).toString("base64");
const names = ["raw.githubusercontent.com", "www.kaggle.com", "storage.googleapis.com", "mirror.example"];

/** `answers` by `host/path`. */
export function startWorld(answers: Readonly<Record<string, Give>> = {}): Promise<TestServer> {
  return startServer(answers, (listener) => createServer(identity, listener));
}

/** What a process needs in its environment to take this server for the world. */
export function worldOf({ port }: Pick<TestServer, "port">): Record<string, string> {
  return {
    NODE_OPTIONS: `--import=data:text/javascript;base64,${preloaded}`,
    NODE_EXTRA_CA_CERTS: own("certificate.pem"),
    MOVINET_TEST_HOSTS: names.map((name) => `${name}:443=${port}`).join(","),
    MOVINET_OFFLINE: "",
  };
}

/**
 * HTTP requests in Node, with `node:https`: `fetch` does not support proxies or control over redirects, and may be
 * replaced by other code in the process.
 */
import { Agent, type IncomingMessage, request } from "node:http";
import { Agent as SecureAgent, request as secureRequest } from "node:https";
import { isUrl, requestUrl, schemeOf, shownSource } from "../common/urls.ts";
import { type Answer, type Fetch, TransferProblem } from "./transfer.ts";

const mostRedirects = 10;
const redirects = new Set([301, 302, 303, 307, 308]);

/** Requests an http(s) address, through the proxy set in the environment. */
export const nodeFetch: Fetch = async (url, headers, signal) => {
  let place = requestUrl(url);
  for (let count = 0; ; count++) {
    const response = await ask(place, headers, signal);
    const { statusCode: status = 0 } = response;
    const { location } = response.headers;
    if (!redirects.has(status) || location === undefined) return answerOf(response, status);
    response.destroy();
    if (count === mostRedirects) throw new TransferProblem(`too many redirects (${mostRedirects})`, 1);
    place = follow(place, location);
  }
};

function follow(from: string, location: string): string {
  const to = URL.canParse(location, from) ? requestUrl(new URL(location, from).href) : "";
  if (/^https:/.test(to) || (/^http:/.test(to) && /^http:/.test(from))) return to;
  throw new TransferProblem(`it redirects away from https (${shownSource(location)})`, 1);
}

function ask(url: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<IncomingMessage> {
  const secure = /^https:/.test(url);
  const agent = agentOf(secure);
  return new Promise((resolve, reject) => {
    // Some servers refuse requests without a user agent.
    const options = { agent, signal, headers: { "user-agent": "movinet", ...headers } };
    const asked = secure ? secureRequest(url, options) : request(url, options);
    asked.once("response", resolve);
    asked.once("error", (error: NodeJS.ErrnoException) => reject(explained(error)));
    asked.end();
  });
}

function answerOf(response: IncomingMessage, status: number): Answer {
  return {
    status,
    header(name) {
      const value = response.headers[name];
      return value === undefined ? null : String(value);
    },
    body: response,
  };
}

const untrusted = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/;

/** A permanent failure, with a remedy; other errors unchanged. */
function explained(error: NodeJS.ErrnoException): Error {
  const { code = "", message } = error;
  if (untrusted.test(code)) {
    const remedy = "behind an intercepting proxy, set NODE_EXTRA_CA_CERTS=its-certificate.pem";
    return new TransferProblem(`the server's certificate is not trusted (${code}; ${remedy})`, 1);
  }
  if (code !== "ERR_PROXY_TUNNEL") return error;
  return new TransferProblem(
    `the proxy refused the connection (${shownSource(message).replace(/^.*: (?=HTTP)/s, "")})`,
    1,
  );
}

/**
 * Whether this Node's agents support proxies from the environment: 22.21, 24.5 and newer, which also have this option.
 */
const knowsProxies = process.allowedNodeEnvironmentFlags.has("--use-env-proxy");

/** One agent per request: connections are not reused. */
function agentOf(secure: boolean): Agent {
  const proxy = proxyOf(process.env, secure);
  const variable = secure ? "HTTPS_PROXY" : "HTTP_PROXY";
  const { no_proxy: lower, NO_PROXY: upper } = process.env;
  const options = proxy === null ? {} : { proxyEnv: { [variable]: proxy, NO_PROXY: lower ?? upper } };
  return secure ? new SecureAgent(options) : new Agent(options);
}

/** The proxy for https or http in an environment; null: none. Node ignores values it does not understand. */
export function proxyOf(env: NodeJS.ProcessEnv, secure: boolean, known = knowsProxies): string | null {
  const name = [
    ...(secure ? ["https_proxy", "HTTPS_PROXY"] : ["http_proxy", "HTTP_PROXY"]),
    "all_proxy",
    "ALL_PROXY",
  ].find((name) => env[name]);
  if (name === undefined) return null;
  if (!known) {
    const problem = `${name} is set, but Node ${process.version} does not support proxies (Node 22.21, 24.5 and newer do)`;
    throw new TransferProblem(problem, 1);
  }
  const value = env[name] ?? "";
  const proxy = schemeOf(value) === null ? `http://${value}` : value;
  if (isUrl(proxy) && URL.canParse(proxy)) return proxy;
  throw new TransferProblem(`${name} is not an http proxy URL (${shownSource(value)})`, 1);
}

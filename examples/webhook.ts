/** Receives events of `movinet watch` and verifies who sent them: `MOVINET_WEBHOOK_SECRET=… node webhook.ts 8080`. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingHttpHeaders } from "node:http";

const secret = process.env["MOVINET_WEBHOOK_SECRET"] ?? "";
const key = secret.startsWith("whsec_") ? Buffer.from(secret.slice(6), "base64") : Buffer.from(secret);
if (key.length < 16) throw new Error("set MOVINET_WEBHOOK_SECRET to the sender's secret, of at least 16 characters");

/** Ids of deliveries that were dealt with: one that arrives twice, because its answer was lost, counts once. */
const seen = new Set<string>();

const server = createServer(async (request, response) => {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > 100_000) return void request.destroy();
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks).toString();
  if (!isGenuine(request.headers, body)) return void response.writeHead(401).end();
  const id = String(request.headers["webhook-id"]);
  if (!seen.has(id)) {
    seen.add(id);
    const { type, source, label, phase, start, end, state } = JSON.parse(body);
    console.log(
      type === "event" ? `${source}: ${phase} of ${label}, ${start} to ${end ?? "now"}` : `${source}: ${state}`,
    );
  }
  response.writeHead(204).end();
});

/** Whether the body was signed with the secret, at most five minutes ago. */
function isGenuine(headers: IncomingHttpHeaders, body: string): boolean {
  const [id, time, signatures = ""] = ["id", "timestamp", "signature"].map((name) =>
    String(headers[`webhook-${name}`]),
  );
  if (!(Math.abs(Date.now() / 1000 - Number(time)) < 300)) return false;
  const right = createHmac("sha256", key).update(`${id}.${time}.${body}`).digest();
  return signatures.split(" ").some((signature) => {
    const given = Buffer.from(signature.replace(/^v1,/, ""), "base64");
    return given.length === right.length && timingSafeEqual(given, right);
  });
}

server.listen(Number(process.argv[2] ?? 8080), () => console.log("listening"));

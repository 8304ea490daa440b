/** Mosquitto as the MQTT broker of tests. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectAsync, type MqttClient } from "mqtt";

export const hasMosquitto = ["mosquitto", "mosquitto_passwd"].every((name) => spawnSync("which", [name]).status === 0);
/** For the titles of suites that need it. */
export const mosquittoReason = hasMosquitto ? "" : " (skipped: mosquitto is not installed)";

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A broker on a port of the loopback, which can be stopped and started again. */
export class Broker {
  readonly port: number;
  readonly #folder = mkdtempSync(join(tmpdir(), "movinet-broker-"));
  #broker: ChildProcess | null = null;
  readonly #listeners: MqttClient[] = [];
  readonly #user: { username?: string; password?: string };

  constructor(port: number, password: string | null = null) {
    this.port = port;
    this.#user = password === null ? {} : { username: "me", password };
    const users = join(this.#folder, "users");
    if (password !== null) spawnSync("mosquitto_passwd", ["-b", "-c", users, "me", password]);
    const access = password === null ? "allow_anonymous true" : `allow_anonymous false\npassword_file ${users}`;
    writeFileSync(join(this.#folder, "conf"), `listener ${port} 127.0.0.1\nuser root\n${access}\n`);
  }

  async start(): Promise<void> {
    const broker = spawn("mosquitto", ["-c", join(this.#folder, "conf"), "-v"]);
    this.#broker = broker;
    await new Promise<void>((resolve, reject) => {
      broker.once("exit", (code) => reject(new Error(`mosquitto ended with ${code}`)));
      for (const stream of [broker.stdout, broker.stderr]) {
        stream?.on("data", (data) => /mosquitto version .* running/.test(String(data)) && resolve());
      }
    });
  }

  /** Messages from now on, those that are retained first. */
  async listen(): Promise<readonly { readonly topic: string; readonly text: string; readonly retained: boolean }[]> {
    const got: { topic: string; text: string; retained: boolean }[] = [];
    const listener = await connectAsync(`mqtt://127.0.0.1:${this.port}`, this.#user);
    this.#listeners.push(listener);
    listener.on("message", (topic, bytes, { retain }) => got.push({ topic, text: String(bytes), retained: retain }));
    await listener.subscribeAsync("#");
    return got;
  }

  async stop(): Promise<void> {
    const broker = this.#broker;
    this.#broker = null;
    if (!broker || broker.exitCode !== null) return;
    const ended = new Promise((resolve) => broker.once("exit", resolve));
    broker.kill("SIGKILL");
    await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const listener of this.#listeners) await listener.endAsync(true);
    await this.stop();
    rmSync(this.#folder, { recursive: true });
  }
}

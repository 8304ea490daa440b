/** A network between a camera and its reader that fails as real ones do. */
import { createSocket, type Socket as DatagramSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A TCP proxy. It can hold bytes back, cut connections, and pretend that the other side has vanished. */
export class TcpProxy {
  /** Where new connections go. */
  target: number;
  port = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #stalled = false;
  /** Rewrites what clients send. */
  protected toServer(chunk: Buffer): Buffer {
    return chunk;
  }

  constructor(target: number) {
    this.target = target;
    this.#server = createServer((client) => this.#join(client));
  }

  async listen(): Promise<this> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    this.port = (this.#server.address() as AddressInfo).port;
    return this;
  }

  /** Holds back everything in both directions; new connections are accepted and get no answer. */
  stall(): void {
    this.#stalled = true;
    for (const socket of this.#sockets) socket.pause();
  }

  resume(): void {
    this.#stalled = false;
    for (const socket of this.#sockets) socket.resume();
  }

  /** Cuts all connections with a reset. */
  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  #join(client: Socket): void {
    const server = connect(this.target, "127.0.0.1");
    for (const [from, to, rewrite] of [
      [client, server, (chunk: Buffer) => this.toServer(chunk)],
      [server, client, (chunk: Buffer) => chunk],
    ] as const) {
      this.#sockets.add(from);
      from.on("data", (chunk) => to.write(rewrite(chunk)));
      from.on("error", () => to.destroy());
      from.on("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      if (this.#stalled) from.pause();
    }
  }
}

/** An RTSP proxy for UDP: of the packets with pictures, a seeded share is lost, and others arrive in another order. */
export class LossyProxy extends TcpProxy {
  dropped = 0;
  passed = 0;
  readonly #loss: number;
  readonly #relays: DatagramSocket[] = [];
  #port = 0;
  #state = 1;

  constructor(target: number, loss: number) {
    super(target);
    this.#loss = loss;
  }

  /** Binds the ports to which the server sends, which are fixed: an even one for RTP, the next for RTCP. */
  override async listen(): Promise<this> {
    await super.listen();
    this.#port = 20_000 + 2 * Math.floor(10_000 * Math.random());
    return this;
  }

  protected override toServer(chunk: Buffer): Buffer {
    const text = chunk.toString("latin1");
    const ports = /client_port=(\d+)-(\d+)/.exec(text);
    if (!ports) return chunk;
    this.#relay(this.#port, Number(ports[1]), true);
    this.#relay(this.#port + 1, Number(ports[2]), false);
    return Buffer.from(text.replace(ports[0], `client_port=${this.#port}-${this.#port + 1}`), "latin1");
  }

  override async close(): Promise<void> {
    for (const relay of this.#relays) relay.close();
    await super.close();
  }

  #relay(from: number, to: number, lossy: boolean): void {
    const relay = createSocket("udp4");
    this.#relays.push(relay);
    let held: Buffer | null = null;
    relay.on("message", (message) => {
      if (lossy && this.#random() < this.#loss) {
        this.dropped++;
        return;
      }
      this.passed++;
      if (lossy && held === null && this.#random() < this.#loss) {
        held = message;
        return;
      }
      relay.send(message, to, "127.0.0.1");
      if (held) relay.send(held, to, "127.0.0.1");
      held = null;
    });
    relay.bind(from, "127.0.0.1");
  }

  #random(): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return this.#state / 2 ** 32;
  }
}

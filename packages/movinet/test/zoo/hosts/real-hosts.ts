/**
 * Preloaded (`--import`): connections to the hosts of `MOVINET_TEST_HOSTS` (`name:port` of the world, `=`, a port of the
 * loopback; commas between them) go to the loopback; those to any other host fail, as where there is no network.
 */
import { Socket } from "node:net";

const places = new Map(
  (process.env["MOVINET_TEST_HOSTS"] ?? "").split(",").map((place) => place.split("=") as [string, string]),
);
const loopback = /^(127\.\d+\.\d+\.\d+|localhost|::1)$/;
const connect = Socket.prototype.connect as (this: Socket, ...args: unknown[]) => Socket;

Socket.prototype.connect = function (this: Socket, ...args: unknown[]): Socket {
  // Node itself hands on what it has understood as a list in a list.
  const options = (Array.isArray(args[0]) ? args[0][0] : args[0]) as {
    host?: string;
    port?: number | string;
    path?: string;
  };
  const { host = "localhost", port, path } = options;
  if (path || loopback.test(host)) return connect.apply(this, args);
  const place = places.get(`${host}:${port}`);
  if (place !== undefined) {
    Object.assign(options, { host: "127.0.0.1", port: Number(place) });
    return connect.apply(this, args);
  }
  const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), {
    code: "ENOTFOUND",
    syscall: "getaddrinfo",
  });
  process.nextTick(() => this.destroy(error));
  return this;
} as Socket["connect"];

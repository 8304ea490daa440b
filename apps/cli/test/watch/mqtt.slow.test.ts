/** Events and cameras on a real broker. */
import { describe, expect, test } from "vitest";
import { Mqtt, type MqttOptions } from "../../src/watch/mqtt.ts";
import { Broker, freePort, hasMosquitto, mosquittoReason } from "./broker.ts";
import { event, prediction, status } from "./records.ts";

const cameras = [
  { name: "door", classes: ["falling", "über 2"] },
  { name: "Front yard", classes: Array.from({ length: 600 }, (_, i) => `class ${i}`) },
];
const optionsOf = ({ port }: Broker, own: Partial<MqttOptions> = {}): MqttOptions => {
  return { url: `mqtt://127.0.0.1:${port}`, prefix: "home/movinet", discovery: "homeassistant", ...own };
};
const waits = { timeout: 60_000, interval: 20 };

describe.skipIf(!hasMosquitto)(`MQTT${mosquittoReason}`, () => {
  test("cameras appear in Home Assistant with their classes, and go offline at the end", async () => {
    await using broker = new Broker(await freePort());
    await broker.start();
    const got = await broker.listen();
    const lines: string[] = [];
    const last = (topic: string) => got.findLast((one) => one.topic === topic)?.text;
    const mqtt = await Mqtt.open(optionsOf(broker), cameras, (line) => lines.push(line));
    await expect.poll(() => got.find(({ text }) => text === "online"), waits).toBeDefined();
    mqtt.write(status("live"));
    mqtt.write(prediction());
    mqtt.write(event());
    await expect.poll(() => last("home/movinet/door/events"), waits).toBe(JSON.stringify(event()));
    expect(last("home/movinet/door/availability")).toBe("online");
    expect(last("home/movinet/door/classes/falling")).toBe("ON");
    expect(last("home/movinet/door/label")).toBe("falling");

    const found = new Map(
      got.filter(({ topic }) => topic.endsWith("/config")).map(({ topic, text }) => [topic, JSON.parse(text)]),
    );
    expect([...found.keys()].sort()).toEqual([
      "homeassistant/binary_sensor/movinet_door/class__ber_2_1293a369/config",
      "homeassistant/binary_sensor/movinet_door/class_falling/config",
      "homeassistant/sensor/movinet_door/label/config",
      "homeassistant/sensor/movinet_front_yard_2a4b2d10/label/config",
    ]);
    const falling = found.get("homeassistant/binary_sensor/movinet_door/class_falling/config");
    expect(falling).toMatchObject({
      name: "falling",
      unique_id: "movinet_door_class_falling",
      state_topic: "home/movinet/door/classes/falling",
      payload_on: "ON",
      payload_off: "OFF",
      availability_mode: "all",
      device: { identifiers: ["movinet_door"], name: "door" },
    });
    const [program, camera] = falling.availability.map(({ topic }: { topic: string }) => last(topic));
    expect([program, camera]).toEqual(["online", "online"]);

    // A class of many has its sensor from its first event on.
    mqtt.write(event({ source: "Front yard", label: "class 7" }));
    await expect.poll(() => got.some(({ topic }) => topic.endsWith("/class_class_7/config")), waits).toBe(true);

    mqtt.write(event({ phase: "end", end: "2026-01-31T12:00:09.000Z" }));
    await mqtt[Symbol.asyncDispose]();
    await expect.poll(() => last(falling.availability[0].topic), waits).toBe("offline");
    expect(last("home/movinet/door/availability")).toBe("offline");
    expect(last("home/movinet/door/classes/falling")).toBe("OFF");
    expect(last("home/movinet/door/label")).toBe("none");
    expect(lines).toEqual([]);
    // Who connects later is told the states, but not old events.
    const later = await broker.listen();
    await expect.poll(() => later.find(({ topic }) => topic === "home/movinet/door/label")?.text, waits).toBe("none");
    expect(later.every(({ retained }) => retained)).toBe(true);
    expect(later.some(({ topic }) => topic.endsWith("/events"))).toBe(false);
  });

  test("a broker that dies and comes back is told everything again, and events have waited", async () => {
    await using broker = new Broker(await freePort());
    await broker.start();
    const lines: string[] = [];
    const mqtt = await Mqtt.open(optionsOf(broker), cameras, (line) => lines.push(line));
    mqtt.write(status("live"));
    mqtt.write(event({ peak: 0.5 }));
    const before = await broker.listen();
    await expect.poll(() => before.some(({ topic }) => topic.endsWith("door/label")), waits).toBe(true);
    await broker.stop();
    await expect.poll(() => lines.length, waits).toBeGreaterThan(0);
    mqtt.write(event({ label: "über 2", peak: 0.6 }));
    mqtt.write(event({ phase: "end", end: "2026-01-31T12:00:09.000Z", peak: 0.5 }));
    await broker.start();
    const got = await broker.listen();
    const last = (topic: string) => got.findLast((one) => one.topic === topic)?.text;
    await expect.poll(() => last("home/movinet/door/label"), waits).toBe("über 2");
    await expect.poll(() => last("home/movinet/door/classes/falling"), waits).toBe("OFF");
    const told = () =>
      got.flatMap(({ topic, text }) => {
        if (!topic.endsWith("/events")) return [];
        const { label, phase } = JSON.parse(text);
        return [`${phase} of ${label}`];
      });
    // The broker may have died before it acknowledged the first event, which is then sent again.
    await expect
      .poll(() => told().filter((one) => one !== "start of falling"), waits)
      .toEqual(["start of über 2", "end of falling"]);
    await mqtt[Symbol.asyncDispose]();
    expect(lines).toEqual([
      expect.stringMatching(
        /^movinet: mqtt:\/\/127\.0\.0\.1:\d+: the (connection (broke|failed .*)|broker does not answer); trying again$/,
      ),
      expect.stringMatching(/: connected again$/),
    ]);
  });

  test("a killed program is offline by its last will", async () => {
    await using broker = new Broker(await freePort());
    await broker.start();
    const got = await broker.listen();
    const { spawn } = await import("node:child_process");
    const module = new URL("../../src/watch/mqtt.ts", import.meta.url);
    const code = `const { Mqtt } = await import(${JSON.stringify(module.href)});
      await Mqtt.open(${JSON.stringify(optionsOf(broker))}, [{ name: "door", classes: [] }], console.error);
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: "inherit" });
    const programs = () => got.filter(({ topic }) => topic.includes("/program_")).map(({ text }) => text);
    await expect.poll(programs, waits).toEqual(["online"]);
    child.kill("SIGKILL");
    await expect.poll(programs, waits).toEqual(["online", "offline"]);
  });

  test("a wrong password is said once, without the password", async () => {
    await using broker = new Broker(await freePort(), "right");
    await broker.start();
    const lines: string[] = [];
    const url = `mqtt://me:wr%40ng@127.0.0.1:${broker.port}`;
    const mqtt = await Mqtt.open(optionsOf(broker, { url }), cameras, (line) => lines.push(line));
    mqtt.write(event());
    await expect.poll(() => lines.length, waits).toBeGreaterThan(0);
    await mqtt[Symbol.asyncDispose]();
    expect(lines).toEqual([
      `movinet: mqtt://***@127.0.0.1:${broker.port}: the broker refuses the user or password; trying again`,
      `movinet: mqtt://***@127.0.0.1:${broker.port}: not everything could be delivered (1 record lost)`,
    ]);
  });
});

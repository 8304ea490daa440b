/** The models that the browser keeps, as the page shows them. */
import { ModelCache } from "movinet";
import { fail } from "./recogniser.ts";
import { kept } from "./state.ts";

const cache = new ModelCache();

export async function listKept(): Promise<void> {
  await reporting(async () => {
    kept.value = await cache.list();
  });
}

export async function removeKept(name: string): Promise<void> {
  await reporting(() => cache.remove(name));
  await listKept();
}

async function reporting(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const { name, message, code = name } = error as Error & { readonly code?: string };
    fail({ during: "model", code, message });
  }
}

/** An error as plain data: the library's code or the browser's name of it, and its message. */
export function describe(error: unknown): { readonly code: string; readonly message: string } {
  const { name, message, code }: Error & { readonly code?: unknown } =
    error instanceof Error ? error : new Error(String(error));
  return { code: typeof code === "string" ? code : name, message };
}

/** Debian's Firefox, driven by puppeteer-core over WebDriver BiDi: Playwright drives only a Firefox of its own. */
import { existsSync } from "node:fs";
import { type Browser, launch } from "puppeteer-core";

const candidates = [process.env["FIREFOX"], "/usr/bin/firefox-esr", "/usr/bin/firefox"];
const executablePath = candidates.find((path) => path && existsSync(path));
export const hasFirefox = executablePath !== undefined;
/** For the titles of suites that need it. */
export const inFirefox = hasFirefox ? "in Firefox" : "in Firefox (skipped: none is installed; set FIREFOX to its path)";

/** A browser whose fake camera needs no permission; who launches it closes it. */
export const launchFirefox = (): Promise<Browser> =>
  launch({
    browser: "firefox",
    executablePath: executablePath as string,
    extraPrefsFirefox: { "media.navigator.streams.fake": true, "media.navigator.permission.disabled": true },
  });

import { type EngineName, receiptText } from "../engines.ts";
import { changeEngine } from "../recogniser.ts";
import { changingTo, engines, model } from "../state.ts";

/** Chooses the engine, and says what its check at the start found. */
export function EngineSetting() {
  const open = model.value;
  const next = changingTo.value;
  const problems = open?.engine.trials.filter(({ problem }) => problem !== null) ?? [];
  return (
    <div class="engine">
      <label class="setting">
        <span class="setting-name" title="The code that runs the network">
          Engine
        </span>
        <select
          class="field field-engine"
          disabled={open === null || next !== null}
          value={next ?? open?.asked ?? "auto"}
          onChange={({ currentTarget: { value } }) => changeEngine(value as EngineName)}
        >
          {engines.value.map(({ name, label, works }) => (
            <option key={name} value={name} disabled={!works}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <p class="engine-note" role="status">
        {next !== null ? "Starting and checking it…" : open === null ? "" : receiptText(open.engine)}
      </p>
      {next === null &&
        problems.map(({ engine, problem }) => (
          <p key={engine} class="hint">
            {engine} is not used: {problem}.
          </p>
        ))}
    </div>
  );
}

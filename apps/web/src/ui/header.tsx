import { showView } from "../actions.ts";
import { choosingModel, loading, model, shownView } from "../state.ts";
import { Icon } from "./icons.tsx";

/** The name of the app, the two views, and the model with the way to another one. */
export function Header() {
  const name = model.value?.name ?? (loading.value === null ? "no model" : "loading");
  return (
    <header class="head">
      <h1 class="brand">
        <Icon name="sample" />
        <span class="brand-name">movinet</span>
      </h1>
      <nav class="segments views" aria-label="View">
        {(["live", "file"] as const).map((name) => (
          <button
            key={name}
            type="button"
            class="segment"
            aria-pressed={shownView.value === name}
            onClick={() => showView(name)}
          >
            {name === "live" ? "Live" : "File"}
          </button>
        ))}
      </nav>
      <button
        type="button"
        class="button model-button"
        aria-haspopup="dialog"
        aria-label={`Model ${name}`}
        onClick={() => {
          choosingModel.value = true;
        }}
      >
        <span class="model-button-kind">Model </span>
        <span class="model-button-name">{name}</span>
        <Icon name="chevron" />
      </button>
    </header>
  );
}

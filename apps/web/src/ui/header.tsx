import { choosingModel, loading, model } from "../state.ts";
import { Icon } from "./icons.tsx";

/** The name of the app, and the model with the way to another one. */
export function Header() {
  const name = model.value?.name ?? (loading.value === null ? "no model" : "loading");
  return (
    <header class="head">
      <h1 class="brand">
        <Icon name="sample" />
        movinet <span class="brand-view">live</span>
      </h1>
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

import { useEffect, useRef } from "preact/hooks";
import { openFiles } from "../actions.ts";
import { listKept, removeKept } from "../cache.ts";
import { megabytes } from "../logic/format.ts";
import type { ModelChoice } from "../messages.ts";
import { offeredModels } from "../models.ts";
import { send } from "../port.ts";
import { loadModel } from "../recogniser.ts";
import { choosingModel, kept, loading, model } from "../state.ts";
import { Icon } from "./icons.tsx";

/** Chooses a model: the built-in one, one of the zoo, or a file. */
export function ModelDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const isOpen = choosingModel.value;
  useEffect(() => {
    if (isOpen && !dialog.current?.open) dialog.current?.showModal();
    if (!isOpen) dialog.current?.close();
    else void listKept();
  }, [isOpen]);
  const close = () => {
    choosingModel.value = false;
  };
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="models-title" onClose={close}>
      <div class="dialog-head">
        <h2 id="models-title" class="dialog-title">
          Models
        </h2>
        <button type="button" class="round round-plain" aria-label="Close" onClick={close}>
          <Icon name="close" />
        </button>
      </div>
      <ul class="models">
        <Choice
          name="camera-motion"
          about="10 camera moves: pan, tilt, zoom, roll"
          size="built in"
          choice={{ kind: "embedded" }}
        />
        {offeredModels.map(({ name, bytes, top1, licence }) => (
          <Choice
            key={name}
            name={name}
            about={`600 actions, ${top1} % top-1 on Kinetics-600, ${licence} licence`}
            size={kept.value.some((one) => one.name === name) ? `${megabytes(bytes)}, kept` : megabytes(bytes)}
            choice={{ kind: "zoo", name }}
          />
        ))}
      </ul>
      <FromFile />
      <Kept />
      <p class="dialog-note">
        Models are downloaded once from raw.githubusercontent.com, checked against their published hash, and kept in
        this browser.
      </p>
    </dialog>
  );
}

/** The models that the browser keeps, to be removed. */
function Kept() {
  if (kept.value.length === 0) return null;
  const total = kept.value.reduce((sum, { bytes }) => sum + bytes, 0);
  return (
    <section class="kept" aria-labelledby="kept-title">
      <h3 id="kept-title" class="kept-title">
        Kept in this browser: {megabytes(total)}
      </h3>
      <ul>
        {kept.value.map(({ name, bytes }) => (
          <li key={name} class="kept-model">
            <span>{name}</span>
            <span class="model-size">{megabytes(bytes)}</span>
            <button
              type="button"
              class="button button-small"
              aria-label={`Remove ${name}`}
              onClick={() => void removeKept(name)}
            >
              Remove
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

interface ChoiceProps {
  readonly name: string;
  readonly about: string;
  readonly size: string;
  readonly choice: ModelChoice;
}

function Choice({ name, about, size, choice }: ChoiceProps) {
  const now = loading.value;
  const isLoading = now !== null && now.choice.kind === choice.kind && nameOf(now.choice) === nameOf(choice);
  const isOpen = model.value?.name === name && !isLoading;
  return (
    <li class="model">
      <button
        type="button"
        class="model-choice"
        aria-current={isOpen ? "true" : undefined}
        disabled={isOpen || isLoading}
        onClick={() => loadModel(choice)}
      >
        <span class="model-name">{name}</span>
        <span class="model-size">{isOpen ? "in use" : size}</span>
        <span class="model-about">{about}</span>
      </button>
      {isLoading && <Progress />}
    </li>
  );
}

const nameOf = (choice: ModelChoice) => (choice.kind === "embedded" ? "" : choice.name);

/** The progress of a download, and a button to cancel it. */
function Progress() {
  const { loaded = 0, total = 0 } = loading.value ?? {};
  const isKnown = total > 0 && loaded < total;
  return (
    <div class="progress">
      <progress class="progress-bar" max={1} value={isKnown ? loaded / total : undefined} aria-label="Download" />
      <span class="progress-text">
        {isKnown ? `${megabytes(loaded)} of ${megabytes(total)}` : loaded > 0 ? "opening" : "connecting"}
      </span>
      <button type="button" class="button button-small" onClick={() => send({ kind: "cancel" })}>
        Cancel
      </button>
    </div>
  );
}

function FromFile() {
  const chooser = useRef<HTMLInputElement>(null);
  const now = loading.value;
  return (
    <div class="from-file">
      <button type="button" class="button" onClick={() => chooser.current?.click()}>
        <Icon name="file" />
        Open a model file
      </button>
      <p class="from-file-about">
        {now?.choice.kind === "file"
          ? `opening ${now.choice.name}`
          : "A stream model, .safetensors or .tflite. If it has no labels, select a .txt with one label per line as well."}
      </p>
      <input
        ref={chooser}
        type="file"
        accept=".safetensors,.tflite,.txt"
        multiple
        hidden
        onChange={({ currentTarget }) => {
          void openFiles([...(currentTarget.files ?? [])]);
          currentTarget.value = "";
        }}
      />
    </div>
  );
}

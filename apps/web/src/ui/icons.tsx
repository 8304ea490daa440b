/** Line icons of 20 × 20, drawn for this page. */
const paths = {
  play: "M6 4.5v11l9-5.5z",
  pause: "M6.5 4.5v11M13.5 4.5v11",
  again: "M4.5 10a5.5 5.5 0 1 1 1.8 4.1M4.5 15.5v-3.3h3.3",
  mirror: "M10 3v14M7 6.5 3 14h4zM13 6.5 17 14h-4z",
  picture: "M3 6.5h3l1.2-2h5.6l1.2 2h3v9.5H3zM10 13.8a2.7 2.7 0 1 0 0-5.4 2.7 2.7 0 0 0 0 5.4z",
  camera: "M3 6h9.5v8H3zM12.5 9l4.5-2.5v7L12.5 11",
  screen: "M3 4.5h14v9H3zM7 16.5h6",
  file: "M5 3h6.5L15 6.5V17H5zM11.5 3v3.5H15",
  sample: "M3 12.5c2.3 0 2.3-6 4.6-6s2.4 6 4.7 6 2.3-3 4.7-3",
  sound: "M3.5 8v4h2.8L10 15V5L6.3 8zM12.8 7.4a3.7 3.7 0 0 1 0 5.2M15 5.2a6.8 6.8 0 0 1 0 9.6",
  muted: "M3.5 8v4h2.8L10 15V5L6.3 8zM13 8l4 4M17 8l-4 4",
  close: "M5 5l10 10M15 5 5 15",
  plus: "M10 4.5v11M4.5 10h11",
  minus: "M4.5 10h11",
  chevron: "M5.5 8l4.5 4.5L14.5 8",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class={`icon icon-${name}`} viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}

/** Drawn on 24 by 24, as lines of the text's colour. Made here, for this program. */
const paths = {
  phone: 'M6 3h3l2 5-2.5 1.5a12 12 0 0 0 6 6L16 13l5 2v3a3 3 0 0 1-3 3A15 15 0 0 1 3 6a3 3 0 0 1 3-3z',
  hangUp: 'M3 15c5-6 13-6 18 0l-3 3-4-2v-3c-1.5-.5-2.500-.5-4 0v3l-4 2z',
  microphone: 'M12 14a3 3 0 0 0 3-3V6a3 3 0 0 0-6 0v5a3 3 0 0 0 3 3z M6 11a6 6 0 0 0 12 0 M12 17v4',
  microphoneOff: 'M12 14a3 3 0 0 0 3-3V6a3 3 0 0 0-6 0v5a3 3 0 0 0 3 3z M6 11a6 6 0 0 0 12 0 M12 17v4 M4 4l16 16',
  pause: 'M9 5v14 M15 5v14',
  play: 'M8 5l11 7-11 7z',
  keypad: 'M6 5h.01 M12 5h.01 M18 5h.01 M6 12h.01 M12 12h.01 M18 12h.01 M6 19h.01 M12 19h.01 M18 19h.01',
  transfer: 'M4 12h14 M13 7l5 5-5 5 M20 5v14',
  bell: 'M6 17V11a6 6 0 0 1 12 0v6l2 2H4z M10 21h4',
  erase: 'M9 6h11v12H9l-6-6z M12 9l5 6 M17 9l-5 6',
  purse: 'M4 7a2 2 0 0 1 2-2h11v3 M4 7v10a3 3 0 0 0 3 3h13V8H6a2 2 0 0 1-2-1z M16 14h.01',
  message: 'M4 5h16v11H10l-4 4v-4H4z',
  contacts: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8z M4 21a8 8 0 0 1 16 0',
  history: 'M4 12a8 8 0 1 0 3-6.2L4 8 M4 4v4h4 M12 8v4l3 2',
  settings: 'M4 7h10 M18 7h2 M16 5v4 M4 17h2 M10 17h10 M8 15v4 M4 12h4 M12 12h8 M10 10v4',
  lock: 'M6 11h12v9H6z M8 11V8a4 4 0 0 1 8 0v3',
  unlock: 'M6 11h12v9H6z M8 11V8a4 4 0 0 1 7.5-2',
  copy: 'M8 8h12v12H8z M16 8V4H4v12h4',
  check: 'M5 13l4 4L19 7',
  close: 'M6 6l12 12 M18 6L6 18',
  back: 'M15 5l-7 7 7 7',
  forward: 'M9 5l7 7-7 7',
  info: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z M12 11v5 M12 8h.01',
  warning: 'M12 4l9 16H3z M12 10v4 M12 17h.01',
  download: 'M12 4v11 M7 10l5 5 5-5 M5 20h14',
  upload: 'M12 20V9 M7 14l5-5 5 5 M5 4h14',
  print: 'M7 9V4h10v5 M7 17H4V9h16v8h-3 M7 14h10v6H7z',
  key: 'M15 9h.01 M14 14a5 5 0 1 0-4.6-3L4 16.5V20h4v-2h2v-2h1.5z',
  passkey: 'M10 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8z M3 20a7 7 0 0 1 10-6.3 M18 17a3 3 0 1 0-2 0v5l2-2v-3',
  eye: 'M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12z M12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z',
  eyeOff: 'M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12z M4 20L20 4',
  share: 'M12 15V4 M8 8l4-4 4 4 M6 12v8h12v-8',
  plus: 'M12 5v14 M5 12h14',
  trash: 'M5 7h14 M10 7V4h4v3 M7 7l1 13h8l1-13',
  refresh: 'M20 12a8 8 0 1 1-2.5-5.8L20 8 M20 4v4h-4',
} as const;

export type IconName = keyof typeof paths;

/** They point the other way where people read from right to left. */
const directed: ReadonlySet<IconName> = new Set(['back', 'forward']);

/** A picture beside a text; alone it needs an `aria-label` on what it stands in. */
export function Icon({ name, size = 24 }: { name: IconName; size?: number }) {
  return (
    <svg
      class={directed.has(name) ? 'icon directed' : 'icon'}
      width={size}
      height={size}
      viewBox="0 0 24 24"
      aria-hidden="true"
      focusable="false"
    >
      <path d={paths[name]} />
    </svg>
  );
}

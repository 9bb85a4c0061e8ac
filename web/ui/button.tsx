import type { ButtonHTMLAttributes, ComponentChildren } from 'preact';
import { Icon, type IconName } from './icon.tsx';

type Props = Omit<ButtonHTMLAttributes, 'icon' | 'type' | 'class'> & {
  /** One primary button on a screen at most. */
  kind?: 'primary' | 'plain' | 'quiet' | 'danger';
  icon?: IconName;
  /** It works on it: it can't be pressed again, and says so. The keyboard stays where it is. */
  busy?: boolean;
  wide?: boolean;
  type?: 'button' | 'submit';
  children?: ComponentChildren;
};

/** Also of the form whose button it is. */
const refuse = (event: Event) => event.preventDefault();

export function Button({ kind = 'plain', icon, busy = false, wide, type = 'button', children, ...rest }: Props) {
  return (
    <button
      {...rest}
      type={type}
      class={`button ${kind}${wide ? ' wide' : ''}${children === undefined ? ' bare' : ''}`}
      aria-disabled={busy}
      aria-busy={busy}
      onClick={busy ? refuse : rest.onClick}
    >
      {busy ? <span class="spinner" aria-hidden="true" /> : icon && <Icon name={icon} />}
      {children !== undefined && <span>{children}</span>}
    </button>
  );
}

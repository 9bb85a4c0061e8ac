import type { ComponentChildren } from 'preact';
import { Icon, type IconName } from './icon.tsx';

type Props = { kind?: 'plain' | 'good' | 'warning' | 'danger'; title?: string; children?: ComponentChildren };

const icons: Record<NonNullable<Props['kind']>, IconName> = {
  plain: 'info',
  good: 'check',
  warning: 'warning',
  danger: 'warning',
};

/** Something that a person should know before they go on. */
export function Notice({ kind = 'plain', title, children }: Props) {
  return (
    <div class={`notice ${kind}`}>
      <Icon name={icons[kind]} size={20} />
      <div>
        {title && <strong>{title}</strong>}
        {children}
      </div>
    </div>
  );
}

import { lazy } from '../ui/lazy.tsx';
import { activity } from './activity.ts';

const ActivitySheet = lazy(() => import('./view/activity-sheet.tsx').then((module) => module.ActivitySheet));

/** What is asked before signing; its code comes with the first question. */
export function ActivityOverlay() {
  return activity.value === null ? null : <ActivitySheet />;
}

// Before any schema is made.
import '../ui/no-eval.ts';

import '../ui/theme.css';
import './phone.css';
import { render } from 'preact';
import { Failure } from '../ui/failure.tsx';
import { keepFocus } from '../ui/keep-focus.ts';
import { keepPreferences } from '../ui/preferences.ts';
import { followHash } from '../ui/router.ts';
import { t } from '../ui/strings/strings.ts';
import { App } from './app.tsx';
import { watchInstallOffer } from './install.ts';
import { parts } from './parts.ts';
import { startServiceWorker } from './service-worker.ts';
import { loadSettings } from './settings.ts';

async function start(root: Element): Promise<void> {
  keepPreferences();
  followHash();
  keepFocus();
  watchInstallOffer();
  try {
    if (!isSecureContext) throw new Error(t.value.shared.needsHttps);
    await loadSettings().catch((cause) => {
      throw new Error(t.value.shared.noSettings, { cause });
    });
    render(<App />, root);
    for (const part of parts) await part.start?.();
    void startServiceWorker();
  } catch (error) {
    render(<Failure error={error} again={() => location.reload()} />, root);
  }
}

const root = document.querySelector('#app');
// not awaited here: what a part loads later waits for the end of this file
if (root) void start(root);

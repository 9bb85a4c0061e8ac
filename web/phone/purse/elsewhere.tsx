import { hrefOf } from '../../ui/router.ts';
import { t } from '../../ui/strings/strings.ts';
import { nodes, settings } from '../settings.ts';

/** Ways to one's money that don't need this page's own key, or this page. */
export function Elsewhere() {
  const words = t.value.purse.elsewhere;
  // what the saved page asks for, so that nobody has to look it up
  const known = new URLSearchParams({ node: nodes()[0] ?? '', contract: settings().contract });
  return (
    <div class="stack">
      <p>
        <a href={hrefOf('/installed-wallet')}>{words.installed}</a>
      </p>
      <p>
        <a href={`./rescue/index.html#${known}`}>{words.rescue}</a>
        <br />
        <span class="quiet">{words.rescueWhy}</span>
      </p>
    </div>
  );
}

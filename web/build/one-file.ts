import { createHash } from 'node:crypto';
import type { Plugin } from 'vite';
import { contentSecurityPolicy } from './content-security-policy.ts';

/**
 * Puts a page's one script and one style sheet into the page, so that it can be saved as one file and opened from a
 * disk. The policy in it names both by their hashes, which `made` is told, and lets it ask any node, also one without
 * TLS.
 */
export function oneFile(made: (hashes: { script: string; style: string }) => void): Plugin {
  return {
    name: 'one-file',
    enforce: 'post',
    generateBundle(_options, bundle) {
      const files = Object.values(bundle);
      const page = files.find((file) => file.fileName.endsWith('.html'));
      const scripts = files.filter((file) => file.type === 'chunk');
      const styles = files.filter((file) => file.fileName.endsWith('.css'));
      const [chunk] = scripts;
      if (page?.type !== 'asset' || !chunk || scripts.length > 1 || styles.length > 1)
        throw new Error(`the page should be one script and one style sheet, not ${Object.keys(bundle).join(', ')}`);
      const code = chunk.code.replaceAll('</script', '<\\/script').trim();
      const css = styles.map((style) => (style.type === 'asset' ? String(style.source).trim() : '')).join('');
      const [script, style] = [hashOf(code), hashOf(css)];
      made({ script, style });
      const policy = contentSecurityPolicy({ plainConnections: ['http:', 'ws:'], scripts: [script], styles: [style] });
      page.source = String(page.source)
        .replace(/<script[^>]*><\/script>\s*/g, '')
        .replace(/<link[^>]*rel="stylesheet"[^>]*>\s*/g, '')
        .replace('<head>', () => `<head>\n    <meta http-equiv="Content-Security-Policy" content="${policy}">`)
        .replace('</head>', () => `  <style>${css}</style>\n  </head>`)
        .replace('</body>', () => `  <script type="module">${code}</script>\n  </body>`);
      for (const name of Object.keys(bundle)) if (bundle[name] !== page) delete bundle[name];
    },
  };
}

const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

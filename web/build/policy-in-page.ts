import type { Plugin } from 'vite';

/** Writes the policy into the page itself: it then holds on a web server that sends no header. */
export function policyInPage(policy: string): Plugin {
  return {
    name: 'policy-in-page',
    transformIndexHtml: () => [
      { tag: 'meta', attrs: { 'http-equiv': 'Content-Security-Policy', content: policy }, injectTo: 'head-prepend' },
    ],
  };
}

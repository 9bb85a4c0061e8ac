/**
 * Trusted Types: under `require-trusted-types-for 'script'` a browser runs no worker from a plain text. Files of this
 * site may be run; nothing else is ever asked for.
 */
type Policy = { createScriptURL(url: string): unknown };
type Factory = { createPolicy(name: string, rules: { createScriptURL(url: string): string }): Policy };

const rules = {
  createScriptURL(url: string): string {
    if (new URL(url, location.href).origin !== location.origin) throw new TypeError(`${url} is no file of this site`);
    return url;
  },
};

const { trustedTypes } = globalThis as { trustedTypes?: Factory };
const policy: Policy = trustedTypes?.createPolicy('krypton', rules) ?? rules;

/** The address of a script of ours, as the browser wants it. */
export const scriptUrl = (url: string): string => policy.createScriptURL(url) as string;

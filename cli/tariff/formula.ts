/**
 * A description is a stranger's text, and a spreadsheet runs what begins like a formula: such a text gets an apostrophe
 * in front, as spreadsheets do it themselves, and loses it again when it is read.
 */
const formula = /^'*[=+\-@\t\r]/;

export const escapeFormula = (text: string): string => (formula.test(text) ? `'${text}` : text);

export const unescapeFormula = (text: string): string =>
  text.startsWith("'") && formula.test(text) ? text.slice(1) : text;

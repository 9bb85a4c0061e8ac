/** What a column may hold. Its name is also what `--columns` and the exported file call it. */
export const fields = [
  'prefix',
  'country code',
  'area codes',
  'description',
  'rate per minute',
  'rate per second',
  'connect fee',
  'increments',
  'initial increment',
  'next increment',
  'effective date',
  'currency',
] as const;
export type Field = (typeof fields)[number];

/**
 * The names that carriers give their columns: in lower case, letters and digits alone. A rate without a unit is one per
 * minute, as everywhere in the trade.
 */
const names: Record<Field, string> = {
  prefix: `prefix prefixes code codes dialcode dialcodes dialingcode dialingcodes diallingcode diallingcodes dialprefix
    destinationcode destinationprefix destprefix destcode breakout breakouts e164 e164prefix numberprefix digits
    vorwahl kengetal`,
  'country code': 'countrycode countrydialcode countrydialingcode countryprefix cc landesvorwahl landcode',
  'area codes': `areacode areacodes citycode citycodes regioncode regioncodes ndc ndcs ortsvorwahl
    ortsvorwahlen netnummer netnummers`,
  description: `description destination destinationname name zone zonename route routename area areaname country
    countryname location region beschreibung ziel bestemming omschrijving`,
  'rate per minute': `rateperminute ratepermin rateminute ratemin rateper1min rate newrate currentrate price
    priceperminute pricepermin priceminute pricemin minuterate minuteprice perminute permin costperminute
    chargeperminute preis preisprominute tarief prijs prijsperminuut`,
  'rate per second': `ratepersecond ratepersec ratesecond ratesec pricepersecond pricepersec pricesecond pricesec
    secondrate secondprice persecond persec`,
  'connect fee': `connectfee connectionfee connectcharge connectioncharge connectcost connectioncost setupfee
    setupcharge setup callsetupfee callsetupcharge callsetup feepercall percall callfee flagfall starttarief
    verbindungsentgelt`,
  increments: `increments increment billingincrement billingincrements billing billinginterval interval intervals
    rounding pulse taktung takt`,
  'initial increment': `initialincrement firstincrement increment1 initialinterval firstinterval interval1
    minimumtime mintime minimumduration minduration initialperiod`,
  'next increment': `nextincrement subsequentincrement furtherincrement secondincrement increment2 incrementn
    nextinterval subsequentinterval secondinterval interval2 intervaln recurringincrement additionalincrement`,
  'effective date': `effectivedate effectivefrom effective effectivetime effectivedatetime effectivestartdate validfrom
    startdate datefrom activationdate gueltigab gültigab geldigvanaf ingangsdatum`,
  currency: 'currency currencycode curr ccy währung valuta',
};

const fieldOfName = new Map(
  fields.flatMap((field) => names[field].split(/\s+/).map((name): [string, Field] => [name, field])),
);

/** Where several fit, the one that comes first says most: the name of a zone rather than its country. */
const order = names.description.split(/\s+/);
export const rankOfDescription = (header: string): number => order.indexOf(wordsOf(header).join(''));

const holdsMoney = (field: Field | undefined) =>
  field === 'rate per minute' || field === 'rate per second' || field === 'connect fee';

const signs: Record<string, string> = { '€': ' EUR ', '£': ' GBP ', $: ' USD ' };
/** ISO 4217, and GAS itself. */
const currencies = new Set([...Intl.supportedValuesOf('currency').map((code) => code.toLowerCase()), 'gas']);

/** `Rate/min (EUR)` -> the field, and the currency that the header names. */
export function recognise(header: string): { field: Field; currency: string | null } | null {
  const words = wordsOf(header);
  const plain = fieldOfName.get(words.join(''));
  if (plain !== undefined) return { field: plain, currency: null };
  const currency = currencyOf(header);
  if (currency === null) return null;
  const rest = words.filter((word) => word !== currency.toLowerCase() && word !== 'in');
  if (rest.length === 0) return null;
  const field = fieldOfName.get(rest.join('')) ?? fieldOfName.get(`rate${rest.join('')}`); // EUR/min
  return field !== undefined && holdsMoney(field) ? { field, currency } : null;
}

/** The one currency that a header names, in capitals. */
export function currencyOf(header: string): string | null {
  const found = wordsOf(header).filter((word) => currencies.has(word));
  return found.length === 1 && found[0] !== undefined ? found[0].toUpperCase() : null;
}

const wordsOf = (header: string): string[] =>
  header
    .normalize('NFKC')
    .replaceAll(/[€£$]/g, (sign) => signs[sign] ?? sign)
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean)
    .map((word) => (word === 's' ? 'sec' : word)); // rate/s is not a plural

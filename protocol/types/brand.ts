declare const brand: unique symbol;

/** A type that must not be mixed with others of the same form: parsed at the border, trusted inside. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

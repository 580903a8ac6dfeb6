import { type Language, language, useLanguage } from "./language";

/** Texts of a room: plain, or a function of what stands in them. */
type Text = string | ((...values: never[]) => string);
export type Dictionary = { readonly [name: string]: Text | Dictionary };

type Same<T> = {
  readonly [Name in keyof T]: T[Name] extends string
    ? string
    : T[Name] extends (...values: infer V) => string
      ? (...values: V) => string
      : Same<T[Name]>;
};

export type Texts<T> = Record<Language, Same<T>>;

/** English and Chinese of one room. The second must have every text of the first, with the same values in it. */
export function defineTexts<const T extends Dictionary>(en: T, zh: Same<T>): Texts<T> {
  return { en: en as unknown as Same<T>, zh };
}

export function useTexts<T>(texts: Texts<T>): Same<T> {
  return texts[useLanguage()];
}

/** Outside components; inside, `useTexts` follows when the language changes. */
export function textsNow<T>(texts: Texts<T>): Same<T> {
  return texts[language()];
}

/** English plural: `1 node`, `2 nodes`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${number(count)} ${count === 1 ? one : many}`;
}

/** With separators of thousands. */
export function number(value: number): string {
  // Most are small, and to ask the browser for thousands of them takes long.
  return Math.abs(value) < 1000 ? String(value) : value.toLocaleString("en-US");
}

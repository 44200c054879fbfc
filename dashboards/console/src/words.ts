// The two languages. Each page keeps its own words beside it:
//
//   const w = words({ vi: { title: 'Cảnh báo' }, en: { title: 'Alerts' } })
//   ... <h1>{w().title}</h1>
//
// A word that is missing in one of them does not compile.
import { effect, signal } from '@preact/signals'

export type Language = 'vi' | 'en'

const key = 'phusong.language'

function first(): Language {
  const kept = localStorage.getItem(key)
  if (kept === 'vi' || kept === 'en') return kept
  return navigator.language.startsWith('en') ? 'en' : 'vi'
}

/** The language everything is shown in; set it to switch. */
export const language = signal<Language>(first())

effect(() => {
  document.documentElement.lang = language.value
  localStorage.setItem(key, language.value)
})

type Word = string | ((...args: never[]) => string) | { readonly [name: string]: Word }
type Same<T> = { [K in keyof T]: T[K] extends string ? string : T[K] extends (...args: infer A) => string ? (...args: A) => string : Same<T[K]> }

/** Returns a function that gives the words of the language of the moment. */
export function words<const T extends { readonly [name: string]: Word }>(both: { vi: T; en: Same<T> }): () => Same<T> {
  return () => (language.value === 'vi' ? (both.vi as unknown as Same<T>) : both.en)
}

// Light or dark: as the system has it, until somebody chooses.
import { effect, signal } from '@preact/signals'

export type Theme = 'auto' | 'light' | 'dark'
const key = 'phusong.theme'
const kept = localStorage.getItem(key)

export const theme = signal<Theme>(kept === 'light' || kept === 'dark' ? kept : 'auto')

const system = matchMedia('(prefers-color-scheme: dark)')
const systemDark = signal(system.matches)
system.addEventListener('change', (e) => (systemDark.value = e.matches))

/** Whether it is dark now, for what CSS does not reach: the map and charts. */
export const dark = () => (theme.value === 'auto' ? systemDark.value : theme.value === 'dark')

effect(() => {
  document.documentElement.dataset['theme'] = dark() ? 'dark' : 'light'
  localStorage.setItem(key, theme.value)
})

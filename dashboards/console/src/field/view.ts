// Which of the few views is open, by the address, so that the phone's own way back works.
import { signal } from '@preact/signals'

export type View = { name: 'list' } | { name: 'alert'; id: string } | { name: 'settings' }

export function viewOf(hash: string): View {
  const q = new URLSearchParams(hash.replace(/^#/, ''))
  const id = q.get('alert')
  if (id && id.length <= 100) return { name: 'alert', id }
  return q.has('settings') ? { name: 'settings' } : { name: 'list' }
}

export const view = signal<View>(viewOf(location.hash))
addEventListener('hashchange', () => {
  view.value = viewOf(location.hash)
  scrollTo(0, 0)
})

export const alertHash = (id: string): string => `#alert=${encodeURIComponent(id)}`

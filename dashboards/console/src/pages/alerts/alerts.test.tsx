import { cleanup, render, screen, waitFor } from '@testing-library/preact'
import { LocationProvider } from 'preact-iso'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { connect, disconnect } from '../../api/live'
import { type Session, session } from '../../session'
import { language } from '../../words'
import Alerts from '.'
import type { Alert } from './book'

const alert = (id: string, more: Partial<Alert> = {}): Alert => ({ id, name: 'WiFiSlow', severity: 'warning', scope: 'device', subject: id, told: true, acknowledged: false, fired: '2026-11-22T02:00:00Z', annotations: { summary_en: `Slow ${id} <i>` }, ...more })
const lan: Session = { name: 'lan', role: 'operations', areas: [], permissions: ['read', 'alerts'], open: false }
const page = (items: unknown[]) => ({ items, total: items.length })

let source: Source
class Source extends EventTarget {
  static readonly CLOSED = 2
  constructor() {
    super()
    source = this
  }
  close() {}
  tell(kind: string, data: unknown) {
    this.dispatchEvent(new MessageEvent(kind, { data: JSON.stringify(data) }))
  }
}

let alerts: Alert[]
beforeEach(() => {
  language.value = 'en'
  history.replaceState(null, '', '/alerts')
  alerts = [alert('a1')]
  vi.stubGlobal('EventSource', Source)
  vi.stubGlobal('fetch', (r: Request) => {
    const path = new URL(r.url).pathname
    const items = path.endsWith('/alerts') ? alerts : []
    return Promise.resolve(new Response(JSON.stringify(page(items)), { headers: { 'Content-Type': 'application/json' } }))
  })
  session.value = lan
  connect()
})
afterEach(() => {
  cleanup()
  disconnect()
  session.value = undefined
  vi.unstubAllGlobals()
})

const show = () =>
  render(
    <LocationProvider>
      <Alerts />
    </LocationProvider>,
  )
const shown = () => screen.queryAllByTestId('incident').map((e) => e.dataset['alert'])

test('what happens is seen without a load, is marked, and is said', async () => {
  show()
  await waitFor(() => expect(shown()).toEqual(['a1']))
  source.tell('alert', { change: 'fired', at: '', alert: alert('a2', { severity: 'critical' }) })
  await waitFor(() => expect(shown()).toEqual(['a2', 'a1']))
  expect(screen.getAllByTestId('incident')[0]!.textContent).toContain('new')
  await waitFor(() => expect(screen.getByTestId('news').textContent).toBe('New alert: Slow a2 <i>'))
  source.tell('handling', { alert: 'a2', action: 'acknowledge', who: 'minh', handling: { acknowledged_by: 'minh', acknowledged_until: new Date(Date.now() + 3600_000).toISOString() } })
  await waitFor(() => expect(screen.getAllByTestId('incident')[0]!.textContent).toContain('minh works on it'))
  source.tell('alert', { change: 'resolved', at: '', alert: alert('a2') })
  await waitFor(() => expect(shown()).toEqual(['a1']))
})

test('when nothing is wrong it says so, and what comes next', async () => {
  alerts = [alert('dog', { name: 'Watchdog', severity: 'info' })]
  show()
  await waitFor(() => expect(screen.getByText('Nothing is wrong')).toBeTruthy())
  expect(screen.getByText(/The watchdog runs/)).toBeTruthy()
})

test('who may not work on alerts has no buttons for it', async () => {
  session.value = { ...lan, permissions: ['read'] }
  show()
  await waitFor(() => expect(shown()).toEqual(['a1']))
  expect(screen.queryByTestId('acknowledge')).toBeNull()
})

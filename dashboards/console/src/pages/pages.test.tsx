// The pages as people meet them, before a service that is a table of answers.
import { cleanup, fireEvent, render, screen, within } from '@testing-library/preact'
import { LocationProvider, Route, Router } from 'preact-iso'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { setCSRF } from '../api/client'
import { line } from '../api/live'
import { type Permission, session } from '../session'
import { language } from '../words'
import Devices from './devices'
import Device from './devices/device'
import Environment from './environment'
import Service from './service'
import Targets from './targets'

let asked: { method: string; url: URL; body: unknown }[] = []
let answers: Record<string, unknown> = {}

const device = { id: 'ap-1', kind: 'wifi', name: '<b>Sân trường</b>', area: '25459', registered: true, state: 'silent', last_seen: '2026-11-22T02:00:00Z', interval_s: 60, site: 'th-01' }
const text = { vi: 'v', en: 'e' }
const band = { band: 'poor', up_to: 150, color: '#FF7E00', name: { vi: 'Kém', en: 'Poor' }, everyone: { vi: 'Hạn chế ra ngoài.', en: 'Stay in more.' }, at_risk: text }

beforeEach(() => {
  language.value = 'en'
  line.value = 'live'
  session.value = { name: 'lan', role: 'admin', areas: [], permissions: ['read', 'administer'] as Permission[], open: false }
  setCSRF('token')
  asked = []
  answers = {
    '/api/v1/areas': { items: [{ code: '25459', name: 'Tân Ninh', type: 'Phường', parent: '80' }], total: 1 },
    '/api/v1/devices': { items: [device], total: 1 },
    '/api/v1/device-states': [{ kind: 'wifi', state: 'silent', count: 1 }, { kind: 'wifi', state: 'up', count: 9 }],
    '/api/v1/alerts': { items: [], total: 0 },
  }
  vi.stubGlobal('fetch', async (r: Request) => {
    const url = new URL(r.url)
    asked.push({ method: r.method, url, body: r.method === 'POST' ? await r.clone().json() : undefined })
    const found = answers[url.pathname]
    if (found === undefined) return Response.json({ title: 'Not Found', status: 404 }, { status: 404, headers: { 'Content-Type': 'application/problem+json' } })
    return Response.json(typeof found === 'function' ? found(url) : found)
  })
})
afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
})

function show(path: string) {
  history.replaceState(null, '', path)
  render(
    <LocationProvider>
      <Router>
        <Route path="/devices" component={Devices} />
        <Route path="/devices/:id" component={Device} />
        <Route path="/environment" component={Environment} />
        <Route path="/targets" component={Targets} />
        <Route path="/service" component={Service} />
      </Router>
    </LocationProvider>,
  )
}
const calls = (path: string) => asked.filter((a) => a.url.pathname === path)

test('devices: names are text, filters go to the service and into the address', async () => {
  show('/devices?kind=wifi')
  expect(await screen.findByText('<b>Sân trường</b>')).toBeTruthy()
  expect(await screen.findByText('Tân Ninh', { selector: 'td' })).toBeTruthy()
  await fireEvent.click(await screen.findByRole('button', { name: /Silent/ }))
  await vi.waitFor(() => expect(calls('/api/v1/devices').at(-1)?.url.search).toContain('state=silent'))
  expect(location.search).toBe('?kind=wifi&state=silent')
})

test('devices: nothing found says what to do', async () => {
  answers['/api/v1/devices'] = { items: [], total: 0 }
  show('/devices?q=zzz')
  await fireEvent.click(await screen.findByRole('button', { name: 'Clear the filter' }))
  await vi.waitFor(() => expect(location.pathname + location.search).toBe('/devices'))
})

test('devices: while we are not live no state is shown as if it were', async () => {
  line.value = 'connecting'
  show('/devices')
  expect(await screen.findByText('Not live: states may be old')).toBeTruthy()
})

test('a device that is not registered says how to register it', async () => {
  answers['/api/v1/devices/ap-9'] = { ...device, id: 'ap-9', registered: false, site: undefined, latest: { time: '2026-11-22T02:00:00Z', received: '2026-11-22T02:00:01Z', flags: ['late'], values: [{ field: 'clients', unit: '1', type: 'integer', number: 5 }] } }
  answers['/api/v1/series'] = { device: 'ap-9', field: 'clients', unit: '1', step_s: 300, points: [] }
  show('/devices/ap-9')
  expect((await screen.findByTestId('how-to-register')).textContent).toContain('ap-9,wifi,Name of the device,,25459,60s')
  expect(within(screen.getByRole('region', { name: 'Latest values' })).getByText('5')).toBeTruthy()
  expect(screen.getByText('came late')).toBeTruthy()
})

test('environment: worst first, with advice and the mark of who may publish', async () => {
  const station = { registered: true, reference: false, quantities: ['pm25_ugm3'], hour: '2026-11-22T02:00:00Z', facts: { pm25_ugm3: 60 }, suspicions: [], noise_zone: 'common', water_alarms_m: [] }
  answers['/api/v1/environment/scale'] = { bands: [band], heat: [], water: [], limits: [], noise: [], flags: { stuck: { vi: 'giá trị đứng yên', en: 'stuck' } }, indicative: { vi: 'tham khảo', en: 'indicative' } }
  answers['/api/v1/environment/stations'] = { items: [{ ...station, id: 'a', index: 0, flags: ['stuck'] }, { ...station, id: 'b', index: 120, band: 'poor', main: 'pm25', flags: [] }], total: 2 }
  show('/environment')
  expect((await screen.findByTestId('advice')).textContent).toContain('Stay in more.')
  const rows = screen.getAllByRole('row').slice(1)
  expect(rows.map((r) => r.textContent)).toEqual([expect.stringMatching(/^120 Poorb.*indicative/), expect.stringMatching(/^no index yeta.*flagged: stuck/)])
})

test('targets: what is not known is not counted as working', async () => {
  const t = { area: '', category: '', required: 4, working: 2, by_state: { working: 2, unknown: 1, 'not covered': 1 } }
  answers['/api/v1/targets'] = [t, { ...t, area: '25459' }]
  answers['/api/v1/sites'] = { items: [], total: 0 }
  answers['/api/v1/wifi/availability'] = []
  answers['/api/v1/wifi/usage'] = []
  show('/targets')
  expect(await screen.findByText('50%', { selector: '.big' })).toBeTruthy()
  expect(screen.getByRole('img', { name: 'working 2, unknown 1, not covered 1' })).toBeTruthy()
  expect(await screen.findByText('No site matches')).toBeTruthy()
})

const state = {
  version: 'v', at: '2026-11-22T03:00:00Z', started: '2026-11-22T02:00:00Z', delivery: 'inside', listeners: 1, ledger: { received: 10, stored: 7, rejected: 2, waiting: 1, difference: 0 },
  broker: { embedded: true, connected: true, subscribed: true, connects: 1, losses: 0, received: 10, duplicates: 0 }, stream: { healthy: true, embedded: true, entries: 5, last: 5, bytes: 1, max_bytes: 100, dead_letters: 1 },
  store: { kind: 'sqlite', answers: false, position: 5 }, watcher: { position: 5, behind: 0, caught_up: true }, coverage: { whole: true, cells: 1, zones: 0 },
}

test('service: the ledger in words, a dead store as dead, a letter looked at and replayed', async () => {
  answers['/api/v1/service'] = state
  answers['/api/v1/deadletters'] = { items: [{ id: '1-0', time: '2026-11-22T02:00:00Z', topic: '<i>t</i>', payload: btoa('<script>x</script>'), size: 18, reason: 'not JSON', class: 'payload', count: 1 }], total: -1 }
  answers['/api/v1/deadletters/replay'] = { replayed: 1, refused: 0, left: 0, before: '2026-11-22T03:00:00Z' }
  show('/service')
  expect(await screen.findByText('10 received = 7 stored + 2 rejected + 1 waiting')).toBeTruthy()
  expect(screen.getByTestId('service-health').textContent).toContain('A part is broken')
  await fireEvent.click(await screen.findByRole('button', { name: 'Look: <i>t</i>' }))
  expect(screen.getByTestId('payload').textContent).toBe('<script>x</script>')
  await fireEvent.click(screen.getByRole('button', { name: 'Process this one again' }))
  await vi.waitFor(() => expect(calls('/api/v1/deadletters/replay').map((c) => c.body)).toEqual([{ ids: ['1-0'] }]))
  await vi.waitFor(() => expect(screen.queryByTestId('payload')).toBeNull())
})

test('service: all letters are replayed in parts, with figures, and it can be stopped and gone on with', async () => {
  answers['/api/v1/service'] = state
  answers['/api/v1/deadletters'] = { items: [{ id: '1-0', time: '2026-11-22T02:00:00Z', topic: 't', payload: '', size: 0, reason: 'r', class: 'payload', count: 1 }], total: -1 }
  let left = 1700
  let reply: (() => void) | undefined
  vi.stubGlobal('fetch', async (r: Request) => {
    const url = new URL(r.url)
    if (r.method !== 'POST') return Response.json(answers[url.pathname])
    asked.push({ method: r.method, url, body: await r.clone().json() })
    await new Promise<void>((go) => (reply = go))
    const replayed = Math.min(500, left)
    left -= replayed
    return Response.json({ replayed, refused: 7, left, before: '2026-11-22T03:00:00Z' })
  })
  const goOn = async () => {
    await vi.waitFor(() => expect(reply).toBeTruthy())
    reply?.()
    reply = undefined
  }
  show('/service')
  await fireEvent.click(await screen.findByTestId('replay-all'))
  await fireEvent.click(screen.getByTestId('replay-start'))
  expect(await screen.findByText('Counting and processing the first…')).toBeTruthy()
  await goOn()
  expect(await screen.findByText('500 of 1,700 messages processed')).toBeTruthy()
  expect(screen.getByRole('progressbar').getAttribute('value')).toBe(String(500 / 1700))
  expect(screen.getByTestId('replay-figures').textContent).toBe('493 taken in · 7 refused again')
  await fireEvent.click(screen.getByTestId('replay-stop'))
  await goOn()
  expect((await screen.findByTestId('replay-ended')).textContent).toBe('Stopped: 1,000 were processed, 700 are left.')
  await fireEvent.click(screen.getByRole('button', { name: 'Go on' }))
  await goOn()
  await goOn()
  await vi.waitFor(() => expect(screen.getByTestId('replay-ended').textContent).toBe('Finished: 1,700 messages were processed.'))
  expect(screen.getByTestId('replay-figures').textContent).toBe('1,672 taken in · 28 refused again')
  const before = '2026-11-22T03:00:00Z'
  expect(calls('/api/v1/deadletters/replay').map((c) => c.body)).toEqual([{ all: true, limit: 500 }, ...Array<unknown>(3).fill({ all: true, limit: 500, before })])
})

test('service: only administrators, and nothing is asked for others', async () => {
  session.value = { name: 'minh', role: 'viewer', areas: [], permissions: ['read'], open: false }
  show('/service')
  expect(await screen.findByText('This page is for administrators')).toBeTruthy()
  expect(asked).toEqual([])
})

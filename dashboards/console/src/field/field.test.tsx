import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/preact'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Alert } from '../pages/alerts/book'
import { type Session, session } from '../session'
import { language } from '../words'
import { Detail } from './detail'
import { List } from './list'
import { known, outbox, quit, reach, refresh } from './state'

const alert = (id: string, more: Partial<Alert> = {}): Alert => ({
  id, name: 'WiFiSlow', severity: 'warning', scope: 'device', subject: id, area: '25459', lat: 11.3, lon: 106.1, told: true, acknowledged: false, since: '2026-11-22T02:00:00Z', fired: '2026-11-22T02:00:00Z',
  annotations: { summary_vi: `Wi-Fi chậm ${id} <b>`, summary_en: `Slow ${id}`, place: 'Tân Ninh' }, ...more,
})
const minh: Session = { name: 'minh', role: 'field', areas: ['25459'], permissions: ['read', 'alerts'], csrf: 'c', open: false }

let network: 'there' | 'lost'
let posts: { path: string; body: Record<string, unknown> }[]
let alerts: Alert[]

const json = (value: unknown, status = 200) => new Response(JSON.stringify(value), { status, headers: { 'Content-Type': 'application/json' } })

async function service(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  if (network === 'lost') throw new TypeError('no network')
  const request = input instanceof Request ? input : new Request(new URL(String(input), location.origin), init)
  const path = new URL(request.url).pathname.replace('/api/v1', '')
  if (request.method === 'POST') {
    const body = (await request.json()) as Record<string, unknown>
    posts.push({ path, body })
    return json(path.endsWith('/acknowledge') ? { acknowledged_by: 'minh', acknowledged_until: body['until'] } : {})
  }
  if (request.method === 'DELETE') return new Response(null, { status: 204 })
  if (path === '/session') return json(minh)
  if (path === '/areas') return json({ items: [{ code: '25459', name: 'Tân Ninh', type: 'xã' }], total: 1 })
  if (path === '/alerts') return json({ items: alerts, total: alerts.length })
  if (path.endsWith('/history')) return json([])
  return json({ title: 'Not Found' }, 404)
}

class Silent extends EventTarget {
  static readonly CLOSED = 2
  readyState = 0
  close() {}
}

beforeEach(() => {
  localStorage.clear()
  language.value = 'vi'
  network = 'there'
  posts = []
  alerts = [alert('a1'), alert('a2', { severity: 'critical' }), alert('a3', { told: false, quiet: 'explained' })]
  vi.stubGlobal('fetch', vi.fn(service))
  vi.stubGlobal('EventSource', Silent)
})

afterEach(async () => {
  cleanup()
  await quit()
  session.value = undefined
  reach.value = 'asking'
  vi.unstubAllGlobals()
})

test('my alerts, the worst first; what people were not told of is left out, and text is text', async () => {
  await refresh()
  render(<List />)
  const cards = screen.getAllByTestId('alert')
  expect(cards.map((c) => c.dataset['alert'])).toEqual(['a2', 'a1'])
  expect(cards[0]!.textContent).toContain('Wi-Fi chậm a2 <b>')
  expect(screen.queryByTestId('offline')).toBeNull()
})

test('without a network it shows what was known, says so, and keeps what is done until it can be sent', async () => {
  await refresh()
  network = 'lost'
  render(<Detail id="a1" />)
  fireEvent.click(screen.getByTestId('acknowledge'))
  fireEvent.click(screen.getByTestId('for-120'))
  await waitFor(() => expect(screen.getByTestId('outbox').textContent).toContain('1 việc chờ gửi'))
  await waitFor(() => expect(screen.getByTestId('offline').textContent).toContain('Mất kết nối'))
  expect(screen.getByTestId('detail').textContent).toContain('chờ gửi')
  expect(posts).toEqual([])

  network = 'there'
  await refresh()
  await waitFor(() => expect(screen.queryByTestId('outbox')).toBeNull())
  expect(posts).toHaveLength(1)
  expect(posts[0]).toMatchObject({ path: '/alerts/a1/acknowledge', body: { id: expect.stringMatching(/^[0-9a-f]{32}$/) as unknown } })
  const until = Date.parse(String(posts[0]!.body['until'])) - Date.now()
  expect(until).toBeGreaterThan(110 * 60_000)
  expect(until).toBeLessThanOrEqual(120 * 60_000)
  await waitFor(() => expect(screen.queryByTestId('offline')).toBeNull())
})

test('a note is sent at once when it can be', async () => {
  await refresh()
  render(<Detail id="a1" />)
  fireEvent.input(screen.getByTestId('note'), { target: { value: ' modem tắt ' } })
  fireEvent.click(screen.getByTestId('save-note'))
  await waitFor(() => expect(posts).toMatchObject([{ path: '/alerts/a1/comment', body: { text: 'modem tắt' } }]))
  await waitFor(() => expect(outbox.entries.value).toEqual([]))
})

test('who may only look gets no buttons', async () => {
  await refresh()
  session.value = { ...minh, role: 'viewer', permissions: ['read'] }
  render(<Detail id="a1" />)
  expect(screen.queryByTestId('acknowledge')).toBeNull()
  expect(screen.queryByTestId('note')).toBeNull()
  expect(screen.getByTestId('directions')).toBeTruthy()
})

test('another account sees nothing of the one before, and logging out leaves nothing', async () => {
  await refresh()
  expect(localStorage.getItem('phusong.field.snapshot')).toContain('"minh"')
  session.value = { ...minh, name: 'hoa' }
  alerts = []
  await refresh()
  expect(known.value).toMatchObject({ account: 'hoa', alerts: [] })
  expect(localStorage.getItem('phusong.field.snapshot')).not.toContain('a1')
  await quit()
  expect(known.value).toBeUndefined()
  expect(localStorage.getItem('phusong.field.snapshot')).toBeNull()
})

// The log of changes as an administrator reads it, before a service that is a table of answers.
import { cleanup, fireEvent, render, screen, within } from '@testing-library/preact'
import { LocationProvider, Route, Router } from 'preact-iso'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { session } from '../../session'
import { language } from '../../words'
import Audit from '.'
import { addressOf, parametersOf, queryOf } from './query'
import { type Change, noteOf, resultOf, sentenceOf } from './sentence'

const change = (c: Partial<Change>): Change => ({ at: '2026-11-22T02:00:00Z', who: 'lan', role: 'operations', from: '10.0.0.7', action: 'login', status: 200, ...c })
let asked: URL[] = []
let parts: Record<string, unknown> = {}

beforeEach(() => {
  language.value = 'en'
  session.value = { name: 'an', role: 'admin', areas: [], permissions: ['read', 'administer'], open: false }
  asked = []
  parts = {}
  vi.stubGlobal('fetch', (r: Request) => {
    const url = new URL(r.url)
    asked.push(url)
    return Promise.resolve(Response.json(parts[url.searchParams.get('after') ?? ''] ?? { items: [], damaged: 0 }))
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
        <Route path="/audit" component={Audit} />
        <Route default component={() => null} />
      </Router>
    </LocationProvider>,
  )
}

describe.each(['vi', 'en'] as const)('in %s', (lang) => {
  test.each([
    'login', 'logout', 'POST /api/v1/alerts/a/acknowledge', 'POST /api/v1/alerts/a/release', 'POST /api/v1/alerts/a/assign', 'POST /api/v1/alerts/a/comment', 'POST /api/v1/maintenance', 'POST /api/v1/maintenance/w/extend', 'POST /api/v1/maintenance/w/end',
    'POST /api/v1/cases', ...['send', 'answer', 'retest', 'dispute', 'close', 'reopen', 'comment'].map((a) => `POST /api/v1/cases/c/${a}`), 'POST /api/v1/deadletters/replay', 'POST /alertmanager/api/v2/silences', 'DELETE /alertmanager/api/v2/silence/1',
  ])('%s has words', (action) => {
    language.value = lang
    expect(sentenceOf(action).text).not.toContain('/')
  })
})

test('what is not known is shown as it is', () => {
  for (const action of ['POST /api/v1/alerts/a/constructor', 'POST /api/v1/new', 'PUT /api/v1/cases', 'POST', '', 'POST /api/v1/cases/c/send/more', 'POST /x']) expect(sentenceOf(action)).toEqual({ text: action })
})

test('what was done leads to its page; only what people wrote is a note', () => {
  expect(sentenceOf('POST /api/v1/cases/2026-7/close').subject).toEqual({ text: '2026-7', href: '/cases/2026-7' })
  expect(noteOf('{"text":"","note":"thay cáp"}')).toBe('thay cáp')
  for (const what of ['{"text":"cut o', 'null', '7', '{"text":3}', undefined]) expect(noteOf(what)).toBe('')
  expect([200, 204, 401, 403, 409, 422, 500, 503].map((status) => resultOf(change({ status })).tone)).toEqual(['good', 'good', 'warning', 'warning', 'warning', 'warning', 'critical', 'high'])
})

test('the address says what is looked for, in days of the province', () => {
  const q = queryOf({ who: 'lan', kind: 'cases', from: '2026-11-01', to: '2026-11-02', q: '', other: 'x' })
  expect(addressOf(q)).toBe('/audit?who=lan&kind=cases&from=2026-11-01&to=2026-11-02')
  expect(parametersOf(q)).toEqual({ who: 'lan', action: '/cases', from: '2026-10-31T17:00:00.000Z', to: '2026-11-02T16:59:59.999Z' })
  expect(queryOf({ kind: 'constructor', from: 'yesterday' })).toEqual({ who: '', q: '', kind: '', from: '', to: '' })
})

test('changes in words, and more of them; names and notes are text', async () => {
  parts[''] = { items: [change({ action: 'POST /api/v1/alerts/a1/comment', what: '{"text":"<b>đã sửa</b>"}' }), change({ who: '', role: undefined, status: 401 })], next: 'p2', seen: '2026-11-21T02:00:00Z', damaged: 2 }
  parts['p2'] = { items: [change({ who: '<i>minh</i>', action: 'POST /api/v1/cases/c1/send', status: 403 })], damaged: 1 }
  show('/audit')
  const table = await screen.findByRole('region', { name: 'Log of changes' })
  expect(within(table).getByText('<b>đã sửa</b>', { selector: 'q' })).toBeTruthy()
  expect(within(table).getByRole('link', { name: 'a1' }).getAttribute('href')).toBe('/alerts/a1')
  expect(within(table).getByText('a name that nobody has')).toBeTruthy()
  expect(within(table).getByText('wrong name or password')).toBeTruthy()
  expect(screen.getByText(/^2 lines of the log are damaged/)).toBeTruthy()
  await fireEvent.click(screen.getByTestId('audit-more'))
  expect(await screen.findByText('<i>minh</i>')).toBeTruthy()
  expect(screen.getByText(/^3 lines/)).toBeTruthy()
  expect(screen.queryByTestId('audit-more')).toBeNull()
  expect(screen.getByText('That is the beginning of the log.')).toBeTruthy()
})

test('a filter goes to the address and to the service; what is not found yet can be looked for further', async () => {
  parts[''] = { items: [], next: 'p2', seen: '2026-11-21T02:00:00Z', damaged: 0 }
  show('/audit')
  await fireEvent.change(await screen.findByTestId('audit-kind'), { target: { value: 'maintenance' } })
  await vi.waitFor(() => expect(asked.at(-1)?.searchParams.get('action')).toBe('/maintenance'))
  expect(location.search).toBe('?kind=maintenance')
  expect(await screen.findByText('No change that matches was found yet')).toBeTruthy()
  expect(screen.getByRole('button', { name: 'Look further back' })).toBeTruthy()
  await fireEvent.click(screen.getByRole('button', { name: 'Clear the filter' }))
  await vi.waitFor(() => expect(location.search).toBe(''))
})

test('an empty log says what will be here; others than administrators see nothing', async () => {
  show('/audit')
  expect(await screen.findByText('Nothing was changed yet')).toBeTruthy()
  cleanup()
  asked = []
  session.value = { name: 'van', role: 'viewer', areas: [], permissions: ['read'], open: false }
  show('/audit')
  expect(await screen.findByText('This page is for administrators')).toBeTruthy()
  expect(asked).toEqual([])
})

import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/preact'
import { LocationProvider } from 'preact-iso'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { session } from '../../session'
import { language } from '../../words'
import { dayBars, hourBars } from './counts'
import { CaseLink } from './opencase'
import { partFeatures, partText } from './place'
import { loadTests } from './tests'
import { VerdictCard } from './verdict'
import type { Evidence } from './why'

const spread = { points: 3, points_needed: 3, apart_seconds: 23199, apart_needed: 14400, tests: 6, tests_needed: 5 }
const evidence = {
  cell: '8865b1909bfffff', operator: '45201', area: '27994', lat: 11, lon: 106, rules: '2026-1+x', target_mbps: 40, from: '2026-08-25', to: '2026-11-22', accessible: 7, day: '2026-11-22',
  standing: { verdict: 'gap', since: '2026-11-12', proven: '2026-11-14' },
  decision: { verdict: 'gap', tests: 15, negative: 6, unusable: 0, gap_p: 0.0022, covered_p: 0.99, dead_p: 1, served_p: 1, gap: spread, dead: spread, covered: spread, served: spread, rules: '' },
  points: Array.from({ length: 7 }, (_, i) => ({ tests: i < 3 ? 5 : 0, negative: i < 3 ? 2 : 0, unusable: 0 })),
} as unknown as Evidence
const may = (...permissions: string[]) => (session.value = { name: 'lan', role: 'liaison', areas: [], permissions, open: false } as never)
const json = (body: unknown) => new Response(JSON.stringify(body), { headers: { 'Content-Type': 'application/json' } })

beforeEach(() => (language.value = 'en'))
afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
  session.value = undefined
})

describe('the verdict', () => {
  it('says what, since when and why', () => {
    render(<VerdictCard of={evidence} />)
    expect(screen.getByTestId('verdict').textContent).toMatch(/since 12\/11\/2026; last proven on 14\/11\/2026.*15 tests count: 9 reach the target/)
    expect(screen.queryByTestId('missing')).toBeNull()
  })
  it('says what is missing where nothing is proven', () => {
    const further = { tests: 4, days: 1, to_covered: 20, to_gap: 2, toward: 'gap', points: [{ index: 1, tests: 2, point_hex: 'x' }], after: 14 * 3600 }
    render(<VerdictCard of={{ ...evidence, standing: { ...evidence.standing, verdict: 'unproven' }, decision: { ...evidence.decision, verdict: 'unproven' }, further } as Evidence} />)
    expect(screen.getByTestId('missing').textContent).toMatch(/About 4 more tests.*20 if all reach.*part 1: 2 tests.*after 14:00/)
  })
})

describe('a gap case', () => {
  const serve = (cases: unknown[]) => {
    const calls: { url: string; body?: unknown }[] = []
    vi.stubGlobal('fetch', async (r: Request) => {
      const url = new URL(r.url)
      if (r.method === 'POST') calls.push({ url: url.pathname, body: await r.json() })
      if (url.pathname.endsWith('/zones.geojson')) return json({ features: [] })
      return json(r.method === 'POST' ? { id: 'case-9' } : { items: cases, total: cases.length })
    })
    return calls
  }
  const show = () => render(<LocationProvider><CaseLink of={evidence} /></LocationProvider>)
  it('that is open is linked to', async () => {
    may('read', 'cases')
    serve([{ id: 'old', state: 'closed', cells: [evidence.cell] }, { id: 'case-1', state: 'sent', cells: ['x', evidence.cell] }])
    show()
    expect((await screen.findByTestId('case-link')).getAttribute('href')).toBe('/cases/case-1')
  })
  it('can be opened by who may', async () => {
    HTMLDialogElement.prototype.showModal = () => {}
    HTMLDialogElement.prototype.close = () => {}
    may('read', 'cases')
    const calls = serve([])
    show()
    fireEvent.click(await screen.findByTestId('open-case'))
    fireEvent.input(document.querySelector('textarea')!, { target: { value: 'after the storm' } })
    fireEvent.submit(document.querySelector('form')!)
    await waitFor(() => expect(calls).toEqual([{ url: '/api/v1/cases', body: { operator: '45201', cells: [evidence.cell], note: 'after the storm' } }]))
  })
  it('is nothing that a viewer can open', async () => {
    may('read')
    const calls = serve([])
    show()
    await waitFor(() => expect(calls).toEqual([]))
    expect(screen.queryByTestId('open-case')).toBeNull()
  })
})

describe('tests', () => {
  it('are loaded in all their pages, the latest first', async () => {
    const asked: (string | null)[] = []
    vi.stubGlobal('fetch', async (r: Request) => {
      const after = new URL(r.url).searchParams.get('after')
      asked.push(after)
      return json(after ? { items: [{ id: 'c' }], total: 3 } : { items: [{ id: 'a' }, { id: 'b' }], total: 3, next: 'b' })
    })
    const all = await loadTests('x', '45201', '', new AbortController().signal)
    expect(all.map((t) => t.id)).toEqual(['c', 'b', 'a'])
    expect(asked).toEqual([null, 'b'])
  })
})

describe('counts', () => {
  const n = { tests: 5, reached: 3, invalid: 1, mean_mbps: 50 }
  it('have a bar for each hour, also for those without tests', () => {
    const bars = hourBars([{ hour: 8, ...n }])
    expect(bars).toHaveLength(24)
    expect(bars[8]!.parts).toEqual([3, 2, 1])
    expect(bars[9]!.parts).toEqual([0, 0, 0])
  })
  it('show the latest days', () => {
    const days = Array.from({ length: 50 }, (_, i) => ({ day: `2026-10-${String((i % 30) + 1).padStart(2, '0')}`, ...n }))
    expect(dayBars(days)).toHaveLength(40)
    expect(dayBars(days).at(-1)!.tick).toBe('20/10')
  })
})

describe('parts of the cell', () => {
  const outlines = Array.from({ length: 7 }, () => [[106, 11], [106.1, 11], [106, 11.1], [106, 11]])
  it('say how many tests missed the target, and where there are none', () => {
    expect(partFeatures(evidence, outlines).map((f) => f.properties!['bad'] as number)).toEqual([0.4, 0.4, 0.4, -1, -1, -1, -1])
  })
  it('say how many more are needed', () => {
    expect(partText({ index: 2, tests: 1, negative: 0, reachable: true, needs: 2 })).toBe('2: 1\n+2')
    expect(partText({ index: 4, tests: 0, negative: 0, reachable: false, needs: 0 })).toBe('4')
  })
})

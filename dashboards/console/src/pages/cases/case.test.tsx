import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/preact'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { session } from '../../session'
import { language } from '../../words'
import { Acts, bodyOf } from './acts'
import type { Review } from './data'
import { Retest } from './retest'
import { actsOf } from './life'
import { Trail } from './trail'
import { type Case, type State, states } from './words'

type Reason = Review['outlook'][number]
const of = (state: State, o: Partial<Case> = {}): Case => ({ id: '45204-2026-001', operator: '45204', zones: [], cells: ['a'], areas: ['25459'], state, round: 1, overdue: false, trail: [], ...o })
const review: Review = { day: '2026-11-20', rules: '2026-1', cells: [], from: '2026-11-18', retest: [], outlook: [{ action: 'close', resolution: 'repaired', possible: false, why: 'no' }, { action: 'close', resolution: 'restored', possible: true }] }

let asked: { url: string; body: unknown }[] = []
function answering(status: number, body: unknown) {
  vi.stubGlobal('fetch', async (r: Request) => {
    asked.push({ url: new URL(r.url).pathname, body: await r.clone().json() })
    return new Response(JSON.stringify(body), { status, headers: { 'Content-Type': status < 300 ? 'application/json' : 'application/problem+json' } })
  })
}

beforeEach(() => {
  language.value = 'en'
  asked = []
  session.value = { name: 'lan', role: 'liaison', areas: [], permissions: ['read', 'cases'], open: false }
  HTMLDialogElement.prototype.showModal ??= function (this: HTMLDialogElement) { this.open = true }
})
afterEach(() => (cleanup(), vi.unstubAllGlobals()))

describe('what can be done', () => {
  it.each(states)('to a case that is %s is what its state allows', (state) => {
    render(<Acts of={of(state)} review={review} dossier={undefined} changed={() => {}} />)
    expect(screen.getAllByRole('button').map((b) => b.getAttribute('data-testid'))).toEqual(actsOf(state).map((a) => `act-${a}`))
  })

  it('does what was asked, and tells the page', async () => {
    answering(200, of('retest'))
    const changed = vi.fn()
    render(<Acts of={of('answered')} review={review} dossier={undefined} changed={changed} />)
    fireEvent.click(screen.getByTestId('act-retest'))
    fireEvent.input(screen.getByLabelText('To be measured by'), { target: { value: '2026-12-22' } })
    fireEvent.submit(document.querySelector('form')!)
    await waitFor(() => expect(changed).toHaveBeenCalled())
    expect(asked).toEqual([{ url: '/api/v1/cases/45204-2026-001/retest', body: { due: '2026-12-22T23:59:59+07:00' } }])
    await waitFor(() => expect(document.querySelector('dialog')).toBeNull())
  })

  it('explains a conflict, loads again, and keeps what was typed', async () => {
    answering(409, { status: 409, title: 'Conflict', detail: 'it is disputed', code: 'case-state', params: { state: 'disputed', action: 'dispute' } })
    const changed = vi.fn()
    const p = { review, dossier: undefined, changed }
    const { rerender } = render(<Acts of={of('answered')} {...p} />)
    fireEvent.click(screen.getByTestId('act-dispute'))
    fireEvent.input(screen.getByLabelText('Reason'), { target: { value: 'we measured it twice' } })
    fireEvent.submit(document.querySelector('form')!)
    await waitFor(() => expect(screen.getByText(/The case changed while you were looking.*: The case is “disputed”, so it cannot be disputed\./)).toBeTruthy())
    expect(changed).toHaveBeenCalled()
    rerender(<Acts of={of('disputed')} {...p} />)
    expect(screen.getByTestId('gone').textContent).toMatch(/disputed/)
    expect((screen.getByLabelText('Reason') as HTMLTextAreaElement).value).toBe('we measured it twice')
  })

  it('does not offer to send what proves nothing', () => {
    render(<Acts of={of('open')} review={{ ...review, outlook: [{ action: 'send', possible: false, why: 'nothing is proven', code: 'case-unproven' }] }} dossier={undefined} changed={() => {}} />)
    fireEvent.click(screen.getByTestId('act-send'))
    expect(screen.getByText('It cannot be sent yet. The evidence of today proves nothing bad in any cell. Measure again first.')).toBeTruthy()
    expect(document.querySelector('form')).toBeNull()
  })

  it('says in the language of the reader why a case could not be closed', () => {
    const why = (resolution: 'repaired' | 'rebutted', code: Reason['code'], params?: Reason['params']) => ({ action: 'close' as const, resolution, possible: false, why: 'English', code, params })
    language.value = 'vi'
    render(<Retest of={of('retest')} review={{ ...review, outlook: [why('repaired', 'case-not-better'), why('rebutted', 'case-coverage-not-shown', { shown: '1', cells: '3' })] }} />)
    const text = screen.getByTestId('retest').textContent
    expect(text).toMatch(/Chưa ô nào được chứng minh là đã tốt lên\. .*Mới chứng minh được có sóng ở 1 trên 3 ô; cần đủ mọi ô\./)
    expect(text).not.toMatch(/English/)
  })

  it('closes by what the evidence allows', () => {
    render(<Acts of={of('retest')} review={review} dossier={undefined} changed={() => {}} />)
    fireEvent.click(screen.getByTestId('act-close'))
    const radio = (value: string) => document.querySelector<HTMLInputElement>(`input[value=${value}]`)!
    expect([radio('rebutted').disabled, radio('restored').disabled, radio('restored').checked, radio('withdrawn').disabled]).toEqual([true, false, true, false])
    expect(document.querySelector<HTMLInputElement>('input[name=sure]')!.required).toBe(true)
  })
})

it('sends only the fields that an act has', () => {
  const form = new FormData()
  for (const [k, v] of Object.entries({ note: ' letter 12 ', answer: 'concedes', due: '2026-12-01', resolution: 'repaired', from: '2026-11-18' })) form.set(k, v)
  const strike = { cell: 'a', test: 't', reason: 'outage' as const }
  expect(bodyOf('answer', form, [strike])).toEqual({ note: 'letter 12', due: '2026-12-01T23:59:59+07:00', answer: 'concedes', strikes: [strike] })
  form.delete('due')
  expect(bodyOf('close', form, [strike])).toEqual({ note: 'letter 12', resolution: 'repaired', from: '2026-11-18' })
  expect(bodyOf('comment', form, [])).toEqual({ note: 'letter 12' })
})

it('tells the trail in the words of the page, the latest first, and shows markup as text', () => {
  const entry = (action: string, note?: string) => ({ at: '2026-11-20T03:00:00Z', actor: '<i>lan</i>', action, to: 'open' as const, note, chain: action })
  render(<Trail of={of('closed', { trail: [entry('open', '<b>hamlet 3</b>'), entry('answer: concedes'), entry('close: repaired'), entry('moved')] })} />)
  expect(screen.getAllByRole('listitem').map((li) => li.firstElementChild!.textContent)).toEqual([
    '<i>lan</i> moved', '<i>lan</i> closed the case: repaired', "<i>lan</i> recorded the operator's answer: concedes, will repair", '<i>lan</i> opened the case',
  ])
  expect(screen.getByText('<b>hamlet 3</b>')).toBeTruthy()
})

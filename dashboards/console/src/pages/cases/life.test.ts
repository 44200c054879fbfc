import { describe, expect, it, test } from 'vitest'
import { actsOf, addressOf, byUrgency, countsOf, dayIn, endOfDay, filterOf, overdueBy, resolutionsOf, stepsOf, turnOf } from './life'
import { type Case, states } from './words'

const entry = (day: number, from: Case['state'] | undefined, to: Case['state'], action = to as string): Case['trail'][number] => ({ at: `2026-11-${String(day).padStart(2, '0')}T03:00:00Z`, actor: 'lan', action, from, to, chain: `${day}${to}` })
const made = (o: Partial<Case> = {}): Case => ({ id: '45204-2026-001', operator: '45204', zones: [], cells: ['c'], areas: ['25459'], state: 'open', round: 0, overdue: false, trail: [entry(1, undefined, 'open')], ...o })
const now = Date.parse('2026-11-20T00:00:00Z')

// The table of docs/COVERAGE.md §8 and of the service, which has the last word.
test.each([
  ['open', ['send', 'close', 'comment'], ['withdrawn']],
  ['sent', ['answer', 'close', 'comment'], ['withdrawn']],
  ['answered', ['retest', 'dispute', 'close', 'comment'], ['repaired', 'restored', 'rebutted', 'withdrawn']],
  ['retest', ['close', 'dispute', 'comment'], ['repaired', 'restored', 'rebutted', 'withdrawn']],
  ['disputed', ['retest', 'send', 'answer', 'close', 'comment'], ['repaired', 'restored', 'rebutted', 'withdrawn']],
  ['closed', ['reopen', 'comment'], undefined],
] as const)('what may be done to a case that is %s', (state, acts, ends) => {
  expect(actsOf(state)).toEqual(acts)
  if (ends) expect(resolutionsOf(state)).toEqual(ends)
})

test('who has to act follows from state and answer', () => {
  expect(states.map((state) => turnOf({ state, answer: 'contests' }))).toEqual(['send', 'answer', 'decide', 'measure', 'settle', 'nobody'])
  expect(turnOf({ state: 'answered', answer: 'concedes' })).toBe('repair')
})

test('the most overdue come first, closed ones last', () => {
  const list = [
    made({ id: 'closed', state: 'closed', due: '2026-01-01T00:00:00Z' }), made({ id: 'young', trail: [entry(9, undefined, 'open')] }), made({ id: 'old' }),
    made({ id: 'soon', state: 'sent', due: '2026-11-25T00:00:00Z' }), made({ id: 'late', state: 'sent', due: '2026-11-10T00:00:00Z' }),
  ]
  expect(byUrgency(list).map((c) => c.id)).toEqual(['late', 'soon', 'old', 'young', 'closed'])
  expect(list[0]!.id).toBe('closed')
  expect(overdueBy(list[4]!, now)).toBe(10 * 86400)
  expect(overdueBy(list[3]!, now)).toBe(-5 * 86400)
  expect(overdueBy(list[0]!, now)).toBeUndefined()
  expect(countsOf(list)).toEqual({ open: 2, sent: 2, answered: 0, retest: 0, disputed: 0, closed: 1 })
})

describe('the steps', () => {
  it('show the usual way, and where it stands', () => {
    const c = made({ state: 'answered', trail: [entry(1, undefined, 'open'), entry(2, 'open', 'sent'), entry(3, 'sent', 'sent', 'comment'), entry(4, 'sent', 'answered')] })
    expect(stepsOf(c)).toEqual([
      { state: 'open', is: 'done', at: '2026-11-01T03:00:00Z' }, { state: 'sent', is: 'done', at: '2026-11-02T03:00:00Z' }, { state: 'answered', is: 'now', at: '2026-11-04T03:00:00Z' },
      { state: 'retest', is: 'ahead' }, { state: 'closed', is: 'ahead' },
    ])
  })
  it('show a dispute where there is one, and what was left out', () => {
    const c = made({ state: 'closed', trail: [entry(1, undefined, 'open'), entry(2, 'open', 'sent'), entry(4, 'sent', 'answered'), entry(5, 'answered', 'disputed'), entry(6, 'disputed', 'closed')] })
    expect(stepsOf(c).map((s) => `${s.state} ${s.is}`)).toEqual(['open done', 'sent done', 'answered done', 'retest skipped', 'disputed done', 'closed now'])
  })
  it('begin anew when a case is opened again', () => {
    const c = made({ trail: [entry(1, undefined, 'open'), entry(2, 'open', 'sent'), entry(3, 'sent', 'closed'), entry(4, 'closed', 'open')] })
    expect(stepsOf(c).map((s) => `${s.state} ${s.is}`)).toEqual(['open now', 'sent ahead', 'answered ahead', 'retest ahead', 'closed ahead'])
  })
})

test('a filter survives the address, and nonsense does not', () => {
  const f = { operator: '45204', state: 'sent' as const, area: '25459', overdue: true }
  expect(filterOf(Object.fromEntries(new URL(addressOf(f), 'http://x').searchParams))).toEqual(f)
  expect(addressOf(filterOf({ state: 'forgotten' }))).toBe('/cases')
})

test('a deadline lies at the end of a day of the province', () => {
  expect(endOfDay('2026-12-22')).toBe('2026-12-22T23:59:59+07:00')
  expect(dayIn(Date.parse('2026-11-21T18:00:00Z'), 0)).toBe('2026-11-22')
  expect(dayIn(Date.parse('2026-11-21T16:00:00Z'), 30)).toBe('2026-12-21')
})

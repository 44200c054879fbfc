import { cleanup, render, screen } from '@testing-library/preact'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { language } from '../words'
import { Bars, top } from './bars'

beforeEach(() => (language.value = 'en'))
afterEach(cleanup)

describe('the axis', () => {
  it.each([[0, 2], [1, 2], [3, 4], [5, 6], [7, 10], [41, 60], [160.2, 200], [1000, 1000]])('of %d goes to %d', (most, want) => expect(top(most)).toBe(want))
})

describe('bars', () => {
  const parts = [{ label: 'good', tone: 'good' }, { label: 'bad', tone: 'bad' }] as const
  it('say their sums to those who do not see them, and hold a table', () => {
    render(<Bars title="By hour" parts={parts} bars={[{ tick: '8', label: '8:00', parts: [3, 1] }, { tick: '9', label: '9:00', parts: [0, 2] }, { tick: '', label: '10:00', parts: [0, 0] }]} />)
    expect(screen.getByRole('img').getAttribute('aria-label')).toBe('By hour. good: 3; bad: 3')
    expect(document.querySelectorAll('tbody tr')).toHaveLength(2)
    expect(document.querySelectorAll('rect')).toHaveLength(3)
  })
  it('stand on one another', () => {
    render(<Bars title="x" parts={parts} bars={[{ tick: '', label: 'a', parts: [2, 2] }]} />)
    const [good, bad] = [...document.querySelectorAll('rect')].map((r) => Number(r.getAttribute('y')))
    expect(bad!).toBeLessThan(good!)
  })
})

import { cleanup, render, screen } from '@testing-library/preact'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { language } from '../../words'
import { areasOf } from '../alerts/useareas'
import type { Stop } from './plan'
import { needText, Stops } from './stops'

beforeEach(() => (language.value = 'en'))
afterEach(cleanup)
const further = { tests: 3, days: 1, to_covered: 3, to_gap: 9, toward: 'covered' as const }
const areas = areasOf([{ code: '25459', name: 'Tân Ninh', type: 'Phường' }])

it('says why one goes there', () => {
  expect(needText({ operator: '45204', declared: true, further: { ...further, until: 27_000, after: 50_400 } })).toBe('Viettel: lacks about 3 tests to prove “covered”, before 07:30 or after 14:00, declared as covered')
  expect(needText({ operator: '45299', further: { ...further, tests: 0 } })).toBe('45299: too near the limit')
})

it('lists the stops in their order, the cases that wait marked', () => {
  const stop = (o: Partial<Stop>): Stop => ({ cell: 'c1', area: '25459', lat: 11.2, lon: 106.1, needs: [{ operator: '45204', further }], tests: 6, residents: 1828, km_from_last: 0.4, urgency: 9, ...o })
  render(<Stops stops={[stop({ must: true }), stop({ cell: 'c2' })]} areas={areas} />)
  const rows = screen.getAllByTestId('stop').map((r) => r.textContent)
  expect(rows[0]).toMatch(/^1Tân Ninhc1.*a case waits for a re-test.*6.*1,828.*400 m/)
  expect(rows[1]).toMatch(/^2Tân Ninhc2/)
  expect(rows[1]).not.toMatch(/waits/)
  expect(screen.getAllByRole('link', { name: 'Directions' })[0]!.getAttribute('href')).toMatch(/^geo:11\.200000,106\.100000/)
})
